package io.raftkv.resp.command;

import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.ReplySize;
import io.raftkv.resp.reply.RespErrors;

/**
 * Collects the replies of commands that are answered together and cannot be sent while they are
 * read: those for another node, and those of log entries, where no large read should be. What such
 * replies take in memory is bounded by refusing the rest, and by nothing of this node: every
 * replica refuses alike.
 */
public final class WholeReplies {
  /** {@link ReplySize} of all replies: a hash of 400,000 short fields. */
  static final long MAX_BYTES = 32L << 20;

  /** A reply of this size is never refused for the sake of others. */
  static final long SMALL_BYTES = 16L << 10;

  private long left = MAX_BYTES;

  /** The same reply, or an error in place of one that is {@link Reply.Streamed} and too large. */
  public Reply whole(Reply reply) {
    if (!(reply instanceof Reply.Streamed streamed)) {
      return reply;
    }
    boolean alone = left == MAX_BYTES;
    Reply.Collected collected = streamed.collect(Math.max(left, SMALL_BYTES));
    if (collected == null) {
      return Reply.error(alone ? RespErrors.REPLY_TOO_LARGE : RespErrors.REPLIES_TOO_LARGE);
    }
    left = Math.max(0, left - collected.bytes());
    return collected.reply();
  }
}
