package io.raftkv.resp.dispatch;

import io.raftkv.resp.command.Args;
import io.raftkv.resp.command.CommandSpec;
import io.raftkv.resp.command.CommandSpec.FanOut;
import io.raftkv.resp.command.GenericCommands;
import io.raftkv.resp.command.KeySpec;
import io.raftkv.resp.command.Numbers;
import io.raftkv.resp.command.WithinSlots;
import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.Slot;
import io.raftkv.storage.SlotSet;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadLocalRandom;

/** Finds the shards of a data command and cuts it up where it concerns several. Thread-safe. */
final class Dispatcher {
  /** Takes the operations of a command, each with the shard it belongs to. */
  interface Target {
    void add(Routing.Shard shard, DataOp op);

    Executor executor();

    int database();
  }

  private final CommandSpec.Limits limits;
  private final SlotLoad load;

  /**
   * @param limits of this node's clients
   * @param load counts what they ask for
   */
  Dispatcher(CommandSpec.Limits limits, SlotLoad load) {
    this.limits = limits;
    this.load = load;
  }

  /**
   * Adds the operations of a command to the target.
   *
   * @throws CommandException if it is not admitted or cannot be routed; nothing was added then
   */
  void dispatch(CommandSpec spec, byte[][] sent, Routing table, Target target, ReplySink sink) {
    CommandSpec reader = spec.readerOf(sent);
    if (reader != null) {
      dispatch(reader, renamed(reader, sent), table, target, sink);
      return;
    }
    if (table.shards().isEmpty()) {
      throw new CommandException(RespErrors.CLUSTER_NOT_FORMED);
    }
    if (spec.fanOut() == FanOut.NONE && !isWhole(table)) {
      // Before admission: Redis, too, looks at slots before options.
      Routing.Shard owner = ownerOfAll(spec, sent, table);
      target.add(owner, op(spec, spec.admission().admit(sent, limits), table, target, sink));
      return;
    }
    byte[][] words = spec.admission().admit(sent, limits);
    switch (spec.fanOut()) {
      case BY_CURSOR -> byCursor(spec, words, table, target, sink);
      case SUM_ALL_SHARDS, CONCAT_ALL_SHARDS, ALL_OK_ALL_SHARDS, FIRST_NON_NULL ->
          toAll(spec, words, table.shards(), table, target, sink);
      case NONE, SUM_BY_KEY, JOIN_BY_KEY, ALL_OK_BY_KEY -> byKeys(spec, words, table, target, sink);
    }
  }

  /**
   * Adds what is to be done in place of an operation that was not, since its shard gives slots
   * away.
   *
   * @param shard to which it was sent
   * @param before by which it was routed
   * @param now by which it is to be routed
   * @param sink takes the reply of the whole
   * @throws CommandException if it cannot be routed any more; nothing was added then
   */
  void reroute(
      DataOp op, Routing.Shard shard, Routing before, Routing now, Target target, ReplySink sink) {
    CommandSpec spec = op.spec();
    byte[][] words = op.words();
    if (spec == GenericCommands.SCAN_UP_TO) {
      upToLastSlot(words, 2, now, target, sink);
      return;
    }
    switch (spec.fanOut()) {
      case BY_CURSOR -> byCursor(spec, words, now, target, sink);
      case SUM_ALL_SHARDS, CONCAT_ALL_SHARDS, ALL_OK_ALL_SHARDS, FIRST_NON_NULL ->
          toHeirs(op, shard, before, now, target, sink);
      case NONE, SUM_BY_KEY, JOIN_BY_KEY, ALL_OK_BY_KEY -> byKeys(spec, words, now, target, sink);
    }
  }

  /**
   * To who owns now what the shard owned before; to those who own more than that, for these slots
   * only.
   */
  private void toHeirs(
      DataOp op, Routing.Shard shard, Routing before, Routing now, Target target, ReplySink sink) {
    CommandSpec spec = op.spec();
    SlotSet slots = WithinSlots.is(spec) ? WithinSlots.slots(op.words()) : slotsOf(shard, before);
    Map<Routing.Shard, SlotSet> heirs = new LinkedHashMap<>();
    for (SlotSet.Range range : slots.ranges()) {
      for (int slot = range.first(); slot <= range.last(); slot = now.lastSlotOfRun(slot) + 1) {
        SlotSet run = SlotSet.of(slot, Math.min(range.last(), now.lastSlotOfRun(slot)));
        heirs.merge(owner(now, slot), run, SlotSet::union);
      }
    }
    boolean haveNoMore =
        heirs.entrySet().stream()
            .allMatch(heir -> heir.getValue().equals(slotsOf(heir.getKey(), now)));
    if (haveNoMore && !WithinSlots.is(spec)) {
      toAll(spec, op.words(), List.copyOf(heirs.keySet()), now, target, sink);
      return;
    }
    FanOutReply joined =
        new FanOutReply(spec.fanOut(), isWrite(spec), heirs.size(), new int[heirs.size()][], sink);
    int part = 0;
    for (Map.Entry<Routing.Shard, SlotSet> heir : heirs.entrySet()) {
      byte[][] words = WithinSlots.words(spec, op.words(), heir.getValue());
      target.add(heir.getKey(), op(WithinSlots.of(spec), words, now, target, joined.part(part++)));
    }
  }

  private static SlotSet slotsOf(Routing.Shard shard, Routing table) {
    SlotSet slots = SlotSet.EMPTY;
    for (int slot = 0; slot < Slot.COUNT; slot = table.lastSlotOfRun(slot) + 1) {
      if (shard.equals(table.shardOf(slot))) {
        slots = slots.union(SlotSet.of(slot, table.lastSlotOfRun(slot)));
      }
    }
    return slots;
  }

  /** To who has the keys, in one piece if the command wants that. */
  private void byKeys(
      CommandSpec spec, byte[][] words, Routing table, Target target, ReplySink sink) {
    if (isWhole(table)) {
      // The whole keyspace is one shard: everything is atomic, with any keys.
      target.add(table.shards().get(0), op(spec, words, table, target, sink));
    } else if (spec.fanOut() == FanOut.NONE) {
      target.add(ownerOfAll(spec, words, table), op(spec, words, table, target, sink));
    } else {
      cutByKey(spec, words, table, target, sink);
    }
  }

  /** The words as other nodes must see them: they know commands by name. */
  private static byte[][] renamed(CommandSpec spec, byte[][] words) {
    byte[][] renamed = words.clone();
    renamed[0] = spec.name().getBytes(StandardCharsets.US_ASCII);
    return renamed;
  }

  private static boolean isWrite(CommandSpec spec) {
    return spec.access() == CommandSpec.Access.WRITE;
  }

  /** True if one shard has all slots; one shard of which slots are missing is not enough. */
  private static boolean isWhole(Routing table) {
    return table.shardOf(0) != null && table.lastSlotOfRun(0) == Slot.COUNT - 1;
  }

  private DataOp op(
      CommandSpec spec, byte[][] words, Routing table, Target target, ReplySink sink) {
    load.sample(spec, words);
    return new DataOp(spec, words, target.database(), table.version(), target.executor(), sink);
  }

  /** Who has all keys of a command that is not cut up, in a cluster of several shards. */
  private static Routing.Shard ownerOfAll(CommandSpec spec, byte[][] words, Routing table) {
    Routing.Shard owner = ownerOfKeys(spec, words, table);
    if (spec.shardCheck() != null) {
      spec.shardCheck().check(new Args(words));
    }
    return owner;
  }

  private static Routing.Shard ownerOfKeys(CommandSpec spec, byte[][] words, Routing table) {
    KeySpec keys = spec.keys();
    if (keys == KeySpec.FIRST) {
      return owner(table, Slot.of(words[1]));
    }
    int slot = -1;
    for (int position : keys.positions(new Args(words))) {
      int own = Slot.of(words[position]);
      if (slot >= 0 && own != slot) {
        throw new CommandException(RespErrors.CROSS_SLOT);
      }
      slot = own;
    }
    return slot < 0 ? table.shards().get(0) : owner(table, slot);
  }

  private static Routing.Shard owner(Routing table, int slot) {
    Routing.Shard shard = table.shardOf(slot);
    if (shard == null) {
      throw new CommandException(RespErrors.slotNotServed(slot));
    }
    return shard;
  }

  private void cutByKey(
      CommandSpec spec, byte[][] words, Routing table, Target target, ReplySink sink) {
    int step = spec.keys().step();
    int[] keys = spec.keys().positions(new Args(words));
    if ((words.length - 1) % step != 0) {
      throw new CommandException(RespErrors.wrongArity(spec.name()));
    }
    Map<Routing.Shard, List<Integer>> byShard = new LinkedHashMap<>();
    for (int i = 0; i < keys.length; i++) {
      byShard
          .computeIfAbsent(owner(table, Slot.of(words[keys[i]])), shard -> new ArrayList<>())
          .add(i);
    }
    if (byShard.size() == 1) {
      // Which may stream its reply.
      target.add(byShard.keySet().iterator().next(), op(spec, words, table, target, sink));
      return;
    }
    int[][] positions = new int[byShard.size()][];
    FanOutReply joined =
        new FanOutReply(spec.fanOut(), isWrite(spec), byShard.size(), positions, sink);
    int part = 0;
    for (Map.Entry<Routing.Shard, List<Integer>> entry : byShard.entrySet()) {
      List<Integer> mine = entry.getValue();
      byte[][] partWords = new byte[1 + mine.size() * step][];
      partWords[0] = words[0];
      positions[part] = new int[mine.size()];
      for (int i = 0; i < mine.size(); i++) {
        positions[part][i] = mine.get(i);
        System.arraycopy(words, keys[mine.get(i)], partWords, 1 + i * step, step);
      }
      target.add(entry.getKey(), op(spec, partWords, table, target, joined.part(part)));
      part++;
    }
  }

  private void toAll(
      CommandSpec spec,
      byte[][] words,
      List<Routing.Shard> shards,
      Routing table,
      Target target,
      ReplySink sink) {
    int count = shards.size();
    if (count == 1) {
      target.add(shards.get(0), op(spec, words, table, target, sink)); // which may stream its reply
      return;
    }
    FanOutReply joined =
        new FanOutReply(spec.fanOut(), isWrite(spec), count, new int[count][], sink);
    int first =
        spec.fanOut() == FanOut.FIRST_NON_NULL ? ThreadLocalRandom.current().nextInt(count) : 0;
    for (int i = 0; i < count; i++) {
      target.add(shards.get((first + i) % count), op(spec, words, table, target, joined.part(i)));
    }
  }

  /** A scan goes on where its cursor is; at the end of a shard's slots the next shard is next. */
  private void byCursor(
      CommandSpec spec, byte[][] words, Routing table, Target target, ReplySink sink) {
    if (isWhole(table)) {
      target.add(table.shards().get(0), op(spec, words, table, target, sink));
    } else {
      upToLastSlot(words, 1, table, target, sink);
    }
  }

  /**
   * A scan of one shard's slots.
   *
   * @param cursor its position in the words; the rest follows it
   */
  private void upToLastSlot(
      byte[][] words, int cursor, Routing table, Target target, ReplySink sink) {
    int slot = GenericCommands.slotOfCursor(words[cursor]);
    byte[][] bounded = new byte[words.length - cursor + 2][];
    bounded[0] = GenericCommands.SCAN_UP_TO.name().getBytes(StandardCharsets.US_ASCII);
    bounded[1] = Numbers.format(table.lastSlotOfRun(slot));
    System.arraycopy(words, cursor, bounded, 2, words.length - cursor);
    target.add(owner(table, slot), op(GenericCommands.SCAN_UP_TO, bounded, table, target, sink));
  }
}
