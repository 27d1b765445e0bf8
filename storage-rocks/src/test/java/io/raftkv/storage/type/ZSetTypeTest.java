package io.raftkv.storage.type;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.storage.CorruptStoreException;
import io.raftkv.storage.Family;
import io.raftkv.storage.KeyHandle;
import io.raftkv.storage.KeyType;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.MemoryRows;
import io.raftkv.storage.SeededRandom;
import io.raftkv.storage.row.ElementRows;
import io.raftkv.storage.row.MetaRow;
import io.raftkv.storage.type.ZSetRange.Limit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ZSetTypeTest {
  private static final int STEPS = 500;
  private static final double[] SCORES = {
    Double.NEGATIVE_INFINITY,
    -1e300,
    -2.5,
    -1,
    0,
    Double.MIN_VALUE,
    1,
    1.5,
    2,
    3,
    1e18,
    Double.POSITIVE_INFINITY
  };

  private final MemoryRows rows = new MemoryRows();

  /** Random operations give the same as on a map in memory; every member has both its rows. */
  @ParameterizedTest
  @CsvSource({"0,false", "100,false", "140,false", "700,false", "100,true", "700,true"})
  void behavesAsAMapInMemory(int startSize, boolean oneScore) {
    long seed = Long.getLong("raftkv.seed", 99_991L * (startSize + 1) + (oneScore ? 1 : 0));
    Random random = new Random(seed);
    Map<String, Double> model = new TreeMap<>();
    for (int i = 0; i < startSize; i++) {
      put(model, member(random), score(random, oneScore));
    }
    for (int step = 0; step < STEPS; step++) {
      String operation;
      try {
        operation = randomStep(random, model, oneScore);
      } catch (AssertionError | RuntimeException wrong) {
        throw new AssertionError("seed " + seed + ", step " + step, wrong);
      }
      String where = "seed " + seed + ", step " + step + ", " + operation;
      ZSetType set = set();
      assertThat(set.size()).as(where).isEqualTo(model.size());
      assertThat(set.exists()).as(where).isEqualTo(!model.isEmpty());
      assertThat(texts(set.ranks(0, Long.MAX_VALUE, false))).as(where).isEqualTo(sorted(model));
      boolean inRows = set.exists() && key().meta().encoding() == MetaRow.ROWS;
      assertThat(rows.size(Family.DATA)).as(where).isEqualTo(inRows ? model.size() : 0);
      RankTreeCheck.check(rows);
      assertThat(RankTreeCheck.scores(rows)).as(where).isEqualTo(inRows ? model.size() : 0);
      rows.verify();
    }
  }

  private String randomStep(Random random, Map<String, Double> model, boolean oneScore) {
    List<String> sorted = sorted(model);
    List<String> reversed = new ArrayList<>(sorted);
    Collections.reverse(reversed);
    int from = random.nextInt(sorted.size() + 1);
    int to = Math.min(sorted.size() - 1, from + random.nextInt(20) - 2);
    boolean backwards = random.nextBoolean();
    String member = member(random);
    switch (random.nextInt(9)) {
      case 0, 1, 2, 3 -> {
        for (int i = random.nextInt(6); i >= 0; i--) {
          put(model, member(random), score(random, oneScore));
        }
        return "put";
      }
      case 4 -> {
        ZSetType set = set();
        boolean removed = set.remove(bytes(member));
        set.save();
        assertThat(removed).isEqualTo(model.remove(member) != null);
        return "remove " + member;
      }
      case 5 -> {
        ZSetType set = set();
        long removed = set.removeRanks(from, to);
        set.save();
        List<String> gone = sorted.subList(from, Math.max(from, to + 1));
        assertThat(removed).isEqualTo(gone.size());
        gone.forEach(each -> model.remove(name(each)));
        return "remove ranks " + from + " " + to;
      }
      case 6 -> {
        ZSetRange range = range(random, oneScore);
        List<String> gone = part(sorted, range);
        if (gone.size() > 20 && random.nextInt(30) != 0) {
          return "remove nothing";
        }
        ZSetType set = set();
        long removed = set.remove(range);
        set.save();
        assertThat(removed).as(range.toString()).isEqualTo(gone.size());
        gone.forEach(each -> model.remove(name(each)));
        return "remove " + range;
      }
      case 7 -> {
        ZSetRange range = range(random, oneScore);
        List<String> part = part(sorted, range);
        assertThat(set().count(range)).as(range.toString()).isEqualTo(part.size());
        if (backwards) {
          Collections.reverse(part);
        }
        int skip = random.nextInt(4);
        int limit = random.nextInt(40);
        assertThat(texts(set().range(range, backwards, skip, limit)))
            .as(range.toString())
            .isEqualTo(
                part.subList(Math.min(skip, part.size()), Math.min(skip + limit, part.size())));
        return "range " + range;
      }
      default -> {
        List<String> order = backwards ? reversed : sorted;
        assertThat(texts(set().ranks(from, to, backwards)))
            .isEqualTo(order.subList(from, Math.max(from, to + 1)));
        Double score = model.get(member);
        assertThat(set().score(bytes(member)))
            .isEqualTo(Double.valueOf(score == null ? Double.NaN : score));
        assertThat(set().rank(bytes(member), backwards))
            .isEqualTo(score == null ? -1 : order.indexOf(member + "=" + score));
        return "ranks " + from + " " + to;
      }
    }
  }

  private void put(Map<String, Double> model, String member, double score) {
    ZSetType set = set();
    set.put(bytes(member), score);
    set.save();
    model.put(member, score);
  }

  private static List<String> sorted(Map<String, Double> model) {
    Comparator<Map.Entry<String, Double>> byScore = Map.Entry.comparingByValue();
    return model.entrySet().stream()
        .sorted(byScore.thenComparing(Map.Entry.comparingByKey()))
        .map(each -> each.getKey() + "=" + each.getValue())
        .collect(ArrayList::new, ArrayList::add, ArrayList::addAll);
  }

  /** The run of members in a range, by the range's own words. */
  private static List<String> part(List<String> sorted, ZSetRange range) {
    List<String> part = new ArrayList<>();
    for (String each : sorted) {
      double score = Double.parseDouble(each.substring(each.indexOf('=') + 1));
      byte[] member = bytes(name(each));
      if (!part.isEmpty() || range.aboveMin(member, score)) {
        if (!range.belowMax(member, score)) {
          break;
        }
        part.add(each);
      }
    }
    return part;
  }

  private static ZSetRange range(Random random, boolean oneScore) {
    if (oneScore || random.nextInt(4) == 0) {
      return new ZSetRange.ByMember(limit(random), limit(random));
    }
    return new ZSetRange.ByScore(
        score(random, false), random.nextBoolean(), score(random, false), random.nextBoolean());
  }

  private static Limit limit(Random random) {
    return switch (random.nextInt(6)) {
      case 0 -> Limit.LOWEST;
      case 1 -> Limit.HIGHEST;
      case 2, 3 -> Limit.included(bytes(member(random)));
      default -> Limit.excluded(bytes(member(random)));
    };
  }

  @Test
  void removingALargeRangeLeavesTheOthers() {
    fill(2000);
    ZSetType set = set();
    assertThat(set.remove(new ZSetRange.ByScore(100, false, 1900, true))).isEqualTo(1800);
    set.save();
    assertThat(set().size()).isEqualTo(200);
    assertThat(rows.size(Family.DATA)).isEqualTo(200);
    assertThat(RankTreeCheck.scores(rows)).isEqualTo(200);
    assertThat(texts(set().ranks(99, 100, false))).containsExactly("m99=99.0", "m1900=1900.0");
  }

  @Test
  void whatIsPutAfterAllWasRemovedIsANewSet() {
    fill(500);
    ZSetType set = set();
    assertThat(set.remove(new ZSetRange.ByMember(Limit.LOWEST, Limit.HIGHEST))).isEqualTo(500);
    set.put(bytes("new"), 1);
    set.save();
    assertThat(texts(set().ranks(0, 10, false))).containsExactly("new=1.0");
    rows.verify();
    assertThat(rows.size(Family.DATA)).isZero();
  }

  @Test
  void replacingDropsValueAndExpiry() {
    fill(500);
    key().expireAt(5000);
    List<ScoredMember> members = set().ranks(10, 300, false);
    assertThat(ZSetType.replace(key(), members)).isEqualTo(291);
    assertThat(key().meta().expireAtMillis()).isEqualTo(MetaRow.NO_EXPIRY);
    assertThat(RankTreeCheck.scores(rows)).isEqualTo(291);
    rows.verify();
    assertThat(ZSetType.replace(key(), List.of())).isZero();
    assertThat(key().exists()).isFalse();
  }

  /** Made at once or member by member: the same members with the same ranks, and as good a tree. */
  @ParameterizedTest
  @ValueSource(ints = {128, 129, 254, 255, 30_000})
  void replacingByManyMembersMakesTheRanksToo(int size) {
    List<ScoredMember> members = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      members.add(new ScoredMember(bytes("m" + i), i * 7919L % size - (i % 5 == 0 ? 0.5 : 0)));
    }
    assertThat(ZSetType.replace(key(), members)).isEqualTo(size);
    members.sort(ScoredMember.ORDER);
    assertThat(texts(set().ranks(0, size, false))).isEqualTo(texts(members));
    for (int rank = 0; rank < size; rank += 1 + size / 50) {
      assertThat(set().rank(members.get(rank).member(), false)).isEqualTo(rank);
    }
    RankTreeCheck.check(rows);
    for (int i = 0; i < size; i += 3) {
      ZSetType set = set();
      set.put(bytes("new" + i), i);
      set.remove(bytes("m" + i));
      set.save();
    }
    assertThat(set().size()).isEqualTo(size);
    RankTreeCheck.check(rows);
    rows.verify();
  }

  @Test
  void aMemberThatComesTwiceIsCountedOnce() {
    List<ScoredMember> members = new ArrayList<>();
    for (int i = 0; i < 500; i++) {
      members.add(new ScoredMember(bytes("m" + i % 400), i % 7 == 0 ? -0.0 : i));
    }
    assertThat(ZSetType.replace(key(), members)).isEqualTo(400);
    assertThat(set().size()).isEqualTo(400);
    assertThat(set().ranks(0, 399, false)).hasSize(400);
    RankTreeCheck.check(rows);
    rows.verify();
  }

  /** As in Redis, whose small sets forget it and whose large ones do not. */
  @Test
  void zeroKeepsItsSignInRows() {
    fill(300);
    ZSetType set = set();
    set.put(bytes("minus"), -0.0);
    set.put(bytes("plus"), 0.0);
    set.put(bytes("plus"), -0.0); // which is no other score
    set.save();
    List<ScoredMember> minus = List.of(new ScoredMember(bytes("minus"), -0.0));
    assertThat(1 / set().score(bytes("minus"))).isNegative();
    assertThat(1 / set().score(bytes("plus"))).isPositive();
    long rank = set().rank(bytes("minus"), false);
    assertThat(bits(set().ranks(rank, rank, false))).isEqualTo(bits(minus));
    List<ScoredMember> all = set().ranks(0, 301, false);
    assertThat(bits(set().sample(new SeededRandom(7), 302))).isEqualTo(bits(all));
    assertThat(bits(set().sample(new SeededRandom(7), 301))).isSubsetOf(bits(all));
    assertThat(bits(set().sample(new SeededRandom(7), 90))).isSubsetOf(bits(all));
    for (int seed = 0; seed < 400; seed++) {
      assertThat(bits(List.of(set().random(new SeededRandom(seed))))).isSubsetOf(bits(all));
    }
    assertThat(ZSetType.replace(key(), all)).isEqualTo(302);
    assertThat(bits(set().ranks(0, 301, false))).isEqualTo(bits(all));
    RankTreeCheck.check(rows);
    rows.verify();
  }

  /** As in Redis, which unpacks the set before it adds what the packed one has no room for. */
  @ParameterizedTest
  @ValueSource(ints = {2, 65})
  void theMemberThatMakesASetLargeKeepsTheSignOfItsZero(int length) {
    ZSetType set = set();
    for (int i = 0; i < (length > 64 ? 5 : 128); i++) {
      set.put(bytes("m" + i), -0.0);
    }
    assertThat(zeros(set)).containsOnly("0.0");
    set.put(bytes("x".repeat(length)), -0.0);
    assertThat(1 / set.score(bytes("x".repeat(length)))).isNegative();
    assertThat(1 / set.score(bytes("m0"))).isPositive();
    set.put(bytes("m0"), -0.0); // no other score
    set.put(bytes("m1"), 1);
    set.put(bytes("m1"), -0.0);
    set.save();
    assertThat(1 / set().score(bytes("m0"))).isPositive();
    assertThat(1 / set().score(bytes("m1"))).isNegative();
    assertThat(1 / set().score(bytes("x".repeat(length)))).isNegative();
    assertThat(key().meta().encoding()).isEqualTo(MetaRow.ROWS);
    RankTreeCheck.check(rows);
    rows.verify();
  }

  /** Redis packs them, too: it has no limit of bytes. */
  @Test
  void fewShortMembersInRowsForgetTheSignOfZero() {
    ZSetType set = set();
    for (int i = 0; i < 128; i++) {
      set.put(wide(i), i % 2 == 0 ? -0.0 : i);
    }
    set.save();
    assertThat(key().meta().encoding()).isEqualTo(MetaRow.ROWS);
    assertThat(HexFormat.of().formatHex(key().meta().payload()))
        .startsWith("0000000000000001" + "8000000000000080" + "03");
    assertThat(zeros(set())).doesNotContain("-0.0");

    set = set();
    for (int i = 0; i < 20; i++) {
      set.put(wide(0), i + 1);
    }
    set.removeRanks(8, 127); // so much goes that the rows are made anew
    set.save();
    set = set();
    set.put(wide(1), -0.0);
    set.put(wide(3), 5);
    set.put(wide(3), -0.0);
    set.save();
    assertThat(key().meta().rowsId()).isNotEqualTo(1);
    assertThat(zeros(set())).doesNotContain("-0.0");

    set = set();
    for (int i = 0; i <= 128; i++) {
      set.put(wide(i), -0.0);
    }
    set.save();
    assertThat(zeros(set()).stream().filter("-0.0"::equals)).hasSize(1);
    assertThat(1 / set().score(wide(128))).isNegative();
    assertThat(HexFormat.of().formatHex(key().meta().payload()).substring(16))
        .startsWith("0000000000000081");
    RankTreeCheck.check(rows);
    rows.verify();
  }

  @Test
  void aLongMemberEndsThatForShortOnesInRows() {
    ZSetType.replace(key(), wides(100, -0.0));
    assertThat(zeros(set())).containsOnly("0.0");
    ZSetType set = set();
    set.put(bytes("x".repeat(65)), 1);
    set.put(wide(100), -0.0);
    set.save();
    assertThat(1 / set().score(wide(100))).isNegative();
    assertThat(1 / set().score(wide(99))).isPositive();
  }

  /** Redis makes the result large first, and packs it at the end if it is small. */
  @Test
  void aWholeResultKeepsTheSignsIfAnyOfItMakesItLarge() {
    List<ScoredMember> members = new ArrayList<>(wides(128, -0.0));
    ZSetType.replace(key(), members.subList(0, 10));
    assertThat(zeros(set())).hasSize(10).containsOnly("0.0");
    ZSetType.replace(key(), members);
    assertThat(zeros(set())).hasSize(128).containsOnly("0.0");
    members.add(new ScoredMember(wide(128), -0.0));
    ZSetType.replace(key(), members);
    assertThat(zeros(set())).hasSize(129).containsOnly("-0.0");
    members.subList(10, 129).clear();
    members.add(new ScoredMember(bytes("x".repeat(65)), -0.0));
    ZSetType.replace(key(), members);
    assertThat(zeros(set())).hasSize(11).containsOnly("-0.0");
    rows.verify();
  }

  @Test
  void aResultThatIsAddedOneByOneKeepsTheSignsFromWhereItIsLarge() {
    List<ScoredMember> members = new ArrayList<>(wides(140, -0.0));
    ZSetType.replaceOneByOne(key(), members, false);
    assertThat(zeros(set()).stream().filter("-0.0"::equals)).hasSize(12);
    assertThat(1 / set().score(wide(127))).isPositive();
    assertThat(1 / set().score(wide(128))).isNegative();
    ZSetType.replaceOneByOne(key(), members, true);
    assertThat(zeros(set())).hasSize(140).containsOnly("-0.0");
    ZSetType.replaceOneByOne(key(), members.subList(0, 128), true);
    assertThat(zeros(set())).hasSize(128).containsOnly("0.0");
    members.set(3, new ScoredMember(bytes("x".repeat(65)), -0.0));
    ZSetType.replaceOneByOne(key(), members.subList(0, 128), true);
    assertThat(zeros(set()).stream().filter("-0.0"::equals)).hasSize(125);
    rows.verify();
  }

  /** Redis from 7.2 on. */
  @Test
  void aCommandThatNamesManyMembersMakesASetLargeAtOnce() {
    ZSetType set = set();
    set.expect(129);
    assertThat(set.exists()).isFalse();
    set.put(bytes("a"), -0.0);
    set.save();
    assertThat(1 / set().score(bytes("a"))).isNegative();

    key().delete();
    set = set();
    set.expect(128);
    set.put(bytes("a"), -0.0);
    set.save();
    assertThat(1 / set().score(bytes("a"))).isPositive();
    set = set();
    set.expect(129); // and nothing comes of it
    set.save();
    set = set();
    set.put(bytes("b"), -0.0);
    set.save();
    assertThat(zeros(set())).containsExactly("0.0", "-0.0");

    ZSetType.replace(key(), wides(100, -0.0));
    set = set();
    set.expect(129);
    set.put(wide(100), -0.0);
    set.save();
    assertThat(1 / set().score(wide(99))).isPositive();
    assertThat(1 / set().score(wide(100))).isNegative();
    RankTreeCheck.check(rows);
    rows.verify();
  }

  @Test
  void aMemberThatLacksARowIsNotReadAsNoNumber() {
    fill(300);
    ZSetType set = set();
    set.put(bytes("m0"), 7);
    set.put(bytes("zero"), 0);
    set.save();
    long first = set().rank(bytes("zero"), false);
    assertThat(first).isZero();
    int slot = key().slot();
    rows.delete(Family.DATA, ElementRows.element(slot, 1, bytes("zero")));
    assertThatThrownBy(
            () -> {
              for (int seed = 0; seed < 5_000; seed++) {
                set().random(new SeededRandom(seed));
              }
            })
        .isInstanceOf(CorruptStoreException.class);
  }

  /** So long that a hundred of them are too much for a record, though none is too long. */
  private static byte[] wide(int number) {
    return bytes("%060d".formatted(number));
  }

  private static List<ScoredMember> wides(int count, double score) {
    return IntStream.range(0, count).mapToObj(i -> new ScoredMember(wide(i), score)).toList();
  }

  /** The scores that are zero, as they are read along the ranks. */
  private static List<String> zeros(ZSetType set) {
    return set.ranks(0, Long.MAX_VALUE, false).stream()
        .filter(each -> each.score() == 0)
        .map(each -> Double.toString(each.score()))
        .toList();
  }

  /** Scores with the sign of zero, which is no part of their order. */
  private static List<String> bits(List<ScoredMember> members) {
    return members.stream()
        .map(each -> new String(each.member(), ISO_8859_1) + " " + each.score())
        .toList();
  }

  @Test
  void samplesAreDifferentMembersAndTheSameForTheSameSeed() {
    fill(1000);
    for (int count : new int[] {1, 50, 333, 334, 999}) {
      List<String> sample = texts(set().sample(new SeededRandom(7), count));
      assertThat(new TreeSet<>(sample)).hasSize(count);
      assertThat(texts(set().sample(new SeededRandom(7), count))).isEqualTo(sample);
      assertThat(texts(set().sample(new SeededRandom(8), count))).isNotEqualTo(sample);
    }
    assertThat(set().sample(new SeededRandom(7), 5000)).hasSize(1000);
  }

  @Test
  void theInlineLayoutIsPinned() {
    ZSetType set = set();
    set.put(bytes("b"), -0.0);
    set.put(bytes("a"), 1.5);
    set.save();
    assertThat(HexFormat.of().formatHex(key().meta().payload()))
        .isEqualTo("01" + "02" + "0000000000000000" + "0162" + "3ff8000000000000" + "0161");
  }

  @Test
  void theRowLayoutIsPinned() {
    ZSetType set = set();
    set.put(bytes("x".repeat(65)), 1.5);
    set.save();
    assertThat(HexFormat.of().formatHex(key().meta().payload()))
        .isEqualTo(
            "0000000000000001" // id
                + "0000000000000001" // size
                + "03"
                + "00"
                + "00000000"
                + "00000001" // no nodes
                + "03"
                + "49"
                + "bff8000000000000"
                + "78".repeat(65) // the first row, without its prefix
                + "bff8000000000000"
                + "78".repeat(65)
                + "00"); // behind the last one
    String dump = rows.dump();
    assertThat(dump).contains("= 3ff8000000000000").contains("bff8000000000000" + "78".repeat(65));
  }

  @Test
  void aDamagedRecordIsNotTakenForASortedSet() {
    for (String payload : List.of("", "02", "0101", "0101" + "00".repeat(8), "0100ff")) {
      key().replace(KeyType.ZSET, MetaRow.INLINE, HexFormat.of().parseHex(payload), 1L << 62);
      assertThatThrownBy(this::set).as(payload).isInstanceOf(CorruptStoreException.class);
    }
    for (String size : List.of("0000000000000000", "8000000000000000", "8000000000000081")) {
      byte[] payload = HexFormat.of().parseHex("0000000000000001" + size);
      key().replace(KeyType.ZSET, MetaRow.ROWS, payload, 1L << 62);
      assertThatThrownBy(this::set).as(size).isInstanceOf(CorruptStoreException.class);
    }
  }

  @Test
  void noScoreIsNaN() {
    assertThatThrownBy(() -> set().put(bytes("a"), Double.NaN))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private void fill(int members) {
    ZSetType set = set();
    for (int i = 0; i < members; i++) {
      set.put(bytes("m" + i), i);
    }
    set.save();
  }

  private KeyHandle key() {
    return Keyspace.forApply(rows, 0, 1000, 1).key(new byte[] {'k'});
  }

  private ZSetType set() {
    return new ZSetType(key());
  }

  /** One of some hundreds; seldom one that is too large inline. */
  private static String member(Random random) {
    return random.nextInt(300) == 0 ? "x".repeat(65) : "m" + random.nextInt(900);
  }

  private static double score(Random random, boolean oneScore) {
    return oneScore ? 0 : SCORES[random.nextInt(SCORES.length)];
  }

  private static String name(String memberAndScore) {
    return memberAndScore.substring(0, memberAndScore.indexOf('='));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(ISO_8859_1);
  }

  private static List<String> texts(List<ScoredMember> members) {
    return members.stream()
        .map(each -> new String(each.member(), ISO_8859_1) + "=" + each.score())
        .toList();
  }
}
