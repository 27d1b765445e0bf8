package io.raftkv.it.cluster;

import java.io.IOException;
import java.net.ServerSocket;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;

/**
 * Free TCP ports below the range the kernel takes outgoing connections from: a client's own port
 * must never occupy the port of a node that is down for a moment.
 */
final class Ports {
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

  private static boolean isFree(int port) {
    try (ServerSocket probe = new ServerSocket(port)) {
      return probe.isBound();
    } catch (IOException taken) {
      return false;
    }
  }
}
