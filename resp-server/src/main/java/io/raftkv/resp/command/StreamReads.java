package io.raftkv.resp.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.ReplySize;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.StreamId;
import io.raftkv.storage.type.StreamConsumer;
import io.raftkv.storage.type.StreamDelivery;
import io.raftkv.storage.type.StreamEntry;
import io.raftkv.storage.type.StreamGroup;
import io.raftkv.storage.type.StreamType;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;

/**
 * XREAD and XREADGROUP. Where there is nothing to read both answer null at once: handlers never
 * wait, so that blocking is for those who call them.
 */
final class StreamReads {
  private StreamReads() {}

  static Reply xread(Args args, Keyspace db) {
    StreamReadOptions options = StreamReadOptions.parse(args, false);
    List<StreamId> after = new ArrayList<>();
    for (int i = 0; i < options.streams(); i++) {
      StreamType stream = new StreamType(db.key(options.key(args, i)));
      byte[] id = options.id(args, i);
      if (isWord(id, '$')) {
        after.add(stream.exists() ? stream.lastId() : StreamId.MIN);
      } else if (isWord(id, '>')) {
        throw new CommandException(RespErrors.XREAD_NEW_IDS);
      } else {
        after.add(StreamIds.parse(id));
      }
    }
    EntryRun.Room room = new EntryRun.Room();
    List<Reply> found = new ArrayList<>();
    for (int i = 0; i < options.streams(); i++) {
      StreamType stream = new StreamType(db.key(options.key(args, i)));
      StreamId from = after.get(i).next();
      Reply entries =
          from == null
              ? null
              : EntryRun.oneOf(stream, from, StreamId.MAX, false, options.limit(), room);
      if (entries != null) {
        found.add(Reply.bulk(options.key(args, i)));
        found.add(entries);
      }
    }
    boolean large = found.stream().anyMatch(Reply.Streamed.class::isInstance);
    return large ? Reply.Streamed.of(Reply.mapOfPairs(found)) : reply(found);
  }

  static Reply xreadgroup(Args args, Keyspace db) {
    StreamReadOptions options = StreamReadOptions.parse(args, true);
    // One object for each key, however often it is named: it knows what was done to it before.
    TreeMap<byte[], StreamType> streams = new TreeMap<>(Arrays::compareUnsigned);
    List<StreamId> after = new ArrayList<>();
    for (int i = 0; i < options.streams(); i++) {
      byte[] key = options.key(args, i);
      StreamType stream = streams.get(key);
      if (stream == null) {
        stream = new StreamType(db.key(key));
        streams.put(key, stream);
      }
      if (stream.group(options.group()) == null) {
        throw new CommandException(
            RespErrors.noGroup(text(key), text(options.group()))
                + " in XREADGROUP with GROUP option");
      }
      byte[] id = options.id(args, i);
      if (isWord(id, '$')) {
        throw new CommandException(RespErrors.XREADGROUP_LAST_ID);
      }
      after.add(isWord(id, '>') ? StreamId.MAX : StreamIds.parse(id));
    }
    List<Reply> found = new ArrayList<>();
    for (int i = 0; i < options.streams(); i++) {
      StreamType stream = streams.get(options.key(args, i));
      List<StreamEntry> entries = deliver(stream, options, after.get(i), db.timeMillis());
      if (entries != null) {
        found.add(Reply.bulk(options.key(args, i)));
        Reply reply = StreamReplies.entries(entries);
        db.charge(ReplySize.of(reply)); // a key may be named again and again
        found.add(reply);
      }
    }
    streams.values().forEach(StreamType::save);
    return reply(found);
  }

  /** What a consumer gets of one stream; null if it asked for new entries and there are none. */
  private static List<StreamEntry> deliver(
      StreamType stream, StreamReadOptions options, StreamId after, long nowMillis) {
    StreamGroup group = stream.group(options.group());
    StreamConsumer consumer = group.askedBy(options.consumer(), nowMillis);
    StreamDelivery delivery = new StreamDelivery(stream, group, consumer, nowMillis);
    if (!after.equals(StreamId.MAX)) {
      return delivery.deliverAgain(after.next(), options.limit());
    }
    List<StreamEntry> entries = delivery.deliverNew(options.limit(), !options.noAck());
    return entries.isEmpty() ? null : entries;
  }

  private static Reply reply(List<Reply> found) {
    return found.isEmpty() ? Reply.NULL_ARRAY : Reply.mapOfPairs(found);
  }

  private static boolean isWord(byte[] word, char only) {
    return word.length == 1 && word[0] == only;
  }

  private static String text(byte[] word) {
    return new String(word, StandardCharsets.ISO_8859_1);
  }
}
