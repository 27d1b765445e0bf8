package io.raftkv.resp.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.KeyScan;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.Slot;
import io.raftkv.storage.SlotSet;
import io.raftkv.storage.row.KeyRows;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Commands that walk over all keys of a database. */
final class KeyWalks {
  private static final int LAST_SLOT = Slot.COUNT - 1;
  private static final long DEFAULT_COUNT = 10;

  private KeyWalks() {}

  /**
   * What one call of SCAN answers.
   *
   * @param cursor where the next call begins, a position of {@link KeyScan}; 0 behind the last slot
   * @param keys the keys found
   */
  record Page(long cursor, List<byte[]> keys) {
    Reply reply() {
      return Reply.array(Reply.bulk(Long.toUnsignedString(cursor)), Reply.bulks(keys));
    }
  }

  static Reply scan(Args args, Keyspace keys) {
    return scan(args, keys, LAST_SLOT).reply();
  }

  /**
   * SCAN on one of several shards: ends behind {@code lastSlot}, and its cursor then is the next
   * slot's first position, which another shard may own. Keys that are elsewhere by now must not be
   * passed over, so it needs all slots up to there.
   */
  static Page scan(Args args, Keyspace keys, int lastSlot) {
    long from = position(args.bytes(1));
    ScanOptions options = ScanOptions.of(args);
    if (from >= KeyScan.END) { // valid for Redis, too: there is nothing behind the end
      return new Page(0, List.of());
    }
    int firstSlot = (int) (from >>> KeyRows.HASH_BITS);
    if (firstSlot <= lastSlot) {
      keys.requireSlots(firstSlot, lastSlot);
    }
    List<byte[]> found = new ArrayList<>();
    long[] seen = {0};
    long next =
        KeyScan.walk(
            keys,
            from,
            lastSlot,
            (row, header) -> {
              if (KeyScan.isLive(keys, header) && options.hasType(header.type().redisName())) {
                byte[] key = KeyRows.keyOf(row);
                if (options.pattern().matches(key)) {
                  found.add(key);
                }
              }
              return ++seen[0] < options.count();
            });
    return new Page(next >= KeyScan.END ? 0 : next, found);
  }

  /** The position in a cursor; one too large is the end. */
  static long position(byte[] cursor) {
    long value = Numbers.parseCursor(cursor);
    return value < 0 ? KeyScan.END : value;
  }

  private record ScanOptions(Glob pattern, long count, String type) {
    static ScanOptions of(Args args) {
      Glob pattern = new Glob(new byte[] {'*'});
      long count = DEFAULT_COUNT;
      String type = null;
      for (int i = 2; i < args.size(); i += 2) {
        boolean hasValue = i + 1 < args.size();
        if (hasValue && args.is(i, "COUNT")) {
          count = args.int64(i + 1);
          if (count < 1) {
            throw new CommandException(RespErrors.SYNTAX);
          }
        } else if (hasValue && args.is(i, "MATCH")) {
          pattern = new Glob(args.bytes(i + 1));
        } else if (hasValue && args.is(i, "TYPE")) {
          type = args.text(i + 1).toLowerCase(Locale.ROOT);
        } else if (args.is(i, "NOVALUES")) {
          throw new CommandException(RespErrors.ONLY_HSCAN_NOVALUES);
        } else {
          throw new CommandException(RespErrors.SYNTAX);
        }
      }
      return new ScanOptions(pattern, count, type);
    }

    boolean hasType(String name) {
      return type == null || type.equals(name);
    }
  }

  static Reply randomKey(Args args, Keyspace keys) {
    return Reply.bulkOrNull(KeyScan.random(keys));
  }

  /** A key of some slots, whichever; unlike RANDOMKEY, which has to be fair. */
  static Reply anyKey(Keyspace keys, SlotSet slots) {
    byte[][] found = new byte[1][];
    for (SlotSet.Range range : slots.ranges()) {
      KeyScan.live(
          keys,
          KeyScan.position(range.first(), 0),
          range.last(),
          (row, header) -> {
            found[0] = KeyRows.keyOf(row);
            return false;
          });
      if (found[0] != null) {
        break;
      }
    }
    return Reply.bulkOrNull(found[0]);
  }

  static Reply dbSize(Args args, Keyspace keys) {
    return Reply.integer(keys.rows().keys(keys.home()));
  }

  /** How many keys some slots have. */
  static Reply dbSize(Keyspace keys, SlotSet slots) {
    long size = 0;
    for (SlotSet.Range range : slots.ranges()) {
      for (int slot = range.first(); slot <= range.last(); slot++) {
        size += keys.rows().keysInSlot(slot, keys.home());
      }
    }
    return Reply.integer(size);
  }
}
