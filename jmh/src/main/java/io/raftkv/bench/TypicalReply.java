package io.raftkv.bench;

import io.raftkv.resp.reply.Reply;
import java.util.ArrayList;
import java.util.List;

/** Replies that servers send most. */
public enum TypicalReply {
  /** Of SET. */
  OK,
  /** Of INCR. */
  INTEGER,
  /** Of ZSCORE. */
  DOUBLE,
  /** Of GET, 64 bytes. */
  BULK_64,
  /** Of GET of something long: sent without a copy. */
  BULK_32K,
  /** Of LRANGE: 100 elements of 12 bytes. */
  ARRAY_100,
  /** Of HGETALL: 50 fields and values of 12 bytes. */
  MAP_50;

  /** A reply of this kind. */
  Reply make() {
    return switch (this) {
      case OK -> Reply.OK;
      case INTEGER -> Reply.integer(1_234_567);
      case DOUBLE -> Reply.doubleValue(1234.5);
      case BULK_64 -> bulk(SampleCommands.VALUE_BYTES);
      case BULK_32K -> bulk(32 * 1024);
      case ARRAY_100 -> Reply.array(elements(100));
      case MAP_50 -> Reply.map(elements(100));
    };
  }

  private static Reply bulk(int bytes) {
    return Reply.bulk("x".repeat(bytes));
  }

  private static List<Reply> elements(int count) {
    List<Reply> elements = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      elements.add(Reply.bulk(SampleCommands.element(i)));
    }
    return elements;
  }
}
