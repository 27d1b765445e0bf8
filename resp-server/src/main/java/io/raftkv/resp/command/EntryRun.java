package io.raftkv.resp.command;

import io.raftkv.resp.reply.Reply;
import io.raftkv.storage.StreamId;
import io.raftkv.storage.type.StreamEntry;
import io.raftkv.storage.type.StreamType;
import java.util.ArrayList;
import java.util.List;

/**
 * Replies with runs of entries of streams, which may be larger than memory: each run remembers the
 * last entry that it handed out, and goes on behind it for the next portion.
 */
final class EntryRun {
  /** Runs are read once if they have no more entries than this together, else counted first. */
  private static final int SHORT_ENTRIES = 256;

  private static final long SHORT_BYTES = 64 * 1024;

  /** What may still be held of the runs of one reply. */
  static final class Room {
    private long entries = SHORT_ENTRIES;
    private long bytes = SHORT_BYTES;

    /** Whether there was room for one entry more. */
    private boolean take(StreamEntry entry) {
      entries--;
      for (byte[] word : entry.fieldsAndValues()) {
        bytes -= word.length;
      }
      return entries >= 0 && bytes >= 0;
    }
  }

  private final StreamType stream;
  private final boolean backwards;
  private final long limit;
  private StreamId from; // none is left if either is null
  private StreamId to;
  private long given;

  private EntryRun(StreamType stream, StreamId from, StreamId to, boolean backwards, long limit) {
    this.stream = stream;
    this.from = from;
    this.to = to;
    this.backwards = backwards;
    this.limit = limit;
  }

  /**
   * Entries from one id to another, both included.
   *
   * @param backwards the last entry comes first
   * @param limit how many to return at most, positive
   */
  static Reply of(StreamType stream, StreamId from, StreamId to, boolean backwards, long limit) {
    Reply run = oneOf(stream, from, to, backwards, limit, new Room());
    return run == null ? Reply.EMPTY_ARRAY : run;
  }

  /**
   * As {@link #of}, as one of several runs in a reply.
   *
   * @return null if there are no entries
   */
  static Reply oneOf(
      StreamType stream, StreamId from, StreamId to, boolean backwards, long limit, Room room) {
    EntryRun run = new EntryRun(stream, from, to, backwards, limit);
    List<StreamEntry> few = run.few(room);
    if (few == null) {
      return Reply.Streamed.uncounted(
          Reply.Shape.ARRAY, () -> stream.count(from, to, limit), run::next);
    }
    return few.isEmpty() ? null : StreamReplies.entries(few);
  }

  /** All entries, or null if they are many. */
  private List<StreamEntry> few(Room room) {
    List<StreamEntry> few = new ArrayList<>();
    boolean[] many = {false};
    stream.forEach(
        from,
        to,
        backwards,
        entry -> {
          many[0] = !room.take(entry);
          few.add(entry);
          return !many[0] && few.size() < limit;
        });
    return many[0] ? null : few;
  }

  private void next(Reply.ElementTaker taker) {
    if (from == null || to == null || given == limit) {
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
          given++;
          return taker.take(StreamReplies.entry(entry), null) && given < limit;
        });
  }
}
