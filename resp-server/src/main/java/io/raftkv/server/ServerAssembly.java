package io.raftkv.server;

import java.io.IOException;

/** Makes a node and starts it. */
public final class ServerAssembly {
  private ServerAssembly() {}

  /** Starts a node; it listens when this returns, and says in the log when it is ready. */
  public static RunningServer start(ServerConfig config) throws StartupException {
    DataDirectory directory = DataDirectory.open(config.node().dataDir(), config.node().id());
    Node node = null;
    boolean started = false;
    try {
      if (config.cluster().join().isPresent()) {
        directory.rememberJoining(config.cluster().join().get());
      } else if (directory.joinedBy().isPresent() && directory.clusterId().isEmpty()) {
        throw new StartupException(
            "data directory "
                + config.node().dataDir()
                + " has begun to join the cluster of "
                + directory.joinedBy().get()
                + " and was not admitted yet: start it with --join, or with an empty --data-dir");
      }
      node = new Node(config, directory);
      node.start();
      started = true;
      return node;
    } catch (IOException | RuntimeException failed) {
      String message = failed.getMessage();
      throw new StartupException(message == null ? "cannot start: " + failed : message, failed);
    } finally {
      if (!started) {
        if (node == null) {
          directory.close();
        } else {
          node.close();
        }
      }
    }
  }
}
