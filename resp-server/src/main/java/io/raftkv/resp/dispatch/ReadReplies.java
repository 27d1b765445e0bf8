package io.raftkv.resp.dispatch;

import io.raftkv.resp.codec.ReplyPortions;
import io.raftkv.resp.command.Args;
import io.raftkv.resp.command.CommandEngine;
import io.raftkv.resp.command.WholeReplies;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.ReplySize;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.DamagedFileException;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.NotInMemoryException;
import io.raftkv.storage.ReadView;
import io.raftkv.storage.StaleViewException;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The replies of some reads, made in their order from views of the store: up to the last one, or to
 * the first that is too large to be sent in one go. Used by one thread at a time.
 */
final class ReadReplies {
  private static final Logger LOG = LoggerFactory.getLogger(ReadReplies.class);

  /** Most memory for all replies that could also be sent as a stream. */
  private static final long SMALL_REPLIES_BYTES = 2L << 20;

  private final Routing.Shard shard;
  private final List<DataOp> ops;
  private final LongSupplier clock;
  private final Reply[] replies;

  /** Whether a key that is due by the clock first needs shard time to move on. */
  private boolean judgesDue;

  /** The first that was not read. */
  private int next;

  /** Whether the reply of {@code next} is too large to be sent in one go. */
  private boolean nextIsLarge;

  /** That reply if it was made as a whole, all the same; null if it needs a view of its own. */
  private Reply.Streamed held;

  /** What is left for replies that are held, though they could be streams. */
  private long smallBytesLeft = SMALL_REPLIES_BYTES;

  /** The others, which cannot. */
  private WholeReplies wholeReplies = new WholeReplies();

  private boolean faultLogged;

  /**
   * @param clock by which a key is found to be due, milliseconds since the epoch
   * @param judgesDue whether {@link #awaitTick} is asked: else such a key counts as alive
   */
  ReadReplies(Routing.Shard shard, List<DataOp> ops, LongSupplier clock, boolean judgesDue) {
    this.shard = shard;
    this.ops = ops;
    this.clock = clock;
    this.judgesDue = judgesDue;
    this.replies = new Reply[ops.size()];
  }

  /**
   * Reads what is left, up to a reply that is too large to be sent in one go.
   *
   * @throws NotInMemoryException or {@link StaleViewException} if the view does not do: what was
   *     read stays, and the rest wants another view
   */
  void read(ReadView view) {
    nextIsLarge = false;
    long now = clock.getAsLong();
    for (; next < replies.length; next++) {
      Keyspace keys = keyspace(view, now);
      Reply reply = reply(keys);
      if (reply instanceof Reply.Streamed) {
        nextIsLarge = true;
        return;
      }
      replies[next] = settled(reply, keys);
      held = replies[next] == null ? null : inPortions(reply);
      if (held != null) {
        nextIsLarge = true;
        return;
      }
    }
  }

  /** A large reply that had to be made as a whole need not be encoded as one; else null. */
  private Reply.Streamed inPortions(Reply reply) {
    if (!ops.get(next).takesStreams() || reply instanceof Reply.Bulk) {
      return null;
    }
    long bytes = ReplySize.of(reply);
    if (bytes > Math.min(ReplyPortions.BYTES, smallBytesLeft)) {
      return Reply.Streamed.of(reply);
    }
    smallBytesLeft -= bytes;
    return null;
  }

  /** Whether the reading has ended with a reply that is too large to be sent in one go. */
  boolean nextIsLarge() {
    return nextIsLarge;
  }

  /** The large one if it is in memory, else null: see {@link #readLarge}. */
  Reply.Streamed held() {
    return held;
  }

  /** A handler's bug is the error of its command; that the view does not do is not a bug. */
  private Reply reply(Keyspace keys) {
    DataOp op = ops.get(next);
    try {
      keys.mayTakeLong(op.words().length);
      Reply reply = Objects.requireNonNull(read(op, keys));
      if (!(reply instanceof Reply.Streamed streamed) || !op.takesStreams()) {
        return wholeReplies.whole(reply);
      }
      Reply.Collected small = streamed.collect(Math.min(ReplyPortions.BYTES, smallBytesLeft));
      return small == null ? reply : small.reply();
    } catch (NotInMemoryException | StaleViewException | DamagedFileException notThisView) {
      throw notThisView;
    } catch (RuntimeException | Error bug) {
      return internalError(op, bug);
    }
  }

  private static Reply read(DataOp op, Keyspace keys) {
    return CommandEngine.read(op.spec(), new Args(op.words()), op.routedBy(), keys);
  }

  /**
   * Reads the large one again, from a view that stays as long as it is being sent. Null if it was
   * changed meanwhile, or failed: then its reply is among the others.
   */
  Reply.Streamed readLarge(ReadView view) {
    DataOp op = ops.get(next);
    Reply reply;
    try {
      Keyspace keys = keyspace(view, clock.getAsLong());
      reply = settled(read(op, keys), keys);
    } catch (DamagedFileException damage) {
      throw damage;
    } catch (RuntimeException | Error bug) {
      reply = internalError(op, bug);
    }
    if (reply instanceof Reply.Streamed large) {
      return large;
    }
    replies[next++] = reply;
    nextIsLarge = false;
    return null;
  }

  private Keyspace keyspace(ReadView view, long now) {
    return Keyspace.forRead(
        view,
        ops.get(next).database(),
        view.timeMillis(),
        now,
        ThreadLocalRandom.current().nextLong());
  }

  /** The reply, or null: shard time has to move on before this has an answer here. */
  private Reply settled(Reply reply, Keyspace keys) {
    boolean elsewhere = reply instanceof Reply.Moved;
    return keys.sawDue() && judgesDue && !elsewhere ? null : reply;
  }

  private Reply internalError(DataOp op, Throwable bug) {
    if (!faultLogged) {
      faultLogged = true;
      LOG.error("read {} of shard={} failed", op.spec().name(), shard.id(), bug);
    }
    return Reply.error(RespErrors.INTERNAL);
  }

  /** Whether a read met a key that is due: shard time has to move on, then {@link #readAgain}. */
  boolean awaitTick() {
    for (int i = 0; i < next; i++) {
      if (replies[i] == null) {
        return true;
      }
    }
    return false;
  }

  /** Whether the store gives slots away, or has, so that some of this is to be read elsewhere. */
  boolean anyMoved() {
    for (int i = 0; i < next; i++) {
      if (replies[i] instanceof Reply.Moved) {
        return true;
      }
    }
    return false;
  }

  /** All has to be read again, and shard time alone says what is due. */
  void readAgain() {
    judgesDue = false;
    next = 0;
    nextIsLarge = false;
    held = null;
    smallBytesLeft = SMALL_REPLIES_BYTES;
    wholeReplies = new WholeReplies();
  }

  /** Gives the replies to those who wait for them. */
  void give() {
    for (int i = 0; i < next; i++) {
      ops.get(i).reply(replies[i]);
    }
  }

  /** As {@link #give}, and {@code failure} to all that have no reply. */
  void giveAll(Reply failure) {
    for (int i = 0; i < replies.length; i++) {
      Reply reply = i < next ? replies[i] : null;
      ops.get(i).reply(reply == null ? failure : reply);
    }
  }

  /** Who waits for the large one, which counts as read from now on. */
  DataOp takeLarge() {
    nextIsLarge = false;
    held = null;
    return ops.get(next++);
  }

  /** What was not read. */
  List<DataOp> rest() {
    return ops.subList(next, ops.size());
  }
}
