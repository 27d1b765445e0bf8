package io.raftkv.server;

/** Makes a node of its configuration. */
@FunctionalInterface
public interface ServerFactory {
  /**
   * Returns when the node listens.
   *
   * @throws StartupException if it cannot start; nothing of it is left running
   */
  RunningServer start(ServerConfig config) throws StartupException;
}
