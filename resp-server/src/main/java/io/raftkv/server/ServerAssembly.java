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
      node = new Node(config, directory);
      node.start();
      started = true;
      return node;
    } catch (IOException | RuntimeException failed) {
      throw new StartupException(failed.getMessage(), failed);
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
