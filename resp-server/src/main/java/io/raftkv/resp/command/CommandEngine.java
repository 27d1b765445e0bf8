package io.raftkv.resp.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.ReplyCodec;
import io.raftkv.resp.reply.ReplySize;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.shard.Applier;
import io.raftkv.shard.ApplyContext;
import io.raftkv.storage.EntryFullException;
import io.raftkv.storage.HeldTooMuchException;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.SeededRandom;
import io.raftkv.storage.SlotMovedException;
import io.raftkv.storage.StoreBatch;
import io.raftkv.storage.WrongTypeException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Runs the command table: in apply as the shard's {@link Applier}, and for reads on a view.
 *
 * <p>A user's mistake is a reply, equal on every replica, and leaves nothing behind; so is a
 * command for which its entry has no room any more ({@link StoreBatch#limit}), and one for a slot
 * that has moved ({@link Reply.Moved}). Anything else that a handler throws stops the replica.
 * Thread-safe: it has no state but the table.
 */
public final class CommandEngine implements Applier {
  private final CommandTable table;

  public CommandEngine(CommandTable table) {
    this.table = table;
  }

  @Override
  public Object[] apply(ApplyContext context, ByteBuffer payload, StoreBatch batch) {
    List<Reply> replies = new ArrayList<>();
    SeededRandom seeds = new SeededRandom(context.seed());
    WholeReplies collected = new WholeReplies();
    while (payload.hasRemaining()) {
      CommandCodec.Call call = CommandCodec.decode(payload);
      Keyspace keys =
          Keyspace.forApply(batch, call.database(), context.timeMillis(), seeds.nextLong());
      replies.add(applyOne(call, keys, batch, collected));
    }
    return replies.toArray();
  }

  @Override
  public boolean grows(ByteBuffer payload) {
    while (payload.hasRemaining()) {
      CommandSpec spec = table.find(CommandCodec.decode(payload).args().bytes(0));
      if (spec == null || spec.flags().contains(Flag.DENYOOM)) {
        return true;
      }
    }
    return false;
  }

  private Reply applyOne(
      CommandCodec.Call call, Keyspace keys, StoreBatch batch, WholeReplies collected) {
    Args args = call.args();
    CommandSpec spec = table.find(args.bytes(0));
    if (spec == null || spec.handler() == null) {
      throw new IllegalStateException(
          "the log holds '" + args.text(0) + "', which this version cannot apply");
    }
    batch.mark();
    try {
      Reply reply = collected.whole(run(spec, args, call.routedBy(), keys));
      keys.release();
      batch.charge(ReplySize.of(reply)); // it is held until the whole entry is committed
      return reply;
    } catch (CommandException mistake) {
      batch.rollback();
      return Reply.error(mistake.line());
    } catch (WrongTypeException mistake) {
      batch.rollback();
      return Reply.error(RespErrors.WRONG_TYPE);
    } catch (SlotMovedException moved) {
      batch.rollback();
      return Reply.MOVED;
    } catch (EntryFullException full) {
      batch.rollback();
      return Reply.error(
          full.byItself() ? RespErrors.TOO_LARGE_FOR_AN_ENTRY : RespErrors.ENTRY_FULL);
    }
  }

  /**
   * Runs a command that changes nothing; the reply may be {@link Reply.Streamed}.
   *
   * @param routedBy see {@link CommandCodec.Call}
   */
  public static Reply read(CommandSpec spec, Args args, long routedBy, Keyspace keys) {
    Reply reply = null;
    try {
      reply = run(spec, args, routedBy, keys);
      return reply;
    } catch (CommandException mistake) {
      return Reply.error(mistake.line());
    } catch (WrongTypeException mistake) {
      return Reply.error(RespErrors.WRONG_TYPE);
    } catch (SlotMovedException moved) {
      return Reply.MOVED;
    } catch (HeldTooMuchException tooMuch) {
      return Reply.error(
          tooMuch.byItself() ? RespErrors.READ_TOO_LARGE : RespErrors.READS_TOO_LARGE);
    } finally {
      if (!(reply instanceof Reply.Streamed)) { // which holds it until its view is closed
        keys.release();
      }
    }
  }

  private static Reply run(CommandSpec spec, Args args, long routedBy, Keyspace keys) {
    keys.requireRoutedBy(routedBy);
    return spec.handler().run(args, keys);
  }

  @Override
  public long bytes(Object[] results) {
    long bytes = 0;
    for (Object result : results) {
      bytes += ReplySize.of((Reply) result);
    }
    return bytes;
  }

  @Override
  public byte[] encode(Object[] results) {
    List<Reply> replies = new ArrayList<>(results.length);
    for (Object result : results) {
      replies.add((Reply) result);
    }
    return ReplyCodec.encodeAll(replies);
  }

  @Override
  public Object[] decode(byte[] results) {
    return ReplyCodec.decodeAll(results).toArray();
  }
}
