package io.raftkv.server;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A node's threads beside the event loops and those of Raft. */
final class NodeThreads {
  private static final Logger LOG = LoggerFactory.getLogger(NodeThreads.class);
  private static final int APPEND_THREADS = 2;
  private static final int TIMER_THREADS = 2;
  private static final int ORDER_THREADS = 4;
  private static final int READ_POOL_QUEUE = 65_536;

  private final ThreadPoolExecutor appendPool =
      pool("raftkv-append", APPEND_THREADS, new LinkedBlockingQueue<>());
  private final ThreadPoolExecutor readPool =
      pool(
          "raftkv-read",
          Math.max(2, Runtime.getRuntime().availableProcessors()),
          new ArrayBlockingQueue<>(READ_POOL_QUEUE));
  private final ScheduledExecutorService timer =
      Executors.newScheduledThreadPool(TIMER_THREADS, daemons("raftkv-timer"));

  private final ScheduledExecutorService slow =
      Executors.newSingleThreadScheduledExecutor(daemons("raftkv-slow"));

  private final ThreadPoolExecutor orders =
      pool("raftkv-orders", ORDER_THREADS, new LinkedBlockingQueue<>());

  private final Watchdog.Watched watchedTimer;

  NodeThreads(Watchdog watchdog) {
    watchedTimer = watchdog.watch("the timer", timer);
  }

  /** For what may take long; one thread. */
  Executor slow() {
    return slow;
  }

  /** Does what jobs order; may block. */
  Executor orders() {
    return orders;
  }

  /** Hands entries to Raft. */
  ThreadPoolExecutor appendPool() {
    return appendPool;
  }

  /** Reads stores; its queue is bounded. */
  ThreadPoolExecutor readPool() {
    return readPool;
  }

  /** What is done again and again, and what is done later. */
  ScheduledExecutorService timer() {
    return timer;
  }

  /** Runs an action time and again, first after {@code delayMillis}. */
  void every(long millis, long delayMillis, String name, PeriodicTask.Action action) {
    timer.scheduleWithFixedDelay(
        new PeriodicTask(name, action), delayMillis, millis, TimeUnit.MILLISECONDS);
  }

  /** As {@link #every}, at once, for an action that may have to wait for a disk for a while. */
  void everyAtDisk(long millis, String name, PeriodicTask.Action action) {
    every(millis, 0, name, () -> watchedTimer.<Exception>atDisk(action::run));
  }

  /** As {@link #every}, for an action that may take minutes; first after the same time. */
  void everySlowly(long millis, String name, PeriodicTask.Action action) {
    slow.scheduleWithFixedDelay(
        new PeriodicTask(name, action), millis, millis, TimeUnit.MILLISECONDS);
  }

  /** Runs an action, which may have to wait for a disk, once, unless the node stops before. */
  void later(long millis, String name, Runnable action) {
    PeriodicTask once =
        new PeriodicTask(name, () -> watchedTimer.<RuntimeException>atDisk(action::run));
    try {
      timer.schedule(once, millis, TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException stopping) {
      LOG.debug("no {}: this node stops", name, stopping);
    }
  }

  /** Ends all that is done again and again at once. */
  void stopTimer() {
    timer.shutdownNow();
    slow.shutdownNow();
    orders.shutdownNow();
  }

  /** Ends the pools once their work is done, or leaves them to it after so long. */
  void stopPools(int seconds) throws InterruptedException {
    appendPool.shutdown();
    readPool.shutdown();
    boolean done =
        appendPool.awaitTermination(seconds, TimeUnit.SECONDS)
            && readPool.awaitTermination(seconds, TimeUnit.SECONDS);
    if (!done) {
      LOG.warn("threads are still busy after {} s", seconds);
    }
  }

  private static ThreadPoolExecutor pool(String name, int threads, BlockingQueue<Runnable> queue) {
    ThreadPoolExecutor pool =
        new ThreadPoolExecutor(threads, threads, 1, TimeUnit.MINUTES, queue, daemons(name));
    pool.allowCoreThreadTimeOut(true);
    return pool;
  }

  private static ThreadFactory daemons(String name) {
    AtomicLong number = new AtomicLong();
    return work -> {
      Thread thread = new Thread(work, name + "-" + number.incrementAndGet());
      thread.setDaemon(true);
      return thread;
    };
  }
}
