package io.raftkv.server;

import java.util.concurrent.CompletionStage;

/** A node that has started. Thread-safe. */
public interface RunningServer extends AutoCloseable {
  /** One line for the log: where the node listens and what it holds. */
  String describe();

  /**
   * Completes when the node has stopped: normally after {@link #close}, exceptionally if a fault
   * stopped it.
   */
  CompletionStage<Void> terminated();

  /** Stops the node in order and returns when it is done. A second call does nothing. */
  @Override
  void close();
}
