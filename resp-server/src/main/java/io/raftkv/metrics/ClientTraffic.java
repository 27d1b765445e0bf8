package io.raftkv.metrics;

import java.util.concurrent.atomic.LongAdder;

/** Bytes that clients sent and were sent; the links between nodes are not counted. Thread-safe. */
public final class ClientTraffic {
  private final LongAdder received = new LongAdder();
  private final LongAdder sent = new LongAdder();

  public void received(long bytes) {
    received.add(bytes);
  }

  public void sent(long bytes) {
    sent.add(bytes);
  }

  /** Read from sockets so far. */
  public long receivedBytes() {
    return received.sum();
  }

  /** Handed over to be written to sockets so far. */
  public long sentBytes() {
    return sent.sum();
  }
}
