package io.raftkv.server;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Stops parts one after the other, whatever becomes of one of them. */
final class StopSequence {
  private static final Logger LOG = LoggerFactory.getLogger(StopSequence.class);

  /**
   * Stops a part.
   *
   * @param part null if it was not made before the start failed: then there is nothing to stop
   */
  StopSequence then(String name, Object part, PeriodicTask.Action stop) {
    if (part != null) {
      try {
        stop.run();
      } catch (Exception failed) {
        LOG.error("stopping the {} failed; going on", name, failed);
      }
    }
    return this;
  }
}
