package io.raftkv.meta.balance;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.job.ClusterFacts;
import java.util.List;

/**
 * How evenly the cluster is loaded, and what the balancer would do about it.
 *
 * @param nodes all members, in natural order
 * @param imbalance of replicas
 * @param leaderImbalance of leaderships
 * @param next what is done next, or why nothing is
 * @param moves all moves that would be made if nothing else happened
 * @param obstacle why none of these moves is made now; empty if nothing stands against them
 */
public record BalanceReport(
    List<NodeFigures> nodes,
    Imbalance imbalance,
    Imbalance leaderImbalance,
    String next,
    List<String> moves,
    String obstacle) {
  /**
   * What a node has.
   *
   * @param nodeId the node
   * @param replicas how many
   * @param leaders shards that prefer it as their leader
   * @param bytes of its replicas: of the rows of their slots, not all that is on the disk
   * @param operations per second of the shards that prefer it: what moves with their leaderships
   */
  public record NodeFigures(
      String nodeId, int replicas, int leaders, long bytes, long operations) {}

  /**
   * How far the heaviest node is above the lightest.
   *
   * @param now the distance: bytes, where a replica counts as some more; of leaderships operations
   *     per second, where each counts as some more
   * @param threshold what a move must be worth to be made
   */
  public record Imbalance(long now, long threshold) {}

  public BalanceReport {
    nodes = List.copyOf(nodes);
    moves = List.copyOf(moves);
  }

  /**
   * The report on a cluster as it is.
   *
   * @param next as above
   * @param maxMoves no more moves than so many
   */
  public static BalanceReport of(
      ClusterState state, ClusterFacts facts, String next, int maxMoves) {
    Placement placement = Placement.of(state, facts);
    Balancer.Moves moves = Balancer.moves(state, facts, maxMoves);
    return new BalanceReport(
        placement.members().stream()
            .map(
                node ->
                    new NodeFigures(
                        node.id(),
                        node.replicas(),
                        node.leaders(),
                        (long) node.bytes(),
                        Math.round(node.operations())))
            .toList(),
        new Imbalance((long) placement.imbalance(), (long) placement.threshold()),
        new Imbalance((long) placement.leaderImbalance(), (long) placement.leaderThreshold()),
        next,
        moves.moves().stream().map(Move::text).toList(),
        moves.obstacle());
  }
}
