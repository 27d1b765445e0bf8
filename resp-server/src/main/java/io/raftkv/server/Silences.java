package io.raftkv.server;

import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * Tells nodes that are silent from those that have only missed a question: who is silent has not
 * answered so many in a row, and for so long. Thread-safe.
 */
final class Silences {
  private static final int LOOKS = 3;
  private static final long NANOS = TimeUnit.MILLISECONDS.toNanos(600);

  /** Questions in a row that a node has not answered, and when the first of them was asked. */
  private record Silence(int looks, long sinceNanos) {}

  private final Map<String, Silence> silences = new ConcurrentHashMap<>();

  void answered(String node) {
    silences.remove(node);
  }

  void missed(String node, long askedNanos) {
    silences.merge(
        node,
        new Silence(1, askedNanos),
        (before, one) -> new Silence(before.looks() + 1, before.sinceNanos()));
  }

  /** Which of these nodes are silent. */
  Set<String> among(Collection<String> nodes, long nowNanos) {
    return nodes.stream().filter(node -> isSilent(node, nowNanos)).collect(Collectors.toSet());
  }

  private boolean isSilent(String node, long nowNanos) {
    Silence silence = silences.get(node);
    return silence != null && silence.looks() >= LOOKS && nowNanos - silence.sinceNanos() >= NANOS;
  }
}
