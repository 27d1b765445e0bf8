package io.raftkv.server;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notices when a thread on which everything depends gets nothing done any more: has each of them do
 * a tiny task again and again, and counts how often it looked for the answer in vain.
 *
 * <p>It counts looks and not time. While the whole process stands still, for a garbage collection
 * or with its machine, the watchdog stands still with it and holds nothing against anybody. Nor
 * does it what a thread does {@linkplain Watched#atDisk at a disk}, however long that takes, unless
 * threads wait for each other in a circle. Thread-safe.
 */
final class Watchdog implements AutoCloseable {
  /** Looks in vain, one right after the other, that make a thread stuck. */
  static final int PATIENCE = 20;

  private static final Logger LOG = LoggerFactory.getLogger(Watchdog.class);
  private static final long LOOK_MILLIS = 500;

  private final List<Watched> all = new CopyOnWriteArrayList<>();
  private final BooleanSupplier deadlock;
  private ScheduledExecutorService thread;

  Watchdog() {
    this(Watchdog::isDeadlocked);
  }

  /**
   * @param deadlock whether threads wait for each other in a circle
   */
  Watchdog(BooleanSupplier deadlock) {
    this.deadlock = deadlock;
  }

  private static boolean isDeadlocked() {
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    return threads.findDeadlockedThreads() != null;
  }

  /** Something that may fail in its own way. */
  @FunctionalInterface
  interface Work<X extends Exception> {
    void run() throws X;
  }

  /** One thread, or a few that share their work. */
  final class Watched {
    private final String name;
    private final Executor executor;
    private final AtomicInteger atDisk = new AtomicInteger();
    private final AtomicInteger inVain = new AtomicInteger();
    private volatile boolean asked;
    private volatile boolean stuck;
    private volatile Thread answerer;

    private Watched(String name, Executor executor) {
      this.name = name;
      this.executor = executor;
    }

    /** Runs, on the watched thread, what may have to wait for a disk. */
    <X extends Exception> void atDisk(Work<X> work) throws X {
      atDisk.incrementAndGet();
      try {
        work.run();
      } finally {
        inVain.set(0); // what has piled up behind it has as long as ever
        atDisk.decrementAndGet();
      }
    }

    private void look() {
      boolean excused = atDisk.get() > 0; // looked at first: the count begins anew when that ends
      if (!asked) {
        inVain.set(0);
        if (stuck) {
          stuck = false;
          LOG.warn("{} goes on again", name);
        }
        ask();
      } else if (inVain.incrementAndGet() >= PATIENCE && !stuck) {
        stuck = !excused || deadlock.getAsBoolean();
        if (stuck) {
          tell();
        }
      }
    }

    private void ask() {
      asked = true;
      try {
        executor.execute(
            () -> {
              answerer = Thread.currentThread();
              asked = false;
            });
      } catch (RejectedExecutionException stopping) {
        asked = false;
        LOG.debug("{} is not watched any more: this node stops", name, stopping);
      }
    }

    private void tell() {
      Throwable where = new Throwable(name);
      Thread last = answerer;
      where.setStackTrace(last == null ? new StackTraceElement[0] : last.getStackTrace());
      LOG.error(
          "{} has got nothing done for {} s: only a restart helps",
          name,
          TimeUnit.MILLISECONDS.toSeconds(PATIENCE * LOOK_MILLIS),
          where);
    }
  }

  /**
   * Watches what runs the tasks of {@code executor} from now on.
   *
   * @param name for the log
   */
  Watched watch(String name, Executor executor) {
    Watched watched = new Watched(name, executor);
    all.add(watched);
    return watched;
  }

  /** Begins to look. */
  synchronized void start() {
    thread =
        Executors.newSingleThreadScheduledExecutor(
            work -> {
              Thread made = new Thread(work, "raftkv-watchdog");
              made.setDaemon(true);
              return made;
            });
    // With a delay: looks that were missed while the process stood still are not made up for.
    thread.scheduleWithFixedDelay(
        new PeriodicTask("watchdog", this::look), 0, LOOK_MILLIS, TimeUnit.MILLISECONDS);
  }

  /** Looks once at everything. */
  synchronized void look() {
    all.forEach(Watched::look);
  }

  /** False while something that only a restart can end keeps a thread from its work. */
  boolean isLive() {
    return all.stream().noneMatch(watched -> watched.stuck);
  }

  @Override
  public synchronized void close() {
    if (thread != null) {
      thread.shutdownNow();
    }
  }
}
