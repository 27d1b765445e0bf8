package io.raftkv.it.cluster;

import java.io.IOException;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Free TCP ports below the range the kernel takes outgoing connections from: a client's own port
 * must never occupy the port of a node that is down for a moment.
 */
public final class Ports {
  private static final int LOWEST = 20_000;
  private static final int HIGHEST = 32_000;
  private static final int MAX_ATTEMPTS = 1_000;
  private static final Set<Integer> TAKEN = new HashSet<>();

  private Ports() {}

  /** A port that nothing listens on and that this process has not handed out before. */
  static synchronized int next() {
    Random random = new Random(System.nanoTime() ^ ProcessHandle.current().pid());
    for (int attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      int port = LOWEST + random.nextInt(HIGHEST - LOWEST);
      if (!TAKEN.contains(port) && isFree(port)) {
        TAKEN.add(port);
        return port;
      }
    }
    throw new IllegalStateException("no free port found");
  }

  /**
   * A port as {@link #next} gives, so low that ports some thousands above it are below the kernel's
   * range, too: all of them are free.
   *
   * @param above how far above it further ports are wanted
   */
  public static synchronized int nextWith(int... above) {
    Random random = new Random(System.nanoTime() ^ ProcessHandle.current().pid());
    for (int attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      int first = LOWEST / 2 + random.nextInt(LOWEST / 2);
      List<Integer> all = new ArrayList<>(List.of(first));
      IntStream.of(above).forEach(distance -> all.add(first + distance));
      if (all.stream().allMatch(port -> !TAKEN.contains(port) && isFree(port))) {
        TAKEN.addAll(all);
        return first;
      }
    }
    throw new IllegalStateException("no free ports found");
  }

  private static boolean isFree(int port) {
    try (ServerSocket probe = new ServerSocket(port)) {
      return probe.isBound();
    } catch (IOException taken) {
      return false;
    }
  }
}
