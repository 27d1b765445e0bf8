package io.raftkv.shard;

import java.nio.ByteBuffer;

/**
 * A number, as {@link JournalApplier} applies it. The multiples of seven are said to grow it.
 *
 * @param onEncode runs whenever this is encoded
 */
public record TestProposal(long id, Runnable onEncode) implements Proposal {
  public TestProposal(long id) {
    this(id, () -> {});
  }

  @Override
  public int encodedBytes() {
    return Long.BYTES;
  }

  @Override
  public long heldBytes() {
    return 100;
  }

  @Override
  public boolean grows() {
    return grows(id);
  }

  static boolean grows(long id) {
    return id % 7 == 0;
  }

  @Override
  public void encode(ByteBuffer out) {
    onEncode.run();
    out.putLong(id);
  }
}
