package io.raftkv.resp.command;

import io.raftkv.resp.reply.Reply;
import io.raftkv.storage.StreamId;
import io.raftkv.storage.type.StreamEntry;
import io.raftkv.storage.type.StreamType;
import java.util.ArrayList;
import java.util.List;

/**
 * A reply with a run of entries of a stream, which may be larger than memory: it remembers the last
 * entry that it handed out, and goes on behind it for the next portion.
 */
final class EntryRun {
  /** A run is read once if it has no more entries than this, else counted first. */
  private static final int SHORT_ENTRIES = 256;

  private static final long SHORT_BYTES = 64 * 1024;

  private final StreamType stream;
  private final boolean backwards;
  private StreamId from; // none is left if either is null
  private StreamId to;

  private EntryRun(StreamType stream, StreamId from, StreamId to, boolean backwards) {
    this.stream = stream;
    this.from = from;
    this.to = to;
    this.backwards = backwards;
  }

  /**
   * Entries from one id to another, both included.
   *
   * @param backwards the last entry comes first
   * @param limit how many to return at most
   */
  static Reply of(StreamType stream, StreamId from, StreamId to, boolean backwards, long limit) {
    EntryRun run = new EntryRun(stream, from, to, backwards);
    List<StreamEntry> few = run.few(limit);
    return few != null
        ? StreamReplies.entries(few)
        : new Reply.Streamed(Reply.Shape.ARRAY, stream.count(from, to, limit), run::next);
  }

  /** All entries, or null if they are many. */
  private List<StreamEntry> few(long limit) {
    List<StreamEntry> few = new ArrayList<>();
    long[] bytes = {0};
    boolean[] many = {false};
    stream.forEach(
        from,
        to,
        backwards,
        entry -> {
          for (byte[] word : entry.fieldsAndValues()) {
            bytes[0] += word.length;
          }
          many[0] = few.size() == SHORT_ENTRIES || bytes[0] > SHORT_BYTES;
          few.add(entry);
          return !many[0] && few.size() < limit;
        });
    return many[0] ? null : few;
  }

  private void next(Reply.ElementTaker taker) {
    if (from == null || to == null) {
      return;
    }
    stream.forEach(
        from,
        to,
        backwards,
        entry -> {
          if (backwards) {
            to = entry.id().previous();
          } else {
            from = entry.id().next();
          }
          return taker.take(StreamReplies.entry(entry), null);
        });
  }
}
