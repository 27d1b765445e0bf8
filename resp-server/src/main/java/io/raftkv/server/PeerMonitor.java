package io.raftkv.server;

import io.raftkv.shard.PeerTransport;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Heartbeats between nodes: who was heard of when, where it wants its clients, and how far this
 * node's clock is from the others'. Thread-safe.
 *
 * <p>All clocks, this node's included, are compared with one that cannot jump: the steady time,
 * which counts from the start of the process. So a jump of this node's clock is seen by the first
 * stamp after it, not by the next heartbeat.
 */
final class PeerMonitor {
  private static final Logger LOG = LoggerFactory.getLogger(PeerMonitor.class);

  /** This node as one of its cluster. */
  interface Membership {
    /** What it says of itself; another one at each call. */
    ControlRequests.Greeting greeting();

    /**
     * A node of the same cluster knows that this one is no part of it any more.
     *
     * @param by that node
     */
    void removed(String by);
  }

  private final String self;
  private final PeerTransport transport;
  private final Membership membership;
  private final long skewLimitMillis;
  private final LongSupplier clock;
  private final LongSupplier nanoClock;
  private final long startNanos;
  private final Map<String, Long> lastHeard = new ConcurrentHashMap<>();
  private final Map<String, Optional<String>> announcedHosts = new ConcurrentHashMap<>();

  /**
   * Clocks of the other nodes, less the steady time. One that is away still counts, as it was: both
   * go on at the same pace. Without it two would be left, of which neither is the majority, and a
   * clock that is known to be wrong would be believed again.
   */
  private final Map<String, Long> offsets = new ConcurrentHashMap<>();

  /** The median of all clocks, less the steady time; null without a majority to go by. */
  private volatile Long medianOffset;

  private boolean strayed;

  /**
   * @param clock milliseconds since the epoch
   * @param nanoClock as {@link System#nanoTime}
   */
  PeerMonitor(
      String self,
      PeerTransport transport,
      Membership membership,
      long skewLimitMillis,
      LongSupplier clock,
      LongSupplier nanoClock) {
    this.self = self;
    this.transport = transport;
    this.membership = membership;
    this.skewLimitMillis = skewLimitMillis;
    this.clock = clock;
    this.nanoClock = nanoClock;
    this.startNanos = nanoClock.getAsLong();
  }

  /** When each node was last heard of, by {@link System#nanoTime}; this node is always heard. */
  Map<String, Long> lastHeard() {
    lastHeard.put(self, nanoClock.getAsLong());
    return lastHeard;
  }

  /** What a node wanted clients to be told as its host when it was last heard of, if anything. */
  Optional<String> announcedHost(String nodeId) {
    return announcedHosts.getOrDefault(nodeId, Optional.empty());
  }

  /**
   * The time for stamps: this node's clock, or the majority's while this one strays from it by more
   * than the limit.
   */
  long stampMillis() {
    long own = clock.getAsLong();
    Long median = medianOffset;
    if (median == null) {
      return own;
    }
    long majority = steadyMillis() + median;
    return Math.abs(own - majority) > skewLimitMillis ? majority : own;
  }

  private long steadyMillis() {
    return TimeUnit.NANOSECONDS.toMillis(nanoClock.getAsLong() - startNanos);
  }

  /** Sends a heartbeat to these nodes; to be called every second or so, by one thread. */
  void beat(Collection<String> nodes) {
    offsets.keySet().retainAll(nodes);
    for (String node : nodes) {
      if (!node.equals(self)) {
        beat(node);
      }
    }
    judgeClock();
  }

  private void beat(String node) {
    long sentAt = steadyMillis();
    ControlRequests.Greeting greeting = membership.greeting();
    transport
        .call(node, PeerTransport.Kind.CONTROL, ControlRequests.heartbeat(greeting))
        .whenComplete(
            (answer, lost) -> {
              if (lost != null) {
                LOG.debug("no heartbeat from peer={}", node, lost);
                return;
              }
              long roundTrip = steadyMillis() - sentAt;
              ControlRequests.Heartbeat heard = ControlRequests.decodeHeartbeat(answer);
              boolean both = !heard.clusterId().isEmpty() && !greeting.clusterId().isEmpty();
              if (both && !heard.clusterId().equals(greeting.clusterId())) {
                LOG.debug("peer={} is of cluster {}", node, heard.clusterId());
                return; // nothing that it says is about this one
              }
              if (both && heard.removed()) {
                membership.removed(node);
              }
              lastHeard.put(node, nanoClock.getAsLong());
              announcedHosts.put(node, heard.clientHost());
              if (roundTrip < skewLimitMillis) {
                offsets.put(node, heard.clockMillis() - sentAt - roundTrip / 2);
              }
            });
  }

  /** The median of all clocks, ours included, is within the skew of any majority that agrees. */
  private void judgeClock() {
    List<Long> all = new ArrayList<>(offsets.values());
    long own = clock.getAsLong() - steadyMillis();
    all.add(own);
    Collections.sort(all);
    Long median = all.size() > 2 ? all.get((all.size() - 1) / 2) : null;
    medianOffset = median;
    boolean strays = median != null && Math.abs(own - median) > skewLimitMillis;
    if (strays && !strayed) {
      LOG.warn("clock is {} ms off the other nodes'; stamping by theirs", own - median);
    } else if (strayed && !strays) {
      LOG.info("clock agrees with the other nodes' again");
    }
    strayed = strays;
  }
}
