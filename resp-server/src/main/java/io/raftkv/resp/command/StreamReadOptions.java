package io.raftkv.resp.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.type.StreamType;

/**
 * The words of XREAD and XREADGROUP before the ids are looked at.
 *
 * @param group the group's name; null for XREAD
 * @param consumer the consumer's name; null for XREAD
 * @param noAck whether what is delivered waits for no acknowledgement
 * @param limit how many entries to return of each stream at most
 * @param blockMillis how long to wait where there is nothing; 0 for ever, -1 not at all
 * @param firstKey where the keys begin, which the ids follow
 * @param streams how many keys there are
 */
record StreamReadOptions(
    byte[] group,
    byte[] consumer,
    boolean noAck,
    long limit,
    long blockMillis,
    int firstKey,
    int streams) {

  byte[] key(Args args, int stream) {
    return args.bytes(firstKey + stream);
  }

  byte[] id(Args args, int stream) {
    return args.bytes(firstKey + streams + stream);
  }

  static StreamReadOptions parse(Args args, boolean ofGroup) {
    byte[] group = null;
    byte[] consumer = null;
    boolean noAck = false;
    long count = 0;
    long blockMillis = -1;
    for (int i = 1; i < args.size(); i++) {
      int more = args.size() - 1 - i;
      if (more >= 1 && args.is(i, "BLOCK")) {
        blockMillis = args.int64(++i, RespErrors.TIMEOUT_NOT_INTEGER);
        if (blockMillis < 0) {
          throw new CommandException(RespErrors.TIMEOUT_NEGATIVE);
        }
      } else if (more >= 1 && args.is(i, "COUNT")) {
        count = args.int64(++i);
      } else if (more >= 1 && args.is(i, "STREAMS")) {
        if (more % 2 != 0) {
          throw new CommandException(
              RespErrors.unbalancedStreams(args.text(0), ofGroup ? '>' : '$'));
        }
        if (ofGroup && group == null) {
          throw new CommandException(RespErrors.XREADGROUP_NO_GROUP);
        }
        long limit = count > 0 ? count : StreamType.UNLIMITED;
        return new StreamReadOptions(group, consumer, noAck, limit, blockMillis, i + 1, more / 2);
      } else if (more >= 2 && args.is(i, "GROUP")) {
        if (!ofGroup) {
          throw new CommandException(RespErrors.XREAD_GROUP);
        }
        group = args.bytes(++i);
        consumer = args.bytes(++i);
      } else if (args.is(i, "NOACK")) {
        if (!ofGroup) {
          throw new CommandException(RespErrors.XREAD_NOACK);
        }
        noAck = true;
      } else {
        throw new CommandException(RespErrors.SYNTAX);
      }
    }
    throw new CommandException(RespErrors.SYNTAX);
  }
}
