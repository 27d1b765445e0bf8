package io.raftkv.resp.command;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Random commands on a few streams, groups and consumers, mistakes among them, whose replies do not
 * depend on time or on what Redis has changed between 7.0 and 7.2.
 */
final class StreamScriptMaker {
  /** Beyond what a test run takes, in milliseconds. */
  private static final String MUCH = "10000000";

  private static final String[] KEYS = {"a", "{a}b", "c", "text"};
  private static final String[] GROUPS = {"g1", "g2", "g\u00ff", ""};
  private static final String[] CONSUMERS = {"alice", "bob", "eve", ""};

  private final Random random;
  private long top = 3;

  StreamScriptMaker(long seed) {
    random = new Random(seed);
  }

  /** The next commands, which belong together. */
  List<String[]> next() {
    List<String> words = new ArrayList<>();
    switch (random.nextInt(24)) {
      case 0, 1, 2, 3, 4, 5 -> xadd(words);
      case 6 -> xtrim(words);
      case 7 -> xdel(words);
      case 8 -> xrange(words);
      case 9 -> xread(words);
      case 10, 11, 12 -> {
        return xreadgroup();
      }
      case 13, 14 -> {
        words.addAll(List.of("XACK", key(), group()));
        ids(words);
      }
      case 15 -> xpending(words);
      case 16, 17 -> {
        return xclaim();
      }
      case 18 -> {
        return xautoclaim();
      }
      case 19, 20 -> xgroup(words);
      case 21, 22 -> xinfo(words);
      default -> other(words);
    }
    return List.<String[]>of(words.toArray(String[]::new));
  }

  private void xadd(List<String> words) {
    words.addAll(List.of("XADD", key()));
    if (chance(8)) {
      words.add("NOMKSTREAM");
    }
    if (chance(4)) {
      trim(words);
    }
    if (chance(30)) {
      words.add(
          pick("0-0", "foo", "-", "5-", "-*", "1-2-3", "18446744073709551616", "+7-1", "007"));
    } else if (chance(10)) {
      words.add(id());
    } else {
      top += random.nextInt(3);
      words.add(top + pick("-*", "-*", "-*", "-" + random.nextInt(5)));
    }
    for (int i = random.nextInt(3); i >= 0; i--) {
      words.add("f" + random.nextInt(4));
      words.add("v" + random.nextInt(100));
    }
    if (chance(40)) {
      words.remove(words.size() - 1);
    }
  }

  private void trim(List<String> words) {
    boolean byLength = random.nextBoolean();
    words.add(byLength ? pick("MAXLEN", "maxlen") : "MINID");
    String sign = pick("", "", "=", "~", "~");
    if (!sign.isEmpty()) {
      words.add(sign);
    }
    words.add(
        chance(25) ? pick("-1", "x", "") : byLength ? "" + random.nextInt(40) : near(top) + "-1");
    if (chance(sign.equals("~") ? 2 : 20)) {
      words.addAll(List.of("LIMIT", pick("0", "1", "5", "3", chance(10) ? "-1" : "2")));
    }
  }

  private void xtrim(List<String> words) {
    words.addAll(List.of("XTRIM", key()));
    trim(words);
    if (chance(20)) {
      words.add(pick("LIMIT", "MAXLEN", "FOO"));
    }
  }

  private void xdel(List<String> words) {
    words.addAll(List.of("XDEL", key()));
    ids(words);
  }

  private void xrange(List<String> words) {
    words.addAll(List.of(pick("XRANGE", "XREVRANGE"), key(), bound(), bound()));
    if (chance(2)) {
      words.addAll(List.of("COUNT", pick("1", "3", "10", "10", "0", "-1", "x")));
    }
    if (chance(30)) {
      words.add("COUNT");
    }
  }

  private void xread(List<String> words) {
    words.add("XREAD");
    if (chance(2)) {
      words.addAll(List.of("COUNT", pick("1", "2", "0", "-3", "5")));
    }
    if (chance(40)) {
      words.add(pick("NOACK", "FOO", "BLOCK"));
    }
    int streams = 1 + random.nextInt(3);
    words.add(pick("STREAMS", "streams"));
    for (int i = 0; i < streams; i++) {
      words.add(chance(2) ? "{a}b" : key());
    }
    for (int i = 0; i < streams; i++) {
      words.add(pick(id(), id(), "0", "$", chance(10) ? ">" : "0-1"));
    }
  }

  /** Redis 7.0 makes a consumer only if it gets something, 7.2 in any case: it is made before. */
  private List<String[]> xreadgroup() {
    List<String> words = new ArrayList<>(List.of("XREADGROUP", "GROUP", group(), consumer()));
    List<String[]> commands = new ArrayList<>();
    if (chance(3)) {
      words.add("NOACK");
    }
    words.addAll(List.of("COUNT", pick("1", "2", "3", "8", "0")));
    words.add("STREAMS");
    int streams = 1 + random.nextInt(2);
    for (int i = 0; i < streams; i++) {
      String key = key();
      commands.add(new String[] {"XGROUP", "CREATECONSUMER", key, words.get(2), words.get(3)});
      words.add(key);
    }
    for (int i = 0; i < streams; i++) {
      words.add(chance(3) ? pick("0", id(), chance(9) ? "$" : "0") : ">");
    }
    commands.add(words.toArray(String[]::new));
    return commands;
  }

  private void xpending(List<String> words) {
    words.addAll(List.of("XPENDING", key(), group()));
    if (chance(3)) {
      return;
    }
    if (chance(3)) {
      words.addAll(List.of("IDLE", pick("0", MUCH, MUCH, chance(9) ? "x" : "0")));
    }
    words.addAll(List.of(bound(), bound(), pick("1", "5", "100", "100", chance(9) ? "-1" : "7")));
    if (chance(2)) {
      words.add(consumer());
    }
  }

  private List<String[]> xclaim() {
    String key = key();
    String group = group();
    String consumer = consumer();
    List<String> words =
        new ArrayList<>(List.of("XCLAIM", key, group, consumer, pick("0", "0", MUCH, "-5")));
    ids(words);
    if (chance(2)) {
      words.addAll(
          chance(2)
              ? List.of("IDLE", pick("20000000", "20000000", "0", "-1"))
              : List.of("TIME", pick("1000", "-1", "99999999999999999")));
    }
    if (chance(4)) {
      words.addAll(List.of("RETRYCOUNT", pick("0", "7", "-1", chance(9) ? "x" : "3")));
    }
    if (chance(3)) {
      words.add("FORCE");
    }
    if (chance(3)) {
      words.add("JUSTID");
    }
    if (chance(8)) {
      words.addAll(List.of("LASTID", id()));
    }
    if (chance(30)) {
      words.add(pick("FOO", "IDLE"));
    }
    return List.of(
        new String[] {"XGROUP", "CREATECONSUMER", key, group, consumer},
        words.toArray(String[]::new));
  }

  private List<String[]> xautoclaim() {
    String key = key();
    String group = group();
    String consumer = consumer();
    List<String> words =
        new ArrayList<>(
            List.of("XAUTOCLAIM", key, group, consumer, pick("0", "0", MUCH), pick("0", bound())));
    if (chance(2)) {
      words.addAll(List.of("COUNT", pick("1", "1", "2", "5", chance(9) ? "0" : "3")));
    }
    if (chance(3)) {
      words.add("JUSTID");
    }
    return List.of(
        new String[] {"XGROUP", "CREATECONSUMER", key, group, consumer},
        words.toArray(String[]::new));
  }

  private void xgroup(List<String> words) {
    words.addAll(List.of("XGROUP", pick("CREATE", "create", "SETID", "DESTROY", "DELCONSUMER")));
    String subcommand = words.get(1);
    if (!subcommand.equalsIgnoreCase("CREATE") && !chance(3)) {
      subcommand = "CREATE"; // or there would soon be nothing left
      words.set(1, subcommand);
    }
    words.addAll(List.of(key(), group()));
    switch (subcommand) {
      case "DESTROY" -> {
        // Has no more words.
      }
      case "DELCONSUMER" -> words.add(consumer());
      default -> {
        words.add(pick("0", "0", "$", id(), chance(20) ? "x" : "0"));
        if (chance(2) && !subcommand.equals("SETID")) {
          words.add("MKSTREAM");
        }
        if (chance(5)) {
          words.addAll(List.of("ENTRIESREAD", pick("-1", "0", "5", chance(5) ? "-2" : "30")));
        }
        if (chance(40)) {
          words.add("FOO");
        }
      }
    }
  }

  private void xinfo(List<String> words) {
    words.add("XINFO");
    switch (random.nextInt(5)) {
      case 0, 1 -> words.addAll(List.of("STREAM", key()));
      case 2 -> words.addAll(List.of("STREAM", key(), "FULL", "COUNT", pick("0", "1", "5", "-1")));
      case 3 -> words.addAll(List.of("GROUPS", key()));
      default -> words.addAll(List.of("CONSUMERS", key(), group()));
    }
    if (chance(40)) {
      words.add("FULL");
    }
  }

  private void other(List<String> words) {
    switch (random.nextInt(8)) {
      case 0, 1, 2 -> words.addAll(List.of("XLEN", key()));
      case 3, 4, 5 -> {
        top += 2; // never before a deleted id: only 7.2 refuses that
        words.addAll(List.of("XSETID", key(), chance(9) ? "x" : top + "-0"));
        if (chance(3)) {
          words.addAll(List.of("ENTRIESADDED", pick("0", "10", "500", "-1")));
        }
        if (chance(3)) {
          words.addAll(List.of("MAXDELETEDID", pick("0-0", id())));
        }
      }
      case 6 -> words.addAll(List.of(chance(4) ? "DEL" : "TYPE", pick("a", "{a}b", "c")));
      default -> words.addAll(chance(3) ? List.of("COPY", "a", "{a}b", "REPLACE") : wrongType());
    }
  }

  private static List<String> wrongType() {
    return List.of("SET", "text", "v");
  }

  private void ids(List<String> words) {
    for (int i = random.nextInt(4); i >= 0; i--) {
      words.add(chance(60) ? "x" : id());
    }
  }

  private String id() {
    return near(top) + "-" + random.nextInt(4);
  }

  private String bound() {
    return pick("-", "+", id(), "(" + id(), "" + near(top), chance(9) ? "(-" : "(" + near(top));
  }

  /** A number not far below the ids used last. */
  private long near(long number) {
    return Math.max(0, number - random.nextInt(40) + 1);
  }

  private String key() {
    return chance(40) ? "text" : chance(30) ? "missing" : KEYS[random.nextInt(3)];
  }

  private String group() {
    return chance(2) ? "g1" : GROUPS[random.nextInt(GROUPS.length)];
  }

  private String consumer() {
    return CONSUMERS[random.nextInt(CONSUMERS.length)];
  }

  /** True once in {@code n}. */
  private boolean chance(int n) {
    return random.nextInt(n) == 0;
  }

  private String pick(String... from) {
    return from[random.nextInt(from.length)];
  }
}
