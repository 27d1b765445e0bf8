package io.raftkv.it.compare;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Function;

/**
 * The random words of one sequence of commands. Most of what it draws is valid and small, so that
 * commands meet on the same keys and members; some of it is at the limits, and some is wrong.
 *
 * <p>{@link #KINDS} names the kinds of words that templates may use.
 */
final class Draw {
  /** Appends one word or more. */
  interface Kind {
    void draw(Draw draw, List<String> words);
  }

  /** A key that holds whatever type came first: for commands on the wrong type. */
  private static final String FOREIGN = "x";

  private static final List<String> GROUPS = List.of("g1", "g1", "g1", "g2", "\u00ff", "");
  private static final List<String> CONSUMERS = List.of("alice", "alice", "bob", "eve", "");
  private static final List<String> NO_STREAM_IDS =
      List.of("foo", "5-", "-*", "1-2-3", "18446744073709551616", "+7-1", "", "0-0", "-1-1");
  private static final List<String> POOL = List.of("a", "a", "a", "a", "b", "b", "c");
  private static final String MAX = "9223372036854775807";
  private static final String MIN = "-9223372036854775808";
  private static final String LONG_WORD = "l".repeat(70);

  private static final List<String> NO_INTEGERS =
      List.of("", "abc", "1.5", " 1", "1 ", "+1", "01", "-0", "0x10", "1e3", "-", "--1").stream()
          .toList();
  private static final List<String> EXTREME_INTEGERS =
      List.of(
          MAX,
          MIN,
          "9223372036854775806",
          "-9223372036854775807",
          "9223372036854775808",
          "-9223372036854775809",
          "18446744073709551616",
          "4294967296",
          "2147483648",
          "-2147483649");
  private static final List<String> FLOATS =
      List.of(
          "0",
          "1",
          "-1",
          "0.1",
          "0.5",
          "1.5",
          "-2.75",
          "3.14159265358979",
          "100",
          "1e3",
          "1.5e-5",
          "5e-324",
          "1.7976931348623157e308",
          "1e21",
          "123456789012345678",
          "+5",
          ".5",
          "5.",
          "-0",
          "0.30000000000000004",
          "1e-7",
          "00012",
          "4611686018427387904",
          "1E2");
  private static final List<String> ODD_FLOATS =
      List.of(
          "nan",
          "NaN",
          "-nan",
          "inf",
          "+inf",
          "-inf",
          "Infinity",
          "-INFINITY",
          "infinit",
          "1e400",
          "-1e400",
          "1e-400",
          "0x10",
          "0x1p-3",
          "0x",
          "-0x1.8p1",
          "",
          " 1",
          "1 ",
          "1.2.3",
          "1e",
          "1d",
          "1f",
          "abc",
          "1,5",
          "--1",
          "\u00001",
          "1\u0000",
          "nan(1)",
          "1e5000");

  /** What a word is replaced with to make a command wrong. None is a number that costs time. */
  private static final List<String> JUNK =
      List.of(
          "",
          "abc",
          "-1",
          "0",
          "3.5",
          "9223372036854775808",
          " 1",
          "a\r\nb",
          "\u0000\u00ff",
          "COUNT",
          "LIMIT",
          "NX",
          "withscores",
          "*",
          "inf",
          "nan");

  /** Scores of which sums and products are again such scores, which all releases print alike. */
  private static final List<String> ZEROS =
      List.of("-0", "-0", "-0", "-0", "0", "0", "inf", "-inf");

  /** Sorted sets with a score of -0: one that Redis packs, and one with a member of 65 bytes. */
  private static final List<String> ZERO_DUMPS =
      List.of(
          bytes(
              "0503016200000000000000000161000000000000008001"
                  + "63000000000000f0ff0a00406c28d2599f4ea0"),
          bytes(
              "0504c3094041017878e03400017878000000000000f03f0162000000000000000001"
                  + "6100000000000000800163000000000000f0ff0a0054237c8b507d3ea6"));

  private static final Map<String, Kind> KINDS =
      Map.ofEntries(
          word("key", Draw::key),
          word("named", draw -> draw.issued(draw.prefix + draw.name())),
          word("pattern", draw -> draw.prefix + draw.glob()),
          Map.entry("keys", Draw::countedKeys),
          word("member", Draw::member),
          word("many", draw -> "m" + draw.below(400)),
          word("wide", draw -> "w".repeat(59) + (char) (' ' + draw.below(200))),
          word("zero", draw -> draw.oneOf(ZEROS)),
          word("zerodump", draw -> draw.oneOf(ZERO_DUMPS)),
          word("value", Draw::value),
          word("integer", Draw::integer),
          word("index", draw -> draw.rarely(20) ? draw.integer() : draw.between(-7, 7)),
          word("rank", draw -> draw.rarely(20) ? draw.integer() : draw.between(-200, 200)),
          word("whole", draw -> draw.between(-200, 200)),
          word("offset", draw -> draw.rarely(15) ? draw.badOffset() : draw.between(0, 40)),
          word("count", Draw::count),
          word("pagesize", draw -> draw.rarely(8) ? draw.count() : draw.between(20, 300)),
          word("picks", Draw::picks),
          word("float", Draw::floating),
          word("score", Draw::score),
          word("scorelimit", draw -> (draw.rarely(4) ? "(" : "") + draw.score()),
          word("lexlimit", Draw::lexLimit),
          word("glob", Draw::glob),
          word("cursor", draw -> draw.rarely(12) ? draw.oneOf(NO_INTEGERS) : "0"),
          word("seconds", Draw::seconds),
          word("millis", draw -> draw.rarely(10) ? draw.badTime() : draw.distinctSeconds() + "000"),
          word("unixseconds", draw -> draw.rarely(10) ? draw.badTime() : draw.unixSeconds()),
          word("unixmillis", draw -> draw.rarely(10) ? draw.badTime() : draw.unixSeconds() + "123"),
          word("bitoffset", draw -> draw.rarely(15) ? draw.badBit() : draw.between(0, 300)),
          word("bitplace", draw -> (draw.rarely(3) ? "#" : "") + draw.bitPlace()),
          word("bittype", Draw::bitType),
          word("bitfield", Draw::bitField),
          word("longitude", draw -> draw.degrees(180)),
          word("latitude", draw -> draw.degrees(85)),
          word("distance", draw -> draw.rarely(15) ? draw.floating() : draw.between(1, 9_000)),
          word("newid", Draw::newStreamId),
          word("someid", Draw::streamId),
          word("idlimit", Draw::streamLimit),
          word("group", draw -> draw.oneOf(GROUPS)),
          word("consumer", draw -> draw.oneOf(CONSUMERS)),
          word("brief", Draw::brief),
          word("otherdb", draw -> draw.rarely(8) ? draw.oneOf(JUNK) : draw.place.otherDatabase()));

  private final Random random;
  private final String prefix;
  private final Sequence.Place place;
  private final Set<String> keys = new LinkedHashSet<>();
  private int times;
  private int lastStreamId = 3;
  private boolean waits;

  /**
   * @param prefix what all keys begin with
   * @param place where the sequence runs
   */
  Draw(Random random, String prefix, Sequence.Place place) {
    this.random = random;
    this.prefix = prefix;
    this.place = place;
    this.times = random.nextInt(10_000);
  }

  /** The kind of this name; fails if there is none. */
  static Kind kind(String name) {
    Kind kind = KINDS.get(name);
    if (kind == null) {
      throw new IllegalArgumentException("no kind of word named " + name);
    }
    return kind;
  }

  /** Each as one character. */
  private static String bytes(String hex) {
    return new String(HexFormat.of().parseHex(hex), StandardCharsets.ISO_8859_1);
  }

  private static Map.Entry<String, Kind> word(String name, Function<Draw, String> one) {
    return Map.entry(name, (draw, words) -> words.add(one.apply(draw)));
  }

  /** All keys drawn so far. */
  Set<String> keys() {
    return keys;
  }

  /** The key that preambles give a type. */
  String foreignKey() {
    return issued(prefix + FOREIGN);
  }

  /** A word that is wrong in most places; as a key it may be in another slot. */
  String junk() {
    if (!place.shared()) {
      return oneOf(JUNK);
    }
    String otherSlot = prefix.replace("}", "'}");
    return (rarely(3) ? otherSlot : prefix) + oneOf(JUNK);
  }

  /** True if, since this was asked last, something was drawn that has to pass with time. */
  boolean takeWait() {
    boolean answer = waits;
    waits = false;
    return answer;
  }

  int below(int bound) {
    return random.nextInt(bound);
  }

  boolean rarely(int oneIn) {
    return random.nextInt(oneIn) == 0;
  }

  <T> T oneOf(List<T> all) {
    return all.get(random.nextInt(all.size()));
  }

  private String between(int low, int high) {
    return Integer.toString(low + random.nextInt(high - low + 1));
  }

  private String issued(String key) {
    keys.add(key);
    return key;
  }

  private String key() {
    if (rarely(20)) {
      return foreignKey();
    }
    return issued(prefix + (rarely(20) ? "none" : oneOf(POOL)));
  }

  private void countedKeys(List<String> words) {
    int count = 1 + random.nextInt(3);
    words.add(rarely(20) ? integer() : Integer.toString(rarely(20) ? count + 1 : count));
    for (int i = 0; i < count; i++) {
      words.add(key());
    }
  }

  private String name() {
    return letters("aabbbc[]^-*?\\", 1 + random.nextInt(4));
  }

  private String glob() {
    return rarely(3) ? "*" : letters("aabc***??[[]]^--\\\\", random.nextInt(7));
  }

  private String letters(String alphabet, int length) {
    StringBuilder word = new StringBuilder();
    for (int i = 0; i < length; i++) {
      word.append(alphabet.charAt(random.nextInt(alphabet.length())));
    }
    return word.toString();
  }

  private String member() {
    return switch (random.nextInt(25)) {
      case 0, 1 -> "m" + random.nextInt(400);
      case 2, 3, 4 -> between(-3, 12);
      case 5 -> rarely(2) ? "" : "\u0000\r\n\u00ff";
      case 6 -> rarely(3) ? LONG_WORD : Character.toString('A' + random.nextInt(6));
      case 7 -> rarely(4) ? oneOf(FLOATS) : "ab";
      default -> Character.toString('a' + random.nextInt(6));
    };
  }

  private String value() {
    return switch (random.nextInt(12)) {
      case 0, 1, 2 -> integer();
      case 3, 4 -> floating();
      case 5 -> rarely(3) ? "v".repeat(1 + random.nextInt(3_000)) : "";
      case 6 -> "\u0000\r\n\u00ff" + random.nextInt(10);
      default -> letters("abcdef ", 1 + random.nextInt(12));
    };
  }

  private String integer() {
    return switch (random.nextInt(30)) {
      case 0, 1 -> oneOf(EXTREME_INTEGERS);
      case 2 -> oneOf(NO_INTEGERS);
      case 3 -> Long.toString(random.nextLong());
      case 4, 5, 6 -> between(-1000, 1000);
      default -> between(-10, 10);
    };
  }

  private String badBit() {
    return oneOf(List.of("-1", MAX, MIN, "4294967296", "abc", "1.5", ""));
  }

  private String bitPlace() {
    return rarely(15) ? badBit() : between(0, 70);
  }

  private String bitType() {
    return rarely(15)
        ? oneOf(List.of("i0", "u64", "i65", "x8", "u", "", "i-1"))
        : (rarely(2) ? "i" : "u") + (1 + random.nextInt(63));
  }

  /** Not the smallest numbers: how far they are from others overflows in Redis. */
  private String bitField() {
    String value = integer();
    return value.startsWith("-9223372036854775") ? "-4611686018427387904" : value;
  }

  /** So many different ones that no two places are equally far from a third one. */
  private String degrees(int most) {
    return rarely(40)
        ? oneOf(List.of("180.1", "-90", "abc", "nan", "inf", ""))
        : String.format(Locale.ROOT, "%.6f", (2 * random.nextDouble() - 1) * most);
  }

  private String newStreamId() {
    if (rarely(20)) {
      return oneOf(NO_STREAM_IDS);
    }
    lastStreamId += random.nextInt(3);
    return lastStreamId + (rarely(3) ? "-" + random.nextInt(5) : "-*");
  }

  private String streamId() {
    return rarely(40)
        ? oneOf(NO_STREAM_IDS)
        : random.nextInt(lastStreamId + 3) + (rarely(4) ? "" : "-" + random.nextInt(3));
  }

  private String streamLimit() {
    return switch (random.nextInt(6)) {
      case 0, 1 -> "-";
      case 2, 3 -> "+";
      case 4 -> "(" + streamId();
      default -> streamId();
    };
  }

  private String badOffset() {
    return oneOf(List.of("-1", MAX, MIN, "536870912", "4294967296", "abc", "1.5", "", "200"));
  }

  private String count() {
    return switch (random.nextInt(20)) {
      case 0 -> oneOf(NO_INTEGERS);
      case 1 -> oneOf(EXTREME_INTEGERS);
      case 2 -> "-1";
      case 3, 4 -> between(10, 300);
      default -> between(0, 5);
    };
  }

  /** Not a count far below zero: Redis would answer that many. */
  private String picks() {
    return switch (random.nextInt(20)) {
      case 0 -> oneOf(NO_INTEGERS);
      case 1 -> oneOf(List.of(MAX, MIN, "9223372036854775808", "4611686018427387904"));
      case 2, 3 -> between(-300, 300);
      default -> between(-7, 7);
    };
  }

  private String floating() {
    return switch (random.nextInt(12)) {
      case 0 -> oneOf(ODD_FLOATS);
      case 1, 2, 3 -> oneOf(FLOATS);
      case 4 -> Double.toString(random.nextGaussian());
      case 5 -> Double.toString(Double.longBitsToDouble(random.nextLong()));
      default -> between(-20, 20) + (rarely(2) ? "" : "." + random.nextInt(100));
    };
  }

  private String score() {
    return rarely(4) ? floating() : between(-4, 8);
  }

  private String lexLimit() {
    return switch (random.nextInt(12)) {
      case 0, 1 -> "-";
      case 2, 3 -> "+";
      case 4 -> oneOf(List.of("", "a", "-x", "+x", "[", "(", "--", "inf"));
      default -> (rarely(2) ? "[" : "(") + member();
    };
  }

  /** Seconds that differ from all others of the sequence by more than it can last. */
  private String distinctSeconds() {
    times++;
    return Integer.toString(1_000 + (times * 7_919 % 100_003) * 10);
  }

  private String seconds() {
    return rarely(10) ? badTime() : distinctSeconds();
  }

  private String unixSeconds() {
    return "40" + (10_000_000 + Integer.parseInt(distinctSeconds()));
  }

  private String badTime() {
    return oneOf(
        List.of(
            "0",
            "-1",
            "-100",
            MAX,
            MIN,
            "9223372036854775",
            "-9223372036854776",
            "abc",
            "",
            "1.5",
            "9223372036854775808",
            "9223370000000000",
            "1000000000"));
  }

  /** A time to live that is over soon; the sequence then waits for that. */
  private String brief() {
    waits = true;
    return between(1, 20);
  }
}
