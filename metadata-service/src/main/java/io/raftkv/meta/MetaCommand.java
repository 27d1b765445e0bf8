package io.raftkv.meta;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * A change that somebody proposes to the metadata group. What is wrong in itself is refused by the
 * constructors, before the log; what is wrong against the state is refused by {@link MetaApplier}.
 */
public sealed interface MetaCommand {
  /** Nodes that a cluster may ever have known. */
  int MAX_NODES = 1_000;

  /**
   * Founds the cluster. Every founding node proposes it at start; the first one that is applied
   * counts, the others change nothing.
   *
   * @param clusterId unique name of the cluster, 1 to 64 characters
   * @param nodes founding nodes
   * @param shards first shards
   * @param metadataVoters which nodes vote in the metadata group
   */
  record Bootstrap(
      String clusterId, List<NodeSpec> nodes, List<ShardSpec> shards, List<String> metadataVoters)
      implements MetaCommand {
    private static final int MAX_CLUSTER_ID = 64;

    public Bootstrap {
      nodes = List.copyOf(nodes);
      shards = List.copyOf(shards);
      metadataVoters = List.copyOf(metadataVoters);
      if (clusterId.isBlank() || clusterId.length() > MAX_CLUSTER_ID) {
        throw new IllegalArgumentException("cluster id '" + clusterId + "' is empty or too long");
      }
      Set<String> members = checkNodes(nodes);
      checkShards(shards, members);
      if (metadataVoters.isEmpty()
          || new HashSet<>(metadataVoters).size() != metadataVoters.size()
          || !members.containsAll(metadataVoters)) {
        throw new IllegalArgumentException(
            "metadata voters must be different founding nodes: " + metadataVoters);
      }
    }

    private static Set<String> checkNodes(List<NodeSpec> nodes) {
      if (nodes.isEmpty() || nodes.size() > MAX_NODES) {
        throw new IllegalArgumentException("a cluster of " + nodes.size() + " nodes");
      }
      Set<String> ids = new HashSet<>();
      Set<String> addresses = new HashSet<>();
      for (NodeSpec node : nodes) {
        if (!ids.add(node.id())) {
          throw new IllegalArgumentException("node " + node.id() + " is named twice");
        }
        if (!addresses.add("RESP " + node.host() + ' ' + node.respPort())
            || !addresses.add("Raft " + node.host() + ' ' + node.raftPort())) {
          throw new IllegalArgumentException(
              "node " + node.id() + " has a port of another node on " + node.host());
        }
      }
      return ids;
    }

    private static void checkShards(List<ShardSpec> shards, Set<String> members) {
      if (shards.isEmpty()) {
        throw new IllegalArgumentException("a cluster without shards");
      }
      Set<Object> ids = new HashSet<>();
      List<SlotRange> slots = new ArrayList<>();
      for (ShardSpec shard : shards) {
        if (!ids.add(shard.id()) || !ids.add(shard.groupId())) {
          throw new IllegalArgumentException(
              "shard " + shard.id() + " or its group is named twice");
        }
        for (Replica replica : shard.replicas()) {
          if (!members.contains(replica.nodeId())) {
            throw new IllegalArgumentException(
                "shard " + shard.id() + " has a replica on the unknown node " + replica.nodeId());
          }
        }
        slots.addAll(shard.slots());
      }
      SlotRange.normalize(slots);
    }
  }

  /**
   * A node has started, for the first time or again.
   *
   * @param node what it says of itself; its incarnation is at least 1
   */
  record RegisterNode(NodeSpec node) implements MetaCommand {
    public RegisterNode {
      if (node.incarnation() < 1) {
        throw new IllegalArgumentException("node " + node.id() + " starts without an incarnation");
      }
    }
  }

  /**
   * A node with an empty data directory asks to become one of the cluster. To ask again is safe.
   *
   * @param node what it says of itself; its incarnation is at least 1
   */
  record JoinNode(NodeSpec node) implements MetaCommand {
    public JoinNode {
      if (node.incarnation() < 1) {
        throw new IllegalArgumentException("node " + node.id() + " joins without an incarnation");
      }
    }
  }

  /**
   * Judges a node.
   *
   * @param nodeId which
   * @param expected the state it must be in for the command to count, or empty for any; so that a
   *     decision from old knowledge does not undo a newer one
   * @param next what is made of it: ONLINE, which for one that is draining means DRAINING,
   *     UNHEALTHY or OFFLINE
   * @param reason for people reading the history
   */
  record SetNodeState(String nodeId, Optional<NodeState> expected, NodeState next, String reason)
      implements MetaCommand {
    private static final int MAX_REASON = 1_000;

    public SetNodeState {
      Ids.requireNodeId(nodeId);
      Objects.requireNonNull(expected, "expected");
      if (next == NodeState.JOINING) {
        throw new IllegalArgumentException("a node joins by registering");
      }
      if (reason.length() > MAX_REASON) {
        throw new IllegalArgumentException("reason of " + reason.length() + " characters");
      }
    }
  }

  /**
   * A node is not to become empty any more, nor stay so: what has gone from it does not come back,
   * but it may have replicas again. A job that empties it is undone.
   *
   * @param nodeId which
   */
  record ResumeNode(String nodeId) implements MetaCommand {
    public ResumeNode {
      Ids.requireNodeId(nodeId);
    }
  }

  /**
   * Notes who votes in the metadata group, or is about to. Proposed by its leader, before it gives
   * a vote, and after it has taken one.
   *
   * @param expected what must be noted for the command to count
   * @param next what is to be noted; members of the cluster
   */
  record SetMetadataVoters(List<String> expected, List<String> next) implements MetaCommand {
    public SetMetadataVoters {
      expected = List.copyOf(expected);
      next = List.copyOf(next);
      if (next.isEmpty() || next.size() > MAX_NODES || new HashSet<>(next).size() != next.size()) {
        throw new IllegalArgumentException("metadata voters must be different nodes: " + next);
      }
    }
  }

  /**
   * Says what the cluster does by itself. A job that has begun goes on.
   *
   * @param next what
   */
  record SetBalancing(Balancing next) implements MetaCommand {
    public SetBalancing {
      Objects.requireNonNull(next, "next");
    }
  }

  /**
   * Begins a job.
   *
   * @param plan what it is to achieve; neither its shards nor its node may belong to another job
   * @param edits what beginning it changes, of its own shards and node only
   */
  record StartJob(JobInfo.Plan plan, List<StateEdit> edits) implements MetaCommand {
    public StartJob {
      Objects.requireNonNull(plan, "plan");
      edits = List.copyOf(edits);
    }
  }

  /**
   * Takes a job further, or says how far a step has come. It counts only if the job still is where
   * its proposer saw it: of two leaders that drive the same job, each step is taken by one.
   *
   * @param jobId which
   * @param seen where the job must be
   * @param next where it shall be
   * @param arguments what the step has found out, added to the plan's
   * @param edits what the step changes, of the job's own shards and node only
   */
  record AdvanceJob(
      String jobId,
      Place seen,
      Progress next,
      NavigableMap<String, String> arguments,
      List<StateEdit> edits)
      implements MetaCommand {
    /**
     * Where a job is.
     *
     * @param state how far it is
     * @param stepIndex the step being taken
     */
    public record Place(JobState state, int stepIndex) {
      public Place {
        Objects.requireNonNull(state, "state");
      }

      /** Where a job is now. */
      public static Place of(JobInfo job) {
        return new Place(job.state(), job.stepIndex());
      }
    }

    /**
     * Where a job shall be.
     *
     * @param place how far
     * @param bytesDone as in {@link JobInfo}
     * @param bytesTotal as in {@link JobInfo}
     * @param note as in {@link JobInfo}
     */
    public record Progress(Place place, long bytesDone, long bytesTotal, String note) {
      public Progress {
        Objects.requireNonNull(place, "place");
        note = JobInfo.limited(note);
      }
    }

    public AdvanceJob {
      Ids.jobNumber(jobId);
      Objects.requireNonNull(seen, "seen");
      Objects.requireNonNull(next, "next");
      arguments = Collections.unmodifiableNavigableMap(new TreeMap<>(arguments));
      edits = List.copyOf(edits);
    }
  }

  /**
   * Has a job undone, unless it is beyond its point of no return.
   *
   * @param jobId which
   */
  record CancelJob(String jobId) implements MetaCommand {
    public CancelJob {
      Ids.jobNumber(jobId);
    }
  }
}
