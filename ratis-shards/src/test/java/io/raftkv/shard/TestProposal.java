package io.raftkv.shard;

import java.nio.ByteBuffer;

/** A number, as {@link JournalApplier} applies it. */
public record TestProposal(long id) implements Proposal {
  @Override
  public int encodedBytes() {
    return Long.BYTES;
  }

  @Override
  public long heldBytes() {
    return 100;
  }

  @Override
  public void encode(ByteBuffer out) {
    out.putLong(id);
  }
}
