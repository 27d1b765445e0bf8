package io.raftkv.resp.codec;

import io.raftkv.resp.reply.Reply;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Writes replies as a client of RESP2 or RESP3 expects them, and commands as a server does.
 *
 * <p>A reply that cannot be written (a map without a value for its last key, a verbatim format that
 * is not three letters, {@link Reply.Moved}, which is none for clients) is a fault of ours: an
 * {@link IllegalArgumentException}, after which the output is incomplete and its connection has to
 * be closed.
 */
public final class RespEncoder {
  private static final byte[] OK = ascii("+OK\r\n");
  private static final byte[] NULL_2 = ascii("$-1\r\n");
  private static final byte[] NULL_ARRAY_2 = ascii("*-1\r\n");
  private static final byte[] NULL_3 = ascii("_\r\n");
  private static final byte[] TRUE_3 = ascii("#t\r\n");
  private static final byte[] FALSE_3 = ascii("#f\r\n");
  private static final int VERBATIM_FORMAT_CHARS = 3;

  private RespEncoder() {}

  /**
   * Writes one reply.
   *
   * @param protocolVersion 2 or 3
   */
  public static void encode(Reply reply, int protocolVersion, RespOutput out) {
    switch (protocolVersion) {
      case 2 -> encode(reply, false, out);
      case 3 -> encode(reply, true, out);
      default -> throw new IllegalArgumentException("RESP" + protocolVersion);
    }
  }

  /** Writes one command, its words as bulk strings. */
  public static void encodeCommand(byte[][] words, RespOutput out) {
    out.header('*', words.length);
    for (byte[] word : words) {
      out.bulk(word);
    }
  }

  private static void encode(Reply reply, boolean resp3, RespOutput out) {
    if (reply instanceof Reply.Bulk bulk) {
      out.bulk(bulk.bytes());
    } else if (reply instanceof Reply.Int number) {
      out.header(':', number.value());
    } else if (reply == Reply.OK) {
      out.raw(OK);
    } else if (reply instanceof Reply.Simple simple) {
      out.line('+', simple.text());
    } else if (reply instanceof Reply.Null) {
      out.raw(resp3 ? NULL_3 : NULL_2);
    } else if (reply instanceof Reply.Failure failure) {
      out.line('-', failure.line());
    } else if (reply instanceof Reply.Array array) {
      encodeAll('*', array.items(), resp3, out);
    } else if (reply instanceof Reply.Pairs pairs) {
      encodePairs(pairs.firstsAndSeconds(), resp3, resp3, out);
    } else if (reply instanceof Reply.MapOf map) {
      encodeMap(map.keysAndValues(), resp3, out);
    } else if (reply instanceof Reply.MapOfPairs map) {
      encodeMapOfPairs(map.keysAndValues(), resp3, out);
    } else if (reply instanceof Reply.SetOf set) {
      encodeAll(resp3 ? '~' : '*', set.items(), resp3, out);
    } else if (reply instanceof Reply.Push push) {
      encodeAll(resp3 ? '>' : '*', push.items(), resp3, out);
    } else if (reply instanceof Reply.NullArray) {
      out.raw(resp3 ? NULL_3 : NULL_ARRAY_2);
    } else {
      encodeScalar(reply, resp3, out);
    }
  }

  /** The kinds that RESP2 has no word for. */
  private static void encodeScalar(Reply reply, boolean resp3, RespOutput out) {
    if (reply instanceof Reply.DoubleValue number) {
      if (resp3) {
        out.doubleLine(',', number.value());
      } else {
        out.doubleBulk(number.value());
      }
    } else if (reply instanceof Reply.Bool bool) {
      if (resp3) {
        out.raw(bool.value() ? TRUE_3 : FALSE_3);
      } else {
        out.header(':', bool.value() ? 1 : 0);
      }
    } else if (reply instanceof Reply.BigNumber number) {
      if (resp3) {
        out.line('(', number.digits());
      } else {
        out.bulk(RespOutput.bytesOf(number.digits()));
      }
    } else if (reply instanceof Reply.Decimal number) {
      if (resp3) {
        out.line(',', number.digits());
      } else {
        out.bulk(RespOutput.bytesOf(number.digits()));
      }
    } else if (reply instanceof Reply.Verbatim verbatim) {
      encodeVerbatim(verbatim, resp3, out);
    } else {
      throw new IllegalArgumentException("no encoding for " + reply.getClass());
    }
  }

  private static void encodeAll(char type, List<Reply> items, boolean resp3, RespOutput out) {
    out.header(type, items.size());
    for (Reply item : items) {
      encode(item, resp3, out);
    }
  }

  private static void encodePairs(
      List<Reply> items, boolean nested, boolean resp3, RespOutput out) {
    if (!nested) {
      encodeAll('*', items, resp3, out);
      return;
    }
    out.header('*', items.size() / 2);
    for (int i = 0; i < items.size(); i += 2) {
      encodeAll('*', items.subList(i, i + 2), resp3, out);
    }
  }

  private static void encodeMapOfPairs(List<Reply> items, boolean resp3, RespOutput out) {
    if (resp3) {
      encodeMap(items, true, out);
    } else {
      encodePairs(items, true, false, out);
    }
  }

  private static void encodeMap(List<Reply> items, boolean resp3, RespOutput out) {
    if (items.size() % 2 != 0) {
      throw new IllegalArgumentException("map with a key but no value");
    }
    out.header(resp3 ? '%' : '*', resp3 ? items.size() / 2 : items.size());
    for (Reply item : items) {
      encode(item, resp3, out);
    }
  }

  /** What comes before the elements of a streamed reply. */
  static void encodeHeader(Reply.Streamed reply, boolean resp3, RespOutput out) {
    if (!resp3) {
      boolean nested = reply.shape() == Reply.Shape.MAP_OF_PAIRS;
      out.header('*', nested ? reply.count() : reply.itemCount());
      return;
    }
    switch (reply.shape()) {
      case ARRAY, PAIRS -> out.header('*', reply.count());
      case SET -> out.header('~', reply.count());
      case MAP, MAP_OF_PAIRS -> out.header('%', reply.count());
    }
  }

  /**
   * One element of a streamed reply; {@code second} is null in shapes without pairs, and left to
   * the caller if it is streamed itself.
   */
  static void encodeElement(
      Reply.Shape shape, Reply first, Reply second, boolean resp3, RespOutput out) {
    if (shape == (resp3 ? Reply.Shape.PAIRS : Reply.Shape.MAP_OF_PAIRS)) {
      out.header('*', 2);
    }
    encode(first, resp3, out);
    if (second != null && !(second instanceof Reply.Streamed)) {
      encode(second, resp3, out);
    }
  }

  private static void encodeVerbatim(Reply.Verbatim verbatim, boolean resp3, RespOutput out) {
    if (!resp3) {
      out.bulk(verbatim.text());
      return;
    }
    byte[] prefix = ascii(verbatim.format() + ":");
    if (prefix.length != VERBATIM_FORMAT_CHARS + 1) {
      throw new IllegalArgumentException("verbatim format " + verbatim.format());
    }
    out.prefixedBulk('=', prefix, verbatim.text());
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
