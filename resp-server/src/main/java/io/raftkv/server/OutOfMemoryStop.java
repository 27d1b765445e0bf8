package io.raftkv.server;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Marker;
import org.apache.logging.log4j.core.Filter;
import org.apache.logging.log4j.core.LogEvent;
import org.apache.logging.log4j.core.Logger;
import org.apache.logging.log4j.core.LoggerContext;
import org.apache.logging.log4j.core.filter.AbstractFilter;
import org.apache.logging.log4j.message.Message;
import org.slf4j.LoggerFactory;

/**
 * Ends the process when any of its threads has run out of memory: the error may have cut off
 * whatever that thread was at, so nobody knows what still works. The others of the cluster take
 * over from a process that is gone, not from one that half lives.
 *
 * <p>The JVM does so by itself with {@code -XX:+ExitOnOutOfMemoryError}, but a jar cannot ask for
 * that, nor can it be switched on later; and it does not see what Netty throws when there is no
 * direct memory. An error that nobody catches comes to the handler of uncaught exceptions. Netty,
 * Ratis and we ourselves catch many, so as to keep a thread alive, but always say so in the log. So
 * this is also a filter through which every line goes before anything else is asked, its level
 * included.
 */
final class OutOfMemoryStop extends AbstractFilter {
  private static final org.slf4j.Logger LOG = LoggerFactory.getLogger(OutOfMemoryStop.class);
  private static final String LINE = "out of memory: this process ends";

  /** Deeper than causes are nested; they might form a ring. */
  private static final int MAX_CAUSES = 16;

  /** A log that gets no memory may never be done; where the heap is all but full, it crawls. */
  private static final long MAX_LOGGING_MS = 5_000;

  // Made beforehand: there may be no room for it when it is needed.
  private final byte[] plainLine = (LINE + "\n").getBytes(StandardCharsets.UTF_8);
  private final FileOutputStream standardError = new FileOutputStream(FileDescriptor.err);
  private final Object monitor = new Object();

  /** Guarded by a monitor: the first use of an atomic takes memory, for the JVM links it then. */
  private boolean ending;

  private OutOfMemoryStop() {}

  /** From now on no thread of this process survives a want of memory. Logging is set up. */
  static void install() {
    OutOfMemoryStop stop = new OutOfMemoryStop();
    stop.start();
    Thread last = new Thread(stop::endIfLoggingDoesNot, "out-of-memory-stop");
    last.setDaemon(true);
    last.start();
    ((LoggerContext) LogManager.getContext(false)).addFilter(stop);
    Thread.setDefaultUncaughtExceptionHandler(
        (thread, fault) -> {
          stop.look(fault);
          LOG.error("thread {} ended by a fault", thread.getName(), fault);
        });
  }

  private Filter.Result look(Throwable fault) {
    Throwable cause = fault;
    for (int i = 0; cause != null && i < MAX_CAUSES; i++) {
      if (cause instanceof OutOfMemoryError) {
        end(fault);
        break;
      }
      cause = cause.getCause();
    }
    return Filter.Result.NEUTRAL;
  }

  private void end(Throwable fault) {
    synchronized (monitor) {
      if (ending) {
        return; // the line that says so comes by here as well
      }
      ending = true;
      monitor.notifyAll();
    }
    try {
      LOG.error(LINE, fault);
    } catch (OutOfMemoryError again) {
      sayPlainly();
    } finally {
      Runtime.getRuntime().halt(Main.FAULT); // not exit: to stop in order takes memory
    }
  }

  /** Runs all the process' life, since a thread cannot be made when it is needed. */
  private void endIfLoggingDoesNot() {
    try {
      synchronized (monitor) {
        while (!ending) {
          monitor.wait();
        }
      }
      Thread.sleep(MAX_LOGGING_MS);
      sayPlainly();
    } catch (InterruptedException asked) {
      // Nobody has this thread to interrupt.
    } finally {
      Runtime.getRuntime().halt(Main.FAULT);
    }
  }

  private void sayPlainly() {
    try {
      standardError.write(plainLine);
    } catch (IOException closed) {
      // The exit code says it.
    }
  }

  // ---- every way in which a line comes ----

  @Override
  public Filter.Result filter(LogEvent event) {
    return look(event.getThrown());
  }

  @Override
  public Filter.Result filter(
      Logger logger, Level level, Marker marker, Message message, Throwable fault) {
    return look(fault);
  }

  @Override
  public Filter.Result filter(
      Logger logger, Level level, Marker marker, Object message, Throwable fault) {
    return look(fault);
  }

  @Override
  public Filter.Result filter(
      Logger logger, Level level, Marker marker, String message, Object... words) {
    boolean mayBe = words != null && words.length > 0;
    return mayBe && words[words.length - 1] instanceof Throwable fault
        ? look(fault)
        : Filter.Result.NEUTRAL;
  }
}
