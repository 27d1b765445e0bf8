package io.raftkv.server;

import io.raftkv.meta.NodeInfo;
import io.raftkv.meta.NodeState;
import io.raftkv.meta.ShardInfo;
import io.raftkv.meta.SlotRange;
import io.raftkv.raft.Replica;
import io.raftkv.storage.Slot;
import io.raftkv.storage.SlotParts;
import io.raftkv.storage.SlotSet;
import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the slots at which a shard is to be split, so that its parts are alike: in bytes on the
 * disk, by the replica of its leader, or in what the clients of all nodes have asked for lately.
 * Thread-safe.
 */
final class SplitPoints {
  private static final Logger LOG = LoggerFactory.getLogger(SplitPoints.class);
  private static final long LOAD_MILLIS = 1_000;

  /** The replica flushes first. */
  private static final long SIZE_MILLIS = 30_000;

  /** Fewer keys that were looked at say nothing. */
  private static final long MIN_SAMPLES = 100;

  private final Node node;

  SplitPoints(Node node) {
    this.node = node;
  }

  /**
   * The first slot of each part but the lowest one, ascending; empty if it cannot be told. Fails if
   * nobody answers.
   *
   * @param shard with as many slots at least
   * @param parts two at least
   */
  CompletableFuture<List<Integer>> find(ShardInfo shard, int parts, NodeStatus.SplitBy by) {
    return switch (by) {
      case LOAD -> byLoad(slots(shard), parts);
      case SIZE -> bySize(shard, parts);
    };
  }

  private static SlotSet slots(ShardInfo shard) {
    return SlotSet.parse(SlotRange.format(shard.slots()));
  }

  private CompletableFuture<List<Integer>> bySize(ShardInfo shard, int parts) {
    String leader = node.shards().leader(shard.groupId());
    String asked = leader == null ? shard.voters().iterator().next() : leader;
    return FactsInquiry.call(
            node,
            asked,
            ControlRequests.partStarts(
                new ControlRequests.PartStarts(shard.groupId(), shard.slots(), parts)))
        .orTimeout(SIZE_MILLIS, TimeUnit.MILLISECONDS)
        .thenApply(SplitPoints::decodeStarts);
  }

  private CompletableFuture<List<Integer>> byLoad(SlotSet slots, int parts) {
    List<CompletableFuture<int[]>> answers = new ArrayList<>();
    for (NodeInfo other : node.metadata().state().nodes().values()) {
      if (other.state() != NodeState.REMOVED) {
        answers.add(loadOf(other.id()));
      }
    }
    return CompletableFuture.allOf(answers.toArray(CompletableFuture[]::new))
        .thenApply(
            all -> starts(slots, parts, answers.stream().map(CompletableFuture::join).toList()));
  }

  /** Nothing if the node does not answer: what it says is for a guess only. */
  private CompletableFuture<int[]> loadOf(String nodeId) {
    return FactsInquiry.call(node, nodeId, ControlRequests.slotLoad())
        .orTimeout(LOAD_MILLIS, TimeUnit.MILLISECONDS)
        .thenApply(SplitPoints::decodeLoad)
        .exceptionally(
            silent -> {
              LOG.debug("no load figures from node={}", nodeId, silent);
              return new int[Slot.COUNT];
            });
  }

  private static List<Integer> starts(SlotSet slots, int parts, List<int[]> loads) {
    long[] upTo = new long[Slot.COUNT];
    long sum = 0;
    for (int slot = 0; slot < Slot.COUNT; slot++) {
      int one = slot;
      if (slots.contains(slot)) {
        sum += loads.stream().mapToLong(load -> load[one]).sum();
      }
      upTo[slot] = sum;
    }
    return sum < MIN_SAMPLES ? List.of() : SlotParts.starts(slots, parts, slot -> upTo[slot]);
  }

  /** What this node answers to the request for parts; asks the disk. */
  static byte[] encodeStarts(Replica replica, ControlRequests.PartStarts asked) {
    SlotSet slots = SlotSet.parse(SlotRange.format(asked.slots()));
    List<Integer> starts =
        replica == null ? null : replica.withStore(store -> store.partStarts(slots, asked.parts()));
    if (starts == null) {
      throw new IllegalStateException("it has no store of this group");
    }
    ByteBuffer out = ByteBuffer.allocate(starts.size() * Integer.BYTES);
    starts.forEach(out::putInt);
    return out.array();
  }

  private static List<Integer> decodeStarts(byte[] answer) {
    IntBuffer in = ByteBuffer.wrap(answer).asIntBuffer();
    int[] starts = new int[in.remaining()];
    in.get(starts);
    return Arrays.stream(starts).boxed().toList();
  }

  /** {@code { slot:2 count:4 }} of the slots that were used. */
  static byte[] encodeLoad(int[] counts) {
    int used = (int) Arrays.stream(counts).filter(count -> count > 0).count();
    ByteBuffer out = ByteBuffer.allocate(used * (Short.BYTES + Integer.BYTES));
    for (int slot = 0; slot < counts.length; slot++) {
      if (counts[slot] > 0) {
        out.putShort((short) slot).putInt(counts[slot]);
      }
    }
    return out.array();
  }

  private static int[] decodeLoad(byte[] answer) {
    ByteBuffer in = ByteBuffer.wrap(answer);
    int[] counts = new int[Slot.COUNT];
    while (in.hasRemaining()) {
      int slot = in.getShort();
      counts[slot] = in.getInt();
    }
    return counts;
  }
}
