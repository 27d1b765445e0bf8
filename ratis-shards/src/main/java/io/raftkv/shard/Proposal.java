package io.raftkv.shard;

import java.nio.ByteBuffer;

/** A command on its way into a shard's log. */
public interface Proposal {
  /** Bytes that {@link #encode} writes. */
  int encodedBytes();

  /** About what it takes of the heap until its outcome is known, at least {@link #encodedBytes}. */
  long heldBytes();

  void encode(ByteBuffer out);

  /** True if it is made to store something: it is refused while the leader's room is short. */
  boolean grows();
}
