package io.raftkv.resp.reply;

import java.util.List;

/** About how much memory a reply holds. Equal for equal replies, on every node. */
public final class ReplySize {
  /** An object with its header and the reference to it. */
  static final int OBJECT_BYTES = 32;

  private ReplySize() {}

  /** Bytes. */
  public static long of(Reply reply) {
    if (reply instanceof Reply.Bulk bulk) {
      return OBJECT_BYTES + (long) bulk.bytes().length;
    } else if (reply instanceof Reply.Array array) {
      return of(array.items());
    } else if (reply instanceof Reply.MapOf map) {
      return of(map.keysAndValues());
    } else if (reply instanceof Reply.MapOfPairs map) {
      return of(map.keysAndValues());
    } else if (reply instanceof Reply.Pairs pairs) {
      return of(pairs.firstsAndSeconds());
    } else if (reply instanceof Reply.SetOf set) {
      return of(set.items());
    } else if (reply instanceof Reply.Push push) {
      return of(push.items());
    } else if (reply instanceof Reply.Verbatim verbatim) {
      return OBJECT_BYTES + (long) verbatim.text().length;
    }
    return OBJECT_BYTES;
  }

  private static long of(List<Reply> items) {
    long bytes = OBJECT_BYTES;
    for (Reply item : items) {
      bytes += of(item);
    }
    return bytes;
  }
}
