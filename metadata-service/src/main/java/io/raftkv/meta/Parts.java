package io.raftkv.meta;

import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/** Byte forms of the values that both commands and records are made of. */
final class Parts {
  private static final int PUT_SHARD = 1;
  private static final int DROP_SHARD = 2;
  private static final int DRAIN_NODE = 3;
  private static final int REMOVE_NODE = 4;
  private static final int RENEW_ROUTING = 5;

  private Parts() {}

  static void write(ByteWriter out, NodeSpec node) {
    out.text(node.id())
        .text(node.host())
        .number(node.respPort())
        .number(node.raftPort())
        .number(node.httpPort())
        .text(node.softwareVersion())
        .number(node.incarnation());
  }

  static NodeSpec nodeSpec(ByteReader in) {
    return new NodeSpec(
        in.text(), in.text(), in.int32(), in.int32(), in.int32(), in.text(), in.number());
  }

  static void write(ByteWriter out, ShardSpec shard) {
    out.text(shard.id())
        .uuid(shard.groupId())
        .list(shard.slots(), Parts::write)
        .list(shard.replicas(), Parts::write)
        .text(shard.preferredLeader());
  }

  static ShardSpec shardSpec(ByteReader in) {
    return new ShardSpec(
        in.text(), in.uuid(), in.list(Parts::slotRange), in.list(Parts::replica), in.text());
  }

  /** First slot and length: most ranges are short numbers. */
  static void write(ByteWriter out, SlotRange range) {
    out.number(range.first()).number(range.size());
  }

  static SlotRange slotRange(ByteReader in) {
    int first = in.int32();
    long last = (long) first + in.int32() - 1;
    return new SlotRange(first, (int) Math.min(last, Integer.MAX_VALUE));
  }

  static void write(ByteWriter out, Replica replica) {
    out.text(replica.nodeId()).coded(replica.role());
  }

  static Replica replica(ByteReader in) {
    return new Replica(in.text(), in.coded(Replica.Role.values()));
  }

  static void write(ByteWriter out, RoutingChange.Move move) {
    write(out, move.range());
    out.text(move.from()).text(move.to());
  }

  static RoutingChange.Move move(ByteReader in) {
    return new RoutingChange.Move(slotRange(in), in.text(), in.text());
  }

  static void write(ByteWriter out, boolean value) {
    out.u8(value ? 1 : 0);
  }

  static boolean bool(ByteReader in) {
    int value = in.u8();
    if (value > 1) {
      throw in.unknown("presence", value);
    }
    return value == 1;
  }

  static void write(ByteWriter out, Optional<NodeState> state) {
    write(out, state.isPresent());
    state.ifPresent(out::coded);
  }

  static Optional<NodeState> optionalNodeState(ByteReader in) {
    return bool(in) ? Optional.of(in.coded(NodeState.values())) : Optional.empty();
  }

  static void write(ByteWriter out, JobInfo.Plan plan) {
    out.coded(plan.kind()).list(plan.shardIds(), ByteWriter::text);
    write(out, plan.arguments());
    out.list(plan.steps(), ByteWriter::text).number(plan.pointOfNoReturn());
  }

  static JobInfo.Plan plan(ByteReader in) {
    return new JobInfo.Plan(
        in.coded(JobKind.values()),
        in.list(ByteReader::text),
        arguments(in),
        in.list(ByteReader::text),
        in.int32());
  }

  static void write(ByteWriter out, NavigableMap<String, String> arguments) {
    out.list(
        arguments.entrySet(), (each, entry) -> each.text(entry.getKey()).text(entry.getValue()));
  }

  static NavigableMap<String, String> arguments(ByteReader in) {
    NavigableMap<String, String> arguments = new TreeMap<>();
    in.list(each -> Map.entry(each.text(), each.text()))
        .forEach(entry -> arguments.put(entry.getKey(), entry.getValue()));
    return arguments;
  }

  static void write(ByteWriter out, StateEdit edit) {
    if (edit instanceof StateEdit.PutShard put) {
      out.u8(PUT_SHARD);
      write(out, put.spec());
      out.coded(put.state()).number(put.seenVersion());
    } else if (edit instanceof StateEdit.DropShard drop) {
      out.u8(DROP_SHARD).text(drop.shardId()).number(drop.seenVersion());
    } else if (edit instanceof StateEdit.DrainNode drain) {
      out.u8(DRAIN_NODE);
      write(out, drain.draining());
    } else if (edit instanceof StateEdit.RemoveNode) {
      out.u8(REMOVE_NODE);
    } else if (edit instanceof StateEdit.RenewRouting) {
      out.u8(RENEW_ROUTING);
    } else {
      throw new IllegalStateException("no bytes for " + edit.getClass());
    }
  }

  static StateEdit edit(ByteReader in) {
    int kind = in.u8();
    return switch (kind) {
      case PUT_SHARD ->
          new StateEdit.PutShard(shardSpec(in), in.coded(ShardState.values()), in.number());
      case DROP_SHARD -> new StateEdit.DropShard(in.text(), in.number());
      case REMOVE_NODE -> new StateEdit.RemoveNode();
      case RENEW_ROUTING -> new StateEdit.RenewRouting();
      case DRAIN_NODE -> new StateEdit.DrainNode(bool(in));
      default -> throw in.unknown("edit", kind);
    };
  }

  static void write(ByteWriter out, MetaCommand.AdvanceJob.Place place) {
    out.coded(place.state()).number(place.stepIndex());
  }

  static MetaCommand.AdvanceJob.Place place(ByteReader in) {
    return new MetaCommand.AdvanceJob.Place(in.coded(JobState.values()), in.int32());
  }
}
