package io.raftkv.resp.reply;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Replies as compact bytes, to carry them between nodes.
 *
 * <pre>
 *   message  format:1 count:varint reply*
 *   reply    tag:1 then
 *     1 simple, 2 failure, 9 big number,
 *     18 decimal                          length:varint UTF-8
 *     3 integer                           zigzag varint
 *     4 bulk                              length:varint bytes
 *     5 null, 6 null array, 10 true, 11 false, 16 the simple reply OK
 *     7 array, 12 map, 13 set, 14 push    count:varint reply*
 *     17 pairs, 19 map of pairs           count:varint reply*
 *     8 double                            8 bytes, big-endian IEEE 754
 *     15 verbatim                         length:varint UTF-8 of the format, length:varint bytes
 *     20 moved                            nothing; between nodes only
 * </pre>
 *
 * <p>Varints are unsigned, seven bits a byte, lowest first. Tags are never reused; a change of
 * layout is a new format number. Every list of replies has exactly one encoding.
 */
public final class ReplyCodec {
  /** How deep aggregates may be nested, here and in RESP. */
  public static final int MAX_DEPTH = 64;

  private static final byte FORMAT = 1;

  private static final byte SIMPLE = 1;
  private static final byte FAILURE = 2;
  private static final byte INT = 3;
  private static final byte BULK = 4;
  private static final byte NULL = 5;
  private static final byte NULL_ARRAY = 6;
  private static final byte ARRAY = 7;
  private static final byte DOUBLE = 8;
  private static final byte BIG_NUMBER = 9;
  private static final byte TRUE = 10;
  private static final byte FALSE = 11;
  private static final byte MAP = 12;
  private static final byte SET = 13;
  private static final byte PUSH = 14;
  private static final byte VERBATIM = 15;
  private static final byte OK = 16;
  private static final byte PAIRS = 17;
  private static final byte DECIMAL = 18;
  private static final byte MAP_OF_PAIRS = 19;
  private static final byte MOVED = 20;

  private ReplyCodec() {}

  /** The bytes of one reply: a message of one. */
  public static byte[] encode(Reply reply) {
    return encodeAll(List.of(reply));
  }

  /**
   * The bytes of these replies, in order.
   *
   * @throws IllegalArgumentException if they are nested too deep or too large for one array
   */
  public static byte[] encodeAll(List<Reply> replies) {
    Writer writer = new Writer();
    writer.put(FORMAT);
    writer.putAll(replies, 0);
    return writer.toBytes();
  }

  /**
   * The one reply of a message.
   *
   * @throws MalformedReplyException if the bytes are anything else
   */
  public static Reply decode(byte[] message) {
    List<Reply> replies = decodeAll(message);
    if (replies.size() != 1) {
      throw new MalformedReplyException(replies.size() + " replies instead of one");
    }
    return replies.get(0);
  }

  /**
   * The replies of a message, in order.
   *
   * @throws MalformedReplyException if the bytes are not what {@link #encodeAll} makes
   */
  public static List<Reply> decodeAll(byte[] message) {
    Reader reader = new Reader(message);
    byte format = reader.take();
    if (format != FORMAT) {
      throw new MalformedReplyException("replies of format " + format + ", not " + FORMAT);
    }
    List<Reply> replies = reader.takeAll(0);
    reader.requireEnd();
    return replies;
  }

  private static final class Writer {
    private static final int FIRST_BYTES = 128;
    private static final int MAX_BYTES = Integer.MAX_VALUE - 16;

    private byte[] bytes = new byte[FIRST_BYTES];
    private int length;

    void putAll(List<Reply> replies, int depth) {
      putVarint(replies.size());
      for (Reply reply : replies) {
        put(reply, depth);
      }
    }

    private void put(Reply reply, int depth) {
      if (reply instanceof Reply.Bulk bulk) {
        put(BULK);
        putBytes(bulk.bytes());
      } else if (reply instanceof Reply.Int number) {
        put(INT);
        putVarint(number.value() << 1 ^ number.value() >> 63);
      } else if (reply instanceof Reply.Simple simple) {
        putSimple(simple.text());
      } else if (reply instanceof Reply.Null) {
        put(NULL);
      } else if (reply instanceof Reply.Failure failure) {
        put(FAILURE);
        putText(failure.line());
      } else if (reply instanceof Reply.Array array) {
        putAggregate(ARRAY, array.items(), depth);
      } else if (reply instanceof Reply.MapOf map) {
        putAggregate(MAP, map.keysAndValues(), depth);
      } else if (reply instanceof Reply.Pairs pairs) {
        putAggregate(PAIRS, pairs.firstsAndSeconds(), depth);
      } else if (reply instanceof Reply.MapOfPairs map) {
        putAggregate(MAP_OF_PAIRS, map.keysAndValues(), depth);
      } else if (reply instanceof Reply.SetOf set) {
        putAggregate(SET, set.items(), depth);
      } else if (reply instanceof Reply.Push push) {
        putAggregate(PUSH, push.items(), depth);
      } else if (reply instanceof Reply.NullArray) {
        put(NULL_ARRAY);
      } else if (reply instanceof Reply.DoubleValue number) {
        put(DOUBLE);
        putDouble(number.value());
      } else if (reply instanceof Reply.Bool bool) {
        put(bool.value() ? TRUE : FALSE);
      } else if (reply instanceof Reply.BigNumber number) {
        put(BIG_NUMBER);
        putText(number.digits());
      } else if (reply instanceof Reply.Decimal number) {
        put(DECIMAL);
        putText(number.digits());
      } else if (reply instanceof Reply.Verbatim verbatim) {
        put(VERBATIM);
        putText(verbatim.format());
        putBytes(verbatim.text());
      } else if (reply instanceof Reply.Moved) {
        put(MOVED);
      } else {
        throw new IllegalArgumentException("no encoding for " + reply.getClass());
      }
    }

    private void putSimple(String text) {
      if (text.equals("OK")) {
        put(OK);
      } else {
        put(SIMPLE);
        putText(text);
      }
    }

    private void putAggregate(byte tag, List<Reply> items, int depth) {
      if (depth == MAX_DEPTH) {
        throw new IllegalArgumentException("nested deeper than " + MAX_DEPTH);
      }
      put(tag);
      putAll(items, depth + 1);
    }

    void put(byte value) {
      ensure(1);
      bytes[length++] = value;
    }

    private void putVarint(long value) {
      long rest = value;
      while ((rest & ~0x7FL) != 0) {
        put((byte) (rest | 0x80));
        rest >>>= 7;
      }
      put((byte) rest);
    }

    /** Any NaN is the same one: its other bits differ between machines. */
    private void putDouble(double value) {
      ensure(Double.BYTES);
      ByteBuffer.wrap(bytes).putLong(length, Double.doubleToLongBits(value));
      length += Double.BYTES;
    }

    private void putText(String text) {
      putBytes(text.getBytes(StandardCharsets.UTF_8));
    }

    private void putBytes(byte[] value) {
      putVarint(value.length);
      ensure(value.length);
      System.arraycopy(value, 0, bytes, length, value.length);
      length += value.length;
    }

    private void ensure(int more) {
      long needed = (long) length + more;
      if (needed > MAX_BYTES) {
        throw new IllegalArgumentException("replies of more than " + MAX_BYTES + " bytes");
      }
      if (needed > bytes.length) {
        int grown = (int) Math.min(MAX_BYTES, Math.max(needed, 2L * bytes.length));
        bytes = Arrays.copyOf(bytes, grown);
      }
    }

    byte[] toBytes() {
      return length == bytes.length ? bytes : Arrays.copyOf(bytes, length);
    }
  }

  private static final class Reader {
    private static final int VARINT_BITS = 64;

    private final byte[] bytes;
    private int at;

    Reader(byte[] bytes) {
      this.bytes = bytes;
    }

    byte take() {
      if (at == bytes.length) {
        throw new MalformedReplyException("replies cut off after " + at + " bytes");
      }
      return bytes[at++];
    }

    List<Reply> takeAll(int depth) {
      int count = takeLength(); // every reply has a byte or more: the list cannot outgrow them
      List<Reply> replies = new ArrayList<>(count);
      for (int i = 0; i < count; i++) {
        replies.add(takeReply(depth));
      }
      return replies;
    }

    private Reply takeReply(int depth) {
      byte tag = take();
      return switch (tag) {
        case OK -> Reply.OK;
        case SIMPLE -> Reply.simple(takeText());
        case FAILURE -> Reply.error(takeText());
        case INT -> {
          long zigzag = takeVarint();
          yield Reply.integer(zigzag >>> 1 ^ -(zigzag & 1));
        }
        case BULK -> new Reply.Bulk(takeBytes());
        case NULL -> Reply.NULL;
        case NULL_ARRAY -> Reply.NULL_ARRAY;
        case ARRAY -> new Reply.Array(takeItems(depth));
        case MAP -> new Reply.MapOf(takePairs(depth));
        case PAIRS -> new Reply.Pairs(takePairs(depth));
        case MAP_OF_PAIRS -> new Reply.MapOfPairs(takePairs(depth));
        case SET -> new Reply.SetOf(takeItems(depth));
        case PUSH -> new Reply.Push(takeItems(depth));
        case DOUBLE -> new Reply.DoubleValue(takeDouble());
        case TRUE -> new Reply.Bool(true);
        case FALSE -> new Reply.Bool(false);
        case BIG_NUMBER -> new Reply.BigNumber(takeText());
        case DECIMAL -> new Reply.Decimal(takeText());
        case VERBATIM -> new Reply.Verbatim(takeText(), takeBytes());
        case MOVED -> Reply.MOVED;
        default -> throw new MalformedReplyException("unknown tag " + tag + " at byte " + (at - 1));
      };
    }

    private List<Reply> takeItems(int depth) {
      if (depth == MAX_DEPTH) {
        throw new MalformedReplyException("nested deeper than " + MAX_DEPTH);
      }
      return takeAll(depth + 1);
    }

    private List<Reply> takePairs(int depth) {
      List<Reply> items = takeItems(depth);
      if (items.size() % 2 != 0) {
        throw new MalformedReplyException("pairs with a first but no second item");
      }
      return items;
    }

    private long takeVarint() {
      long value = 0;
      for (int shift = 0; shift < VARINT_BITS; shift += 7) {
        byte next = take();
        long bits = next & 0x7FL;
        if (bits << shift >>> shift != bits || (next == 0 && shift > 0)) {
          throw new MalformedReplyException("bad number before byte " + at);
        }
        value |= bits << shift;
        if (next >= 0) {
          return value;
        }
      }
      throw new MalformedReplyException("bad number before byte " + at);
    }

    /** A length or count; no more than there are bytes left. */
    private int takeLength() {
      long length = takeVarint();
      if (length < 0 || length > bytes.length - at) {
        throw new MalformedReplyException("length " + length + " at byte " + at);
      }
      return (int) length;
    }

    private byte[] takeBytes() {
      int length = takeLength();
      byte[] value = Arrays.copyOfRange(bytes, at, at + length);
      at += length;
      return value;
    }

    private String takeText() {
      int length = takeLength();
      String text = new String(bytes, at, length, StandardCharsets.UTF_8);
      at += length;
      return text;
    }

    private double takeDouble() {
      if (bytes.length - at < Double.BYTES) {
        throw new MalformedReplyException("double cut off at byte " + at);
      }
      double value = ByteBuffer.wrap(bytes).getDouble(at);
      at += Double.BYTES;
      return value;
    }

    void requireEnd() {
      if (at != bytes.length) {
        throw new MalformedReplyException(bytes.length - at + " bytes after the replies");
      }
    }
  }
}
