package io.raftkv.storage;

import io.raftkv.storage.row.MetaRow;

/** Guesses how long the keys of a database live on, from a few of them: for reports only. */
public final class TtlSample {
  /** Most keys to look at. */
  private static final int MAX_KEYS = 1000;

  private TtlSample() {}

  /**
   * The average time to live of the keys that have one, in milliseconds; 0 if none was met. Exact
   * in small databases.
   *
   * @param nowMillis the clock that keys will die by
   * @param seed decides which keys are looked at
   */
  public static long averageMillis(ReadView view, int database, long nowMillis, long seed) {
    Keyspace keys = Keyspace.forRead(view, database, view.timeMillis(), nowMillis, seed);
    long start = keys.random().nextLong(KeyScan.END);
    Sample sample = new Sample(nowMillis);
    KeyScan.live(keys, start, Slot.COUNT - 1, sample);
    if (sample.looked < MAX_KEYS) {
      sample.wrappedTo = start;
      KeyScan.live(keys, 0, Slot.COUNT - 1, sample);
    }
    return sample.expiring == 0 ? 0 : (long) (sample.sumMillis / sample.expiring);
  }

  private static final class Sample implements KeyScan.Visitor {
    private final long nowMillis;
    private long wrappedTo = Long.MAX_VALUE;
    private int looked;
    private int expiring;
    private double sumMillis;

    private Sample(long nowMillis) {
      this.nowMillis = nowMillis;
    }

    @Override
    public boolean visit(byte[] metaRow, MetaRow header) {
      if (KeyScan.positionOf(metaRow) >= wrappedTo) {
        return false; // seen before
      }
      looked++;
      if (header.expireAtMillis() != MetaRow.NO_EXPIRY) {
        expiring++;
        sumMillis += Math.max(0, header.expireAtMillis() - nowMillis);
      }
      return looked < MAX_KEYS;
    }
  }
}
