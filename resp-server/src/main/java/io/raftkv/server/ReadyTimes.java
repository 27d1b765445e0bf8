package io.raftkv.server;

import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * Since when this process and its replicas can be relied on, as those must that are to lead. A
 * process that has just started runs slowly, and its replicas still apply what is in their logs;
 * one whose replica was ready before and is so again may fall behind once more. A replica that is
 * new to a process that has been serving for a while is relied on at once. Thread-safe.
 */
final class ReadyTimes {
  /** How long that is; a node that restarts gets its leaderships back that much later. */
  static final Duration SETTLED = Duration.ofSeconds(3);

  private final Set<UUID> ready = new HashSet<>();

  /** When those that were ready before were last seen not to be. */
  private final Map<UUID, Long> relapsedNanos = new HashMap<>();

  /** Since when there has been a replica that is ready; null before. */
  private Long servingNanos;

  /** To be called a few times per second for each replica. */
  synchronized void note(UUID group, boolean isReady, long nowNanos) {
    if (isReady) {
      ready.add(group);
      servingNanos = servingNanos == null ? Long.valueOf(nowNanos) : servingNanos;
    } else if (ready.contains(group)) {
      relapsedNanos.put(group, nowNanos);
    }
  }

  /** Why a replica that is ready now is not relied on yet; empty if it is. */
  synchronized Optional<String> unsettled(UUID group, long nowNanos) {
    if (servingNanos == null || nowNanos - servingNanos < SETTLED.toNanos()) {
      return Optional.of("its process has just started");
    }
    Long relapsed = relapsedNanos.get(group);
    return relapsed != null && nowNanos - relapsed < SETTLED.toNanos()
        ? Optional.of("its replica was not ready a moment ago")
        : Optional.empty();
  }

  /** This node has no replica of a group any more. */
  synchronized void forget(UUID group) {
    ready.remove(group);
    relapsedNanos.remove(group);
  }
}
