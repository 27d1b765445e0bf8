package io.raftkv.shard;

import io.raftkv.storage.ShardStore;
import io.raftkv.storage.StoreBatch;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * An {@link Applier} for tests whose store shows every mistake: each proposal is a number; the
 * store counts how often each was applied, and a running digest depends on the order, the seeds and
 * the times. The result of a proposal is its position in the history.
 */
public class JournalApplier implements Applier {
  private static final String LENGTH = "length";
  private static final String DIGEST = "digest";

  /** A proposal of this value takes back what its batch has done so far. */
  public static final long ROLLBACK = -1;

  /** A proposal of this value cannot be applied: a fault. */
  public static final long POISON = -2;

  /** What follows a proposal of this value is there to fill the log. */
  public static final long PADDING = -3;

  /** A number as a payload of this size. */
  public static byte[] padded(long proposal, int bytes) {
    return ByteBuffer.allocate(bytes).putLong(proposal).putLong(PADDING).array();
  }

  /** Numbers as a payload. */
  public static byte[] payload(long... proposals) {
    ByteBuffer out = ByteBuffer.allocate(proposals.length * Long.BYTES);
    for (long proposal : proposals) {
      out.putLong(proposal);
    }
    return out.array();
  }

  @Override
  public Object[] apply(ApplyContext context, ByteBuffer payload, StoreBatch batch) {
    List<Object> results = new ArrayList<>();
    long seed = context.seed();
    while (payload.hasRemaining()) {
      long proposal = payload.getLong();
      if (proposal == POISON) {
        throw new IllegalStateException("poison");
      }
      if (proposal == PADDING) {
        payload.position(payload.limit());
        continue;
      }
      if (proposal == ROLLBACK) {
        batch.rollback();
        results.add(ROLLBACK);
        continue;
      }
      put(batch, name(proposal), get(batch, name(proposal)) + 1);
      long position = get(batch, LENGTH) + 1;
      put(batch, LENGTH, position);
      long digest = get(batch, DIGEST);
      for (long part : new long[] {proposal, seed, context.timeMillis(), context.index()}) {
        digest = (digest ^ part) * 0x9E3779B97F4A7C15L + Long.rotateLeft(digest, 17);
      }
      put(batch, DIGEST, digest);
      seed = seed * 31 + 7;
      results.add(position);
    }
    return results.toArray();
  }

  @Override
  public boolean grows(ByteBuffer payload) {
    boolean grows = false;
    while (payload.remaining() >= Long.BYTES) {
      grows |= TestProposal.grows(payload.getLong());
    }
    return grows;
  }

  @Override
  public long bytes(Object[] results) {
    return (long) results.length * Long.BYTES;
  }

  /** How often a proposal was applied. */
  public static long timesApplied(ShardStore store, long proposal) {
    return stored(store, name(proposal));
  }

  /** Number of proposals applied. */
  public static long length(ShardStore store) {
    return stored(store, LENGTH);
  }

  private static long stored(ShardStore store, String record) {
    return store.query(view -> toLong(view.record(record)));
  }

  private static String name(long proposal) {
    return "p" + proposal;
  }

  private static long get(StoreBatch batch, String record) {
    return toLong(batch.record(record));
  }

  private static long toLong(byte[] value) {
    return value == null ? 0 : Long.parseLong(new String(value, StandardCharsets.US_ASCII));
  }

  private static void put(StoreBatch batch, String record, long value) {
    batch.putRecord(record, Long.toString(value).getBytes(StandardCharsets.US_ASCII));
  }

  @Override
  public byte[] encode(Object[] results) {
    ByteBuffer out = ByteBuffer.allocate(results.length * Long.BYTES);
    for (Object result : results) {
      out.putLong((Long) result);
    }
    return out.array();
  }

  @Override
  public Object[] decode(byte[] results) {
    ByteBuffer in = ByteBuffer.wrap(results);
    Object[] decoded = new Object[results.length / Long.BYTES];
    for (int i = 0; i < decoded.length; i++) {
      decoded[i] = in.getLong();
    }
    return decoded;
  }
}
