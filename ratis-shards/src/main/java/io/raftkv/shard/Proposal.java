package io.raftkv.shard;

import java.nio.ByteBuffer;

/** A command on its way into a shard's log. */
public interface Proposal {
  /** Bytes that {@link #encode} writes. */
  int encodedBytes();

  void encode(ByteBuffer out);
}
