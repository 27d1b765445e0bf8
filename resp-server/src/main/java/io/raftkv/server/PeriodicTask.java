package io.raftkv.server;

import java.io.InterruptedIOException;
import java.nio.channels.ClosedByInterruptException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Something done again and again, which goes on at its next turn when it fails. A failure that
 * lasts is told in the log once a minute, not at every turn. For one thread at a time.
 */
final class PeriodicTask implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(PeriodicTask.class);
  private static final long TELL_AGAIN_NANOS = TimeUnit.MINUTES.toNanos(1);

  /** Something to do that may fail. */
  @FunctionalInterface
  interface Action {
    void run() throws Exception;
  }

  /** Where failures are told. */
  interface Log {
    void failed(String what, Throwable failure);

    void worksAgain(String what);
  }

  private final String what;
  private final Action action;
  private final LongSupplier nanoClock;
  private final Log log;
  private final Map<Class<?>, Long> toldNanos = new HashMap<>();
  private boolean told;

  PeriodicTask(String what, Action action) {
    this(what, action, System::nanoTime, new ToLog());
  }

  PeriodicTask(String what, Action action, LongSupplier nanoClock, Log log) {
    this.what = what;
    this.action = action;
    this.nanoClock = nanoClock;
    this.log = log;
  }

  @Override
  public void run() {
    try {
      action.run();
      if (told) {
        told = false;
        log.worksAgain(what);
      }
    } catch (InterruptedException stopping) {
      Thread.currentThread().interrupt();
    } catch (Exception | Error failure) {
      if (isInterrupt(failure)) {
        LOG.debug("{} interrupted", what, failure);
      } else {
        tell(failure);
      }
    }
  }

  /**
   * Who stops interrupts: that may come out of Ratis or RocksDB as the cause of anything. Without
   * an interrupt of this thread it is a fault.
   */
  private static boolean isInterrupt(Throwable failure) {
    if (!Thread.currentThread().isInterrupted()) {
      return false;
    }
    Throwable cause = failure;
    while (cause != null
        && !(cause instanceof InterruptedException)
        && !(cause instanceof InterruptedIOException)
        && !(cause instanceof ClosedByInterruptException)) {
      cause = cause.getCause();
    }
    return cause != null;
  }

  private void tell(Throwable failure) {
    long now = nanoClock.getAsLong();
    Long last = toldNanos.get(failure.getClass());
    if (last == null || now - last >= TELL_AGAIN_NANOS) {
      toldNanos.put(failure.getClass(), now);
      told = true;
      log.failed(what, failure);
    } else {
      LOG.debug("{} failed again", what, failure);
    }
  }

  private static final class ToLog implements Log {
    @Override
    public void failed(String what, Throwable failure) {
      LOG.error("{} failed", what, failure);
    }

    @Override
    public void worksAgain(String what) {
      LOG.info("{} works again", what);
    }
  }
}
