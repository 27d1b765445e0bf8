package io.raftkv.resp.command.local;

import io.raftkv.resp.reply.Reply;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** Collects the fields of a map reply, in order. */
final class MapReply {
  private final List<Reply> items = new ArrayList<>();

  MapReply put(String name, Reply value) {
    items.add(Reply.bulk(name));
    items.add(value);
    return this;
  }

  /** Null becomes the null reply. */
  MapReply put(String name, String value) {
    return put(name, value == null ? Reply.NULL : Reply.bulk(value));
  }

  MapReply put(String name, long value) {
    return put(name, Reply.integer(value));
  }

  MapReply put(String name, boolean value) {
    return put(name, value ? "yes" : "no");
  }

  MapReply put(String name, List<String> texts) {
    return put(name, Reply.array(texts.stream().map(Reply::bulk).toList()));
  }

  /** A moment as people read it; null for 0. */
  MapReply putTime(String name, long epochMillis) {
    return put(name, epochMillis == 0 ? null : Instant.ofEpochMilli(epochMillis).toString());
  }

  Reply reply() {
    return Reply.map(List.copyOf(items));
  }
}
