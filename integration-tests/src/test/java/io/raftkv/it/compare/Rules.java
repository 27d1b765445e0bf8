package io.raftkv.it.compare;

import io.raftkv.it.cluster.RawReply;
import io.raftkv.it.cluster.RespConnection;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** The rules there are. */
final class Rules {
  /** Byte for byte. */
  static final Rule EXACT = (words, redis, raftkv) -> redis.equals(raftkv);

  /** The same items in any order. */
  static final Rule ANY_ORDER =
      (words, redis, raftkv) ->
          redis.kind() == raftkv.kind()
              && redis.items() != null
              && raftkv.items() != null
              && sorted(redis.items()).equals(sorted(raftkv.items()));

  /** The same items, in the same order if the command says which. */
  static final Rule ANY_ORDER_UNLESS_ASKED =
      (words, redis, raftkv) ->
          words.stream().noneMatch(word -> word.matches("(?i)ASC|DESC|COUNT"))
              && ANY_ORDER.agree(words, redis, raftkv);

  /** The same pairs in any order: a map, or in RESP2 an array of keys and values in turn. */
  static final Rule ANY_ORDER_OF_PAIRS =
      (words, redis, raftkv) ->
          redis.kind() == raftkv.kind()
              && redis.items() != null
              && raftkv.items() != null
              && sorted(paired(redis.items())).equals(sorted(paired(raftkv.items())));

  /** Byte for byte, but for the digits of equal doubles; -0 is not 0. */
  static final Rule DOUBLES =
      (words, redis, raftkv) -> withDoubles(redis).equals(withDoubles(raftkv));

  /** Times that differ by no more than the two servers may be apart. */
  static final Rule TIME = Rules::agreeOnTime;

  /** The same kind of reply, whatever it says. */
  static final Rule SAME_KIND =
      (words, redis, raftkv) -> redis.kind() == raftkv.kind() && redis.isNull() == raftkv.isNull();

  /** All pages of a scan together. */
  static final Rule SCAN = new Scan();

  private Rules() {}

  private static List<RawReply> sorted(List<RawReply> replies) {
    List<RawReply> sorted = new ArrayList<>(replies);
    sorted.sort(Comparator.comparing(RawReply::whole));
    return sorted;
  }

  private static List<RawReply> paired(List<RawReply> flat) {
    List<RawReply> pairs = new ArrayList<>();
    for (int i = 0; i + 1 < flat.size(); i += 2) {
      pairs.add(new RawReply('*', null, flat.subList(i, i + 2)));
    }
    if (flat.size() % 2 == 1) {
      pairs.add(flat.get(flat.size() - 1));
    }
    return pairs;
  }

  private static RawReply withDoubles(RawReply reply) {
    if (reply.items() != null) {
      return new RawReply(
          reply.kind(), null, reply.items().stream().map(Rules::withDoubles).toList());
    }
    boolean mayBeDouble = (reply.kind() == '$' || reply.kind() == ',') && reply.text() != null;
    return mayBeDouble ? new RawReply(reply.kind(), doubleOr(reply.text()), null) : reply;
  }

  private static String doubleOr(String text) {
    if (!text.matches("-?[0-9.]+(e[+-]?[0-9]+)?")) {
      return text;
    }
    try {
      return Double.toString(Double.parseDouble(text));
    } catch (NumberFormatException noDouble) {
      return text;
    }
  }

  private static boolean agreeOnTime(List<String> words, RawReply redis, RawReply raftkv) {
    if (redis.kind() != ':' || raftkv.kind() != ':') {
      return false;
    }
    long expected = Long.parseLong(redis.text());
    long actual = Long.parseLong(raftkv.text());
    long tolerance = words.get(0).toUpperCase(Locale.ROOT).startsWith("P") ? 10_000 : 10;
    return expected >= 0 && actual >= 0 && Math.abs(expected - actual) <= tolerance;
  }

  /** Follows the cursor to the end on both sides. Redis may answer an element twice. */
  static final class Scan implements Rule {
    @Override
    public boolean agree(List<String> words, RawReply redis, RawReply raftkv) {
      return redis.kind() == raftkv.kind() && isPage(redis) && isPage(raftkv);
    }

    private static boolean isPage(RawReply reply) {
      return reply.items() != null
          && reply.items().size() == 2
          && reply.items().get(0).kind() == '$'
          && reply.items().get(1).kind() == '*';
    }

    @Override
    public boolean hasFollowUp() {
      return true;
    }

    @Override
    public String follow(
        List<String> words,
        RawReply redis,
        RawReply raftkv,
        RespConnection redisConnection,
        RespConnection raftkvConnection)
        throws IOException {
      int cursorAt = words.get(0).equalsIgnoreCase("SCAN") ? 1 : 2;
      if (!words.get(cursorAt).equals("0")) {
        return null; // cursors are each server's own
      }
      Set<String> expected = all(words, cursorAt, redis, redisConnection);
      Set<String> actual = all(words, cursorAt, raftkv, raftkvConnection);
      return expected.equals(actual) ? null : "whole scan: " + expected + " and " + actual;
    }

    private static Set<String> all(
        List<String> words, int cursorAt, RawReply firstPage, RespConnection connection)
        throws IOException {
      boolean pairs = words.get(0).toUpperCase(Locale.ROOT).matches("[HZ]SCAN");
      Set<String> found = new TreeSet<>();
      List<String> next = new ArrayList<>(words);
      RawReply page = firstPage;
      while (true) {
        List<RawReply> items = page.items().get(1).items();
        for (RawReply item : pairs ? paired(items) : items) {
          found.add(withDoubles(item).whole());
        }
        next.set(cursorAt, page.items().get(0).text());
        if (next.get(cursorAt).equals("0")) {
          return found;
        }
        connection.send(next.toArray(String[]::new));
        connection.flush();
        page = connection.readRaw();
      }
    }
  }

  /**
   * Elements by chance. The replies must have the same form and size, and what RaftKV drew must be
   * there.
   *
   * @param lookup the command that asks Redis whether elements are there: they follow the key
   * @param isThere whether one of its answers says so
   */
  record Chance(String lookup, Predicate<RawReply> isThere) implements Rule {
    @Override
    public boolean agree(List<String> words, RawReply redis, RawReply raftkv) {
      return form(redis).equals(form(raftkv));
    }

    private static String form(RawReply reply) {
      if (reply.items() != null) {
        return reply.kind() + reply.items().stream().map(Chance::form).toList().toString();
      }
      return reply.kind() + (reply.isNull() ? "null" : "");
    }

    @Override
    public boolean hasFollowUp() {
      return true;
    }

    @Override
    public String follow(
        List<String> words,
        RawReply redis,
        RawReply raftkv,
        RespConnection redisConnection,
        RespConnection raftkvConnection)
        throws IOException {
      boolean pairs = words.size() == 4;
      List<String> drawn = new ArrayList<>();
      List<RawReply> leaves = raftkv.leaves();
      for (int i = 0; i < leaves.size(); i += pairs ? 2 : 1) {
        drawn.add(leaves.get(i).text());
      }
      boolean distinct = words.size() > 2 && !words.get(2).startsWith("-");
      if (distinct && new HashSet<>(drawn).size() < drawn.size()) {
        return "the same element twice";
      }
      List<String> question = new ArrayList<>(List.of(lookup));
      if (words.size() > 1) {
        question.add(words.get(1));
      }
      question.addAll(drawn);
      redisConnection.send(question.toArray(String[]::new));
      redisConnection.flush();
      boolean all = redisConnection.readRaw().leaves().stream().allMatch(isThere);
      return all ? null : "not all are there";
    }
  }

  /** SPOP: members by chance, which are gone afterwards. Redis is told to forget the same ones. */
  static final class Removal implements Rule {
    @Override
    public boolean agree(List<String> words, RawReply redis, RawReply raftkv) {
      return Chance.form(redis).equals(Chance.form(raftkv));
    }

    @Override
    public boolean hasFollowUp() {
      return true;
    }

    @Override
    public String follow(
        List<String> words,
        RawReply redis,
        RawReply raftkv,
        RespConnection redisConnection,
        RespConnection raftkvConnection)
        throws IOException {
      Set<String> gone = texts(redis);
      Set<String> drawn = texts(raftkv);
      if (gone.equals(drawn)) {
        return null;
      }
      redisConnection.call(command("SADD", words.get(1), gone));
      Object removed = redisConnection.call(command("SREM", words.get(1), drawn));
      return removed.equals((long) raftkv.leaves().size()) ? null : "not all were there";
    }

    private static Set<String> texts(RawReply reply) {
      return reply.leaves().stream().map(RawReply::text).collect(Collectors.toSet());
    }

    private static String[] command(String name, String key, Set<String> members) {
      List<String> words = new ArrayList<>(List.of(name, key));
      words.addAll(members);
      return words.toArray(String[]::new);
    }
  }
}
