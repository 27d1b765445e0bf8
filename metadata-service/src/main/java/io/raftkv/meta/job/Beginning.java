package io.raftkv.meta.job;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * How far nodes are with the replicas that new groups begin with, which they make of their cuts;
 * each node one of each group. Who is not there when they begin is in none of them.
 *
 * @param voters of the groups that were cut
 * @param seeded those that have made their replicas
 * @param busy those that are making them
 * @param unasked those that have all cuts
 * @param uncut those that have not come to where all are made
 * @param unheard those that may answer at the next look
 * @param failed those that could not make their replicas, each with why
 */
record Beginning(
    List<String> voters,
    List<String> seeded,
    List<String> busy,
    List<String> unasked,
    List<String> uncut,
    List<String> unheard,
    List<String> failed) {

  /**
   * How far they are.
   *
   * @param children the new groups; the cuts are for the first one
   * @param groups of which all cuts are needed
   */
  static Beginning of(Scene scene, List<UUID> children, List<String> voters, List<UUID> groups) {
    UUID first = children.get(0);
    Beginning all =
        new Beginning(
            voters,
            new ArrayList<>(),
            new ArrayList<>(),
            new ArrayList<>(),
            new ArrayList<>(),
            new ArrayList<>(),
            new ArrayList<>());
    ClusterFacts facts = scene.facts();
    for (String node : voters) {
      if (children.stream().allMatch(child -> facts.replica(node, child).isPresent())) {
        all.seeded.add(node);
      } else if (facts.isSeeding(node, first)) {
        all.busy.add(node);
      } else if (facts.unseeded(node, first).isPresent()) {
        all.failed.add("node " + node + ": " + facts.unseeded(node, first).get());
      } else if (facts.hasCuts(node, first, groups)) {
        all.unasked.add(node);
      } else if (groups.stream().allMatch(group -> isOpen(facts, node, group))) {
        all.uncut.add(node);
      } else if (scene.mayAnswer(node)) {
        all.unheard.add(node);
      }
    }
    return all;
  }

  private static boolean isOpen(ClusterFacts facts, String node, UUID group) {
    return facts.replica(node, group).filter(ClusterFacts.ReplicaFacts::open).isPresent();
  }

  /** Whether some have only to make their replicas. */
  boolean hasAllCuts() {
    return !busy.isEmpty() || !unasked.isEmpty();
  }

  /**
   * Whether the groups are to begin with those that are there.
   *
   * @param waitedMillis for how long clients have been waiting
   * @param cutMillis how long those are waited for that lack a cut
   * @param seedMillis how long those that have only to make their replicas, or may be making them
   */
  boolean mayBegin(long waitedMillis, long cutMillis, long seedMillis) {
    boolean majority = 2 * seeded.size() > voters.size();
    boolean making = hasAllCuts() || !unheard.isEmpty();
    boolean complete = !making && uncut.isEmpty();
    return majority && (complete || waitedMillis >= (making ? seedMillis : cutMillis));
  }

  /** Why there cannot be a majority any more, if nodes have failed to make their replicas. */
  Optional<String> failure() {
    return 2 * (voters.size() - failed.size()) > voters.size()
        ? Optional.empty()
        : failed.stream().findFirst();
  }

  /** Has those make their replicas that have not been asked. */
  JobAction seeds(List<UUID> children, List<UUID> groups) {
    return new JobAction.Together(
        unasked.stream()
            .<JobAction>map(node -> new JobAction.Seed(node, children, groups))
            .toList());
  }

  /**
   * What is waited for, if it is one node.
   *
   * @param where what nodes have to come to
   */
  Optional<String> obstacle(String where) {
    if (!uncut.isEmpty()) {
      return Optional.of("node " + uncut.get(0) + " has not come to where " + where);
    }
    if (!busy.isEmpty()) {
      return Optional.of("node " + busy.get(0) + " is making its replica");
    }
    return unheard.isEmpty()
        ? Optional.empty()
        : Optional.of("node " + unheard.get(0) + " does not answer");
  }
}
