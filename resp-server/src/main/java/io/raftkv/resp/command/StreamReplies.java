package io.raftkv.resp.command;

import io.raftkv.resp.reply.Reply;
import io.raftkv.storage.StreamId;
import io.raftkv.storage.type.StreamEntry;
import java.util.ArrayList;
import java.util.List;

/** Entries and ids in the shapes in which the stream commands answer them. */
final class StreamReplies {
  private StreamReplies() {}

  static Reply id(StreamId id) {
    return Reply.bulk(id.toBytes());
  }

  static Reply ids(List<StreamId> ids) {
    return Reply.array(ids.stream().map(StreamReplies::id).toList());
  }

  /** Id and fields; a null in place of the fields of a deleted entry. */
  static Reply entry(StreamEntry entry) {
    return Reply.array(
        id(entry.id()),
        entry.fieldsAndValues() == null ? Reply.NULL_ARRAY : Reply.bulks(entry.fieldsAndValues()));
  }

  static Reply entries(List<StreamEntry> entries) {
    return Reply.array(entries.stream().map(StreamReplies::entry).toList());
  }

  /** The ids alone, as JUSTID wants them. */
  static Reply idsOf(List<StreamEntry> entries) {
    return Reply.array(entries.stream().map(entry -> id(entry.id())).toList());
  }

  /** A map of names and what they stand for, in turn. */
  static Reply map(Object... namesAndReplies) {
    List<Reply> items = new ArrayList<>(namesAndReplies.length);
    for (Object item : namesAndReplies) {
      if (item instanceof Reply reply) {
        items.add(reply);
      } else {
        items.add(item instanceof Long number ? Reply.integer(number) : Reply.bulk((String) item));
      }
    }
    return Reply.map(items);
  }
}
