package io.raftkv.shard;

import java.util.function.BiConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What is done when a future is. */
public final class Completion {
  private static final Logger LOG = LoggerFactory.getLogger(Completion.class);

  private Completion() {}

  /**
   * For {@code whenComplete} where nobody looks at the future that it returns: a fault of the
   * action would end up there, unseen. This says it in the log first.
   */
  public static <T> BiConsumer<T, Throwable> loggingFaults(
      String what, BiConsumer<? super T, ? super Throwable> action) {
    return (result, failure) -> {
      try {
        action.accept(result, failure);
      } catch (RuntimeException | Error fault) {
        LOG.error("the outcome of {} could not be taken", what, fault);
        throw fault;
      }
    };
  }
}
