package io.raftkv.resp.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.type.StringType;
import java.util.Arrays;

/**
 * How long a string may become by a command that makes it longer: the {@code max-value-bytes} of
 * the node that received the command, and never more than {@link StringType#MAX_BYTES}.
 *
 * <p>The length is known only in apply, where all replicas must decide alike whatever their own
 * setting. So the receiving node adds its limit to the call as one word more than clients may send,
 * and apply takes it from there.
 */
final class ValueLimit {
  private ValueLimit() {}

  /** The call with the limit behind its last word; a {@link CommandSpec.Admission}. */
  static byte[][] attach(byte[][] words, CommandSpec.Limits limits) {
    byte[][] limited = Arrays.copyOf(words, words.length + 1);
    limited[words.length] = Numbers.format(limits.maxValueBytes());
    return limited;
  }

  /**
   * Refuses a string of {@code before + more} bytes if that is beyond the limit of the call.
   *
   * @param limitAt where the limit is if it was attached: behind the last word of the client
   * @throws CommandException with Redis' text
   */
  static void require(Args args, int limitAt, long before, long more) {
    long limit = StringType.MAX_BYTES;
    if (args.size() > limitAt) {
      limit = Math.min(limit, args.int64(limitAt));
    }
    if (before > limit - more) {
      throw new CommandException(RespErrors.STRING_TOO_LONG);
    }
  }
}
