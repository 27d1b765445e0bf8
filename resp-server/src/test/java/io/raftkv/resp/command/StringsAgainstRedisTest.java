package io.raftkv.resp.command;

import static io.raftkv.resp.command.RedisComparison.any;

import io.raftkv.storage.SeededRandom;
import io.raftkv.storage.TestSize;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Random commands on strings, their numbers and their bits, compared with a real Redis. */
class StringsAgainstRedisTest {
  private static final int SEQUENCES = TestSize.of(30, 300);
  private static final int STEPS = 400;

  /** Bytes of a row of a long string. */
  private static final int PIECE = 4 << 10;

  /** Where long strings are changed last. */
  private static final int FARTHEST = 60_000;

  private static RedisComparison both() throws IOException {
    return new RedisComparison(
        StringCommands.ALL, BitmapCommands.ALL, GenericCommands.ALL, ListCommands.ALL);
  }

  @Test
  void stringsAnswerAsRedis() throws IOException {
    try (RedisComparison both = both()) {
      both.sequences(
          SEQUENCES, STEPS, random -> addList(both), random -> both.check(onStrings(random)));
    }
  }

  @Test
  void bitmapsAnswerAsRedis() throws IOException {
    try (RedisComparison both = both()) {
      both.sequences(
          SEQUENCES,
          STEPS,
          random -> addList(both),
          random -> {
            String[] words = onBits(random);
            both.check((ours, theirs) -> isNewerThanTheServer(both, words, ours), words);
          });
    }
  }

  /**
   * Strings that outgrow their records, by changes of parts at places where pieces meet, and become
   * short again: what is in one row here and what is in several must answer alike.
   */
  @Test
  void longStringsAnswerAsRedis() throws IOException {
    try (RedisComparison both = both()) {
      both.sequences(
          TestSize.of(12, 120),
          STEPS,
          random -> addList(both),
          random -> {
            String[] words = onLongStrings(random);
            both.check((ours, theirs) -> isNewerThanTheServer(both, words, ours), words);
          });
    }
  }

  /** A key of another type beside the strings. */
  private static void addList(RedisComparison both) throws IOException {
    both.check("RPUSH", "list", "x");
  }

  /**
   * Since 7.2 these two commands look at all of their arguments before they look at the key; older
   * ones answer for a key that is absent or of another type, and BITCOUNT for a range that ends
   * before it begins, first.
   */
  private static boolean isNewerThanTheServer(
      RedisComparison both, String[] words, ReplyTree ours) {
    return Set.of("BITCOUNT", "BITPOS").contains(words[0])
        && ours.isError()
        && (!both.ours("TYPE", words[1]).text().equals("string")
            || (words.length == 5 && words[2].startsWith("-") && words[3].startsWith("-")));
  }

  // ---- strings ----

  /** Only absolute times are given to the key {@code t}, so that they can be compared. */
  private static String key(SeededRandom random) {
    return any(random, "a", "b", "c", "d", "t", "list");
  }

  private static String value(SeededRandom random) {
    return switch (random.nextInt(4)) {
      case 0 ->
          any(random, "", "0", "-1", "10", "9223372036854775807", "-9223372036854775808", "+1");
      case 1 ->
          any(
              random, "3.0", "1e3", "-0.5", " 1", "1 ", "01", "0x10", "inf", "-inf", "nan",
              "1e400");
      case 2 -> any(random, "abcab", "cabba", "bbbaacbabc", "a\r\nb\0\u00ff", "ab", "c");
      default -> Long.toString(random.nextInt(2000) - 1000);
    };
  }

  private static String position(SeededRandom random) {
    return random.nextInt(12) == 0
        ? any(random, "x", "", "9223372036854775807", "-9223372036854775808", "1.0", "-0")
        : Long.toString(random.nextInt(30) - 15);
  }

  /** Mostly an offset that is not below zero; none of those that would need much memory. */
  private static String offset(SeededRandom random) {
    return random.nextInt(6) == 0
        ? any(random, "x", "-1", "536870912", "9223372036854775807", "-9223372036854775808")
        : Long.toString(random.nextInt(40));
  }

  private static String number(SeededRandom random) {
    return any(random, "1", "-1", "5", "9223372036854775807", "-9223372036854775808", "x", "1.5");
  }

  private static void addExpiry(List<String> words, boolean absolute, SeededRandom random) {
    String unit = absolute ? any(random, "EXAT", "pxat") : any(random, "EX", "px", "EXAT", "PXAT");
    words.add(unit);
    if (random.nextInt(10) > 0) {
      words.add(
          any(
              random,
              "4000000000",
              "4000000001500",
              "9223372036854775",
              "9223372036854776",
              "0",
              "-5",
              "x",
              unit.endsWith("AT") || unit.endsWith("at") ? "1" : "1000000"));
    }
  }

  private static String[] onStrings(SeededRandom random) {
    String key = key(random);
    List<String> words = new ArrayList<>();
    switch (random.nextInt(28)) {
      case 0, 1, 2, 3 -> {
        words.addAll(List.of("SET", key, value(random)));
        for (int i = random.nextInt(4); i > 0; i--) {
          switch (random.nextInt(4)) {
            case 0 -> addExpiry(words, key.equals("t"), random);
            case 1 -> words.add(any(random, "NX", "xx", "GET", "PERSIST", "bad"));
            default -> words.add(any(random, "NX", "XX", "GET", "KEEPTTL"));
          }
        }
      }
      case 4, 5 -> {
        words.addAll(List.of("GETEX", key));
        for (int i = random.nextInt(3); i > 0; i--) {
          if (random.nextInt(3) == 0) {
            words.add(any(random, "PERSIST", "KEEPTTL", "NX"));
          } else {
            addExpiry(words, key.equals("t"), random);
          }
        }
      }
      case 6 -> words.addAll(List.of("GETDEL", key));
      case 7 -> words.addAll(List.of("GET", key));
      case 8 -> words.addAll(List.of("MGET", key, key(random), key(random)));
      case 9 -> words.addAll(List.of("MSETNX", key, value(random), key(random), value(random)));
      case 10 -> {
        words.addAll(List.of("MSET", key, value(random), key(random)));
        if (random.nextInt(4) > 0) {
          words.add(value(random));
        }
      }
      case 11 -> words.addAll(List.of("APPEND", key, value(random)));
      case 12 -> words.addAll(List.of("STRLEN", key));
      case 13 -> words.addAll(List.of("GETRANGE", key, position(random), position(random)));
      case 14 -> words.addAll(List.of("SUBSTR", key, position(random), position(random)));
      case 15, 16 -> words.addAll(List.of("SETRANGE", key, offset(random), value(random)));
      case 17 -> words.addAll(List.of(any(random, "INCR", "DECR"), key));
      case 18 -> words.addAll(List.of(any(random, "INCRBY", "DECRBY"), key, number(random)));
      case 19, 20 -> words.addAll(List.of("INCRBYFLOAT", key, value(random)));
      case 21, 22 -> {
        words.addAll(List.of("LCS", key, key(random)));
        for (int i = random.nextInt(4); i > 0; i--) {
          words.add(any(random, "IDX", "LEN", "WITHMATCHLEN", "MINMATCHLEN", "2", "-1", "bad"));
        }
      }
      case 23 -> words.addAll(List.of(any(random, "GETSET", "SETNX"), key, value(random)));
      case 24 -> {
        String unit = key.equals("t") ? "4000000000" : any(random, "0", "-1", "x", "1000000");
        words.addAll(
            key.equals("t")
                ? List.of("EXPIREAT", key, unit)
                : List.of(any(random, "SETEX", "PSETEX"), key, unit, value(random)));
      }
      case 25 -> words.addAll(key.equals("t") ? List.of("PEXPIRETIME", key) : List.of("DEL", key));
      case 26 -> words.addAll(List.of("PERSIST", key));
      default -> {
        words.addAll(List.of("SET", key, value(random)));
        words.remove(random.nextInt(3)); // too few words, or another command's name
        if (!words.get(0).equals("SET")) {
          words.add(0, "APPEND");
        }
      }
    }
    // The list is only there to be of the wrong type.
    boolean replaces = Set.of("SET", "MSET", "SETEX", "PSETEX", "DEL").contains(words.get(0));
    return replaces && words.contains("list")
        ? new String[] {"STRLEN", "list"}
        : words.toArray(String[]::new);
  }

  // ---- long strings ----

  /** A place in a long string: often where pieces meet, or at the limit of a record. */
  private static int place(SeededRandom random) {
    return switch (random.nextInt(3)) {
      case 0 -> random.nextInt(FARTHEST);
      case 1 -> Math.max(0, random.nextInt(15) * PIECE + random.nextInt(9) - 4);
      default -> 4 * PIECE + random.nextInt(5) - 2;
    };
  }

  private static String index(SeededRandom random) {
    return Integer.toString(random.nextInt(3) == 0 ? -place(random) : place(random));
  }

  private static String bitPlace(SeededRandom random) {
    return Integer.toString(place(random) * Byte.SIZE + random.nextInt(Byte.SIZE));
  }

  /** Mostly little; sometimes more than a piece, or nothing but zeros or ones. */
  private static String content(SeededRandom random) {
    return switch (random.nextInt(8)) {
      case 0 -> any(random, "\0", "\u00ff", "x").repeat(random.nextInt(3 * PIECE));
      case 1 -> "\0".repeat(PIECE);
      case 2 -> "";
      default -> any(random, "a", "bc", "\0\0\1", "\u00ff\u00ff", "def".repeat(9));
    };
  }

  private static String[] onLongStrings(SeededRandom random) {
    String key = any(random, "a", "b", "c", random.nextInt(8) == 0 ? "list" : "a");
    String other = any(random, "a", "b", "c");
    List<String> words = new ArrayList<>();
    switch (random.nextInt(30)) {
      case 0 -> words.addAll(List.of("SET", other, "v".repeat(random.nextInt(FARTHEST))));
      case 1 -> words.addAll(List.of("SET", other, any(random, "", "7", "short")));
      case 2 -> words.addAll(List.of(any(random, "DEL", "GETDEL"), other));
      case 3, 4, 5, 6 -> words.addAll(List.of("APPEND", key, content(random)));
      case 7, 8, 9, 10 ->
          words.addAll(List.of("SETRANGE", key, Integer.toString(place(random)), content(random)));
      case 11, 12, 13 ->
          words.addAll(List.of("SETBIT", key, bitPlace(random), any(random, "0", "1", "1")));
      case 14 -> words.addAll(List.of("GETBIT", key, bitPlace(random)));
      case 15, 16 -> {
        words.addAll(List.of(any(random, "BITFIELD", "BITFIELD", "BITFIELD_RO"), key));
        boolean writes = words.get(0).equals("BITFIELD");
        for (int i = random.nextInt(4); i > 0; i--) {
          boolean get = !writes || random.nextInt(2) == 0;
          words.addAll(
              List.of(get ? "GET" : "INCRBY", "u" + (1 + random.nextInt(63)), bitPlace(random)));
          if (!get) {
            words.add(any(random, "1", "-1", "1000"));
          }
        }
      }
      case 17, 18 -> words.addAll(List.of("GETRANGE", key, index(random), index(random)));
      case 19, 20 -> {
        words.addAll(List.of("BITCOUNT", key, index(random), index(random)));
        words.addAll(random.nextInt(2) == 0 ? List.of("BIT") : List.of());
      }
      case 21, 22, 23 -> {
        words.addAll(List.of("BITPOS", key, any(random, "0", "1")));
        for (int i = random.nextInt(3); i > 0; i--) {
          words.add(index(random));
        }
      }
      case 24 ->
          words.addAll(
              List.of("BITOP", any(random, "AND", "OR", "XOR"), other, key, any(random, "a", "b")));
      case 25 -> words.addAll(List.of("BITOP", "NOT", other, key));
      case 26 -> words.addAll(List.of("COPY", key, other, "REPLACE"));
      case 27 -> words.addAll(List.of("STRLEN", key));
      case 28 -> words.addAll(List.of("BITCOUNT", key));
      default -> words.addAll(List.of("GET", key));
    }
    // The list is only there to be of the wrong type.
    return words.get(0).equals("COPY") && key.equals("list")
        ? new String[] {"INCR", "list"}
        : words.toArray(String[]::new);
  }

  // ---- bits ----

  private static String bitOffset(SeededRandom random) {
    return random.nextInt(10) == 0
        ? any(
            random,
            "-1",
            "x",
            "",
            "4294967296",
            "9223372036854775807",
            "-9223372036854775808",
            "#1",
            "1.0",
            "01")
        : Long.toString(random.nextInt(200));
  }

  private static String fieldOffset(SeededRandom random) {
    return random.nextInt(4) == 0
        ? "#" + any(random, "0", "1", "3", "7", "-1", "x", "", "9223372036854775807", "#1")
        : bitOffset(random);
  }

  private static String fieldType(SeededRandom random) {
    return random.nextInt(15) == 0
        ? any(random, "u64", "i65", "u0", "i0", "x8", "U8", "i", "", "i08", "i-1")
        : any(random, "i", "u") + (1 + random.nextInt(63));
  }

  /** No numbers so small that Redis' check for an overflow itself overflows. */
  private static String fieldValue(SeededRandom random) {
    return switch (random.nextInt(4)) {
      case 0 -> Long.toString(random.nextInt(5) - 2);
      case 1 -> Long.toString(random.nextLong() >> random.nextInt(63));
      case 2 -> any(random, "9223372036854775807", "x", "255", "256", "-128", "-129", "");
      default -> Long.toString(random.nextInt(300) - 150);
    };
  }

  private static String bitKey(SeededRandom random) {
    return any(random, "a", "b", "c", "d", "e", "f", random.nextInt(4) == 0 ? "list" : "a");
  }

  private static void addRange(List<String> words, int most, SeededRandom random) {
    int count = random.nextInt(most + 1);
    for (int i = 0; i < count; i++) {
      words.add(i < 2 ? wideRange(random) : any(random, "BIT", "byte", "bit", "BYTE", "x"));
    }
  }

  private static String wideRange(SeededRandom random) {
    return random.nextInt(3) == 0 ? Long.toString(random.nextInt(400) - 200) : position(random);
  }

  private static String[] onBits(SeededRandom random) {
    String key = bitKey(random);
    List<String> words = new ArrayList<>();
    switch (random.nextInt(14)) {
      case 0, 1 ->
          words.addAll(
              List.of("SETBIT", key, bitOffset(random), any(random, "0", "1", "1", "1", "2", "x")));
      case 2 -> words.addAll(List.of("GETBIT", key, bitOffset(random)));
      case 3, 4 -> {
        words.addAll(List.of("BITCOUNT", key));
        addRange(words, 4, random);
      }
      case 5, 6 -> {
        words.addAll(List.of("BITPOS", key, any(random, "0", "1", "0", "1", "0", "1", "2", "x")));
        addRange(words, 4, random);
      }
      case 7, 8 -> {
        String target = any(random, "a", "b", "c", "d", "e", "f");
        words.addAll(List.of("BITOP", any(random, "AND", "or", "XOR", "NOT", "BAD"), target, key));
        for (int i = random.nextInt(3); i > 0; i--) {
          words.add(bitKey(random));
        }
      }
      case 9, 10, 11 -> addFields(words, "BITFIELD", key, random);
      case 12 -> addFields(words, "BITFIELD_RO", key, random);
      default -> {
        if (random.nextInt(3) == 0) {
          words.addAll(
              List.of("SET", any(random, "a", "b", "c"), any(random, "", "\u00ff\u00ff", "\0\1")));
        } else {
          words.addAll(List.of("GET", key));
        }
      }
    }
    return words.toArray(String[]::new);
  }

  private static void addFields(
      List<String> words, String command, String key, SeededRandom random) {
    words.addAll(List.of(command, key));
    boolean onlyGet = command.endsWith("RO") && random.nextInt(4) > 0;
    for (int i = random.nextInt(4); i > 0; i--) {
      switch (onlyGet ? 0 : random.nextInt(4)) {
        case 0 -> words.addAll(List.of("GET", fieldType(random), fieldOffset(random)));
        case 1 -> words.addAll(List.of("OVERFLOW", any(random, "WRAP", "sat", "FAIL", "SAT", "x")));
        default ->
            words.addAll(
                List.of(
                    any(random, "SET", "incrby", "INCRBY"),
                    fieldType(random),
                    fieldOffset(random),
                    fieldValue(random)));
      }
    }
    if (random.nextInt(20) == 0) {
      words.remove(words.size() - 1);
    }
  }
}
