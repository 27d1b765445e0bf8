package io.raftkv.resp.dispatch;

import io.raftkv.resp.command.Args;
import io.raftkv.resp.command.CommandSpec;
import io.raftkv.storage.Slot;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.function.LongSupplier;

/**
 * How much the clients of this node use each slot: the keys that their commands name, of one
 * command in {@value #EVERY}, over the last half to whole minute. Thread-safe.
 */
public final class SlotLoad {
  private static final int EVERY = 32;
  private static final long WINDOW_NANOS = TimeUnit.SECONDS.toNanos(30);

  private final LongSupplier nanos;
  private volatile AtomicIntegerArray current = new AtomicIntegerArray(Slot.COUNT);
  private AtomicIntegerArray previous = new AtomicIntegerArray(Slot.COUNT);
  private volatile long beganNanos;

  SlotLoad() {
    this(System::nanoTime);
  }

  /**
   * @param nanos a clock as {@link System#nanoTime}
   */
  SlotLoad(LongSupplier nanos) {
    this.nanos = nanos;
    this.beganNanos = nanos.getAsLong();
  }

  /** Counts the keys of a command, if it is one of those that are looked at. */
  void sample(CommandSpec spec, byte[][] words) {
    if (ThreadLocalRandom.current().nextInt(EVERY) == 0) {
      count(spec, words);
    }
  }

  void count(CommandSpec spec, byte[][] words) {
    if (nanos.getAsLong() - beganNanos >= WINDOW_NANOS) {
      turn();
    }
    AtomicIntegerArray counts = current;
    for (int position : spec.keys().positions(new Args(words))) {
      counts.incrementAndGet(Slot.of(words[position]));
    }
  }

  private synchronized void turn() {
    long now = nanos.getAsLong();
    long age = now - beganNanos;
    if (age >= WINDOW_NANOS) {
      previous = age < 2 * WINDOW_NANOS ? current : new AtomicIntegerArray(Slot.COUNT);
      current = new AtomicIntegerArray(Slot.COUNT);
      beganNanos = now;
    }
  }

  /** The keys that were counted, by slot: figures to be compared with each other only. */
  public synchronized int[] counts() {
    turn();
    int[] counts = new int[Slot.COUNT];
    for (int slot = 0; slot < counts.length; slot++) {
      counts[slot] = previous.get(slot) + current.get(slot);
    }
    return counts;
  }
}
