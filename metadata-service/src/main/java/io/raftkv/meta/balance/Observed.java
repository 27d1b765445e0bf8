package io.raftkv.meta.balance;

import java.util.Map;
import java.util.Set;

/**
 * What somebody has seen who looked at the cluster again and again: how long things have been as
 * they are. All times are in milliseconds, and begin with the first look at the earliest.
 *
 * @param quietMillis since the last job ended that nobody had asked for
 * @param offlineMillis of nodes that are offline: since when without a break
 * @param restMillis of shards: since the last job on it ended that nobody had asked for; none if
 *     there was none
 * @param largeMillis of shards that are large enough to be split: since when without a break
 * @param busyMillis of shards that are busy enough to be split: since when without a break
 * @param stuckMillis of jobs that nobody asked for: since when they have come no further
 * @param fresh moves that have not been worth making for long enough yet
 * @param smallMillis of shards that are small enough to be merged: since when without a break
 */
public record Observed(
    long quietMillis,
    Map<String, Long> offlineMillis,
    Map<String, Long> restMillis,
    Map<String, Long> largeMillis,
    Map<String, Long> busyMillis,
    Map<String, Long> stuckMillis,
    Set<Way> fresh,
    Map<Neighbours, Long> smallMillis) {
  /** Of somebody who has not looked, since there was nothing to look at. */
  public static final Observed NOTHING =
      new Observed(Long.MAX_VALUE, Map.of(), Map.of(), Map.of(), Map.of(), Map.of());

  /** Of somebody to whom all moves have been worth making for long, and no shards are small. */
  Observed(
      long quietMillis,
      Map<String, Long> offlineMillis,
      Map<String, Long> restMillis,
      Map<String, Long> largeMillis,
      Map<String, Long> busyMillis,
      Map<String, Long> stuckMillis) {
    this(
        quietMillis,
        offlineMillis,
        restMillis,
        largeMillis,
        busyMillis,
        stuckMillis,
        Set.of(),
        Map.of());
  }

  public Observed {
    offlineMillis = Map.copyOf(offlineMillis);
    restMillis = Map.copyOf(restMillis);
    largeMillis = Map.copyOf(largeMillis);
    busyMillis = Map.copyOf(busyMillis);
    stuckMillis = Map.copyOf(stuckMillis);
    fresh = Set.copyOf(fresh);
    smallMillis = Map.copyOf(smallMillis);
  }
}
