package io.raftkv.bench;

import io.raftkv.resp.command.CommandCodec;
import io.raftkv.shard.EntryCodec;
import io.raftkv.shard.ProposedBatch;
import java.nio.ByteBuffer;
import java.util.List;

/** Log entries as a leader makes them: commands, in a batch, in an entry of this one batch. */
final class LogEntries {
  /** Whose batches they are. */
  static final long PROPOSER = 0x5eed;

  /** Time of all entries, milliseconds since the epoch: nothing expires while a benchmark runs. */
  static final long TIME_MILLIS = 1_700_000_000_000L;

  private static final int SEQUENCE_AT = EntryCodec.HEADER_BYTES + Long.BYTES;
  private static final EntryCodec.Header HEADER =
      new EntryCodec.Header(1, TIME_MILLIS, 42, Long.MAX_VALUE);

  private LogEntries() {}

  /** The commands as the shard's client puts them together. */
  static byte[] payload(List<byte[][]> commands) {
    int bytes = 0;
    for (byte[][] words : commands) {
      bytes += CommandCodec.encodedBytes(words);
    }
    ByteBuffer payload = ByteBuffer.allocate(bytes);
    for (byte[][] words : commands) {
      CommandCodec.encode(0, words, payload);
    }
    return payload.array();
  }

  /** An entry with one batch, the first of its proposer. */
  static byte[] entry(List<byte[][]> commands) {
    return EntryCodec.encode(HEADER, List.of(new ProposedBatch(PROPOSER, 1, payload(commands))));
  }

  /** Gives the entry's batch another sequence number: a store applies each number only once. */
  static void renumber(byte[] entry, long sequence) {
    ByteBuffer.wrap(entry).putLong(SEQUENCE_AT, sequence);
  }
}
