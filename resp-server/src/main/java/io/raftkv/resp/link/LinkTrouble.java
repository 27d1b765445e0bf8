package io.raftkv.resp.link;

import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * What keeps a link from being made, and whether to tell of it: the same is not told again at every
 * attempt. Thread-safe.
 */
final class LinkTrouble {
  /**
   * For so long nobody is told that an address is unknown. A node that starts knows the members of
   * its shards from their logs, and their addresses when its metadata has caught up.
   */
  static final long UNKNOWN_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final LongSupplier nanoTime;
  private String told;
  private boolean unknown;
  private long unknownSinceNanos;

  LinkTrouble(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  /** True if this is to be told. */
  synchronized boolean isNews(String what) {
    boolean news = !Objects.equals(told, what);
    told = what;
    return news;
  }

  /** At an attempt for which the address was not known: true if this is to be told by now. */
  synchronized boolean isUnknownForLong() {
    long now = nanoTime.getAsLong();
    if (!unknown) {
      unknown = true;
      unknownSinceNanos = now;
    }
    return now - unknownSinceNanos >= UNKNOWN_NANOS;
  }

  /** At an attempt for which it was. */
  synchronized void known() {
    unknown = false;
  }

  /** The link is there: true if something was told, so that this is to be told, too. */
  synchronized boolean isOver() {
    boolean wasTold = told != null;
    told = null;
    return wasTold;
  }
}
