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
import io.raftkv.storage.TestSize;
import io.raftkv.storage.row.ElementRows;
import io.raftkv.storage.row.MetaRow;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Ranks in sorted sets that are large enough for nodes, against sorted collections in memory. */
class RankTreeTest {
  /** How the scores and members of a set are spread. */
  private enum Shape {
    RANDOM_SCORES,
    ONE_SCORE,
    FEW_SCORES,
    ASCENDING,
    LONG_MEMBERS
  }

  private static final int STEPS = TestSize.of(100, 400);
  private static final int LARGEST = 40_000;

  private final MemoryRows rows = new MemoryRows();
  private final Map<String, Double> scores = new TreeMap<>();
  private final TreeSet<ScoredMember> model = new TreeSet<>(ScoredMember.ORDER);
  private List<ScoredMember> sorted;
  private int next;

  /** Grows through several levels of nodes, shrinks to nothing, grows again. */
  @ParameterizedTest
  @EnumSource(Shape.class)
  void ranksAreThoseOfASortedMap(Shape shape) {
    long seed = Long.getLong("raftkv.seed", 31 + shape.name().hashCode());
    Random random = new Random(seed);
    int highest = 0;
    for (int step = 0; step < STEPS; step++) {
      String where = "seed " + seed + ", " + shape + ", step " + step;
      boolean grow = step / 50 % 2 == 0 && model.size() < LARGEST;
      try {
        ZSetType set = set();
        change(set, random, shape, grow);
        set.save();
        sorted = new ArrayList<>(model);
        checkQueries(random, shape);
        if (step % 10 == 0) {
          RankTreeCheck.check(rows);
          rows.verify();
        }
      } catch (AssertionError | RuntimeException wrong) {
        throw new AssertionError(where, wrong);
      }
      byte[] payload = model.isEmpty() ? new byte[0] : key().meta().payload();
      highest = Math.max(highest, payload.length > 17 ? payload[17] : 0);
    }
    assertThat(highest).as("levels of nodes").isGreaterThanOrEqualTo(2);
  }

  /** Few separators fill a node then, and the last node is split for what comes behind it. */
  @ParameterizedTest
  @ValueSource(ints = {500, 1_000, 1_400, 2_000, 3_000, 9_000})
  void membersWithLongCommonBeginningsAreAppended(int prefix) {
    for (int i = 0; i < 1_500; i++) {
      ZSetType set = set();
      set.put(bytes("x".repeat(prefix) + "%06d".formatted(i)), 0);
      set.save();
    }
    RankTreeCheck.check(rows);
    rows.verify();
    assertThat(set().rank(bytes("x".repeat(prefix) + "001234"), false)).isEqualTo(1_234);
  }

  private void change(ZSetType set, Random random, Shape shape, boolean grow) {
    switch (random.nextInt(grow ? 6 : 12)) {
      case 0, 1 -> {
        for (int i = random.nextInt(20); i >= 0; i--) {
          put(set, random, shape);
        }
      }
      case 2, 3, 4 -> {
        for (int i = random.nextInt(2500); i >= 0; i--) {
          put(set, random, shape);
        }
      }
      case 5, 6 -> {
        for (int i = random.nextInt(grow ? 10 : 500); i >= 0 && !model.isEmpty(); i--) {
          ScoredMember near = model.ceiling(new ScoredMember(member(random, shape), 0));
          remove(set, near == null ? model.last() : near);
        }
      }
      case 7 -> removeRanks(set, 0, random.nextInt(40));
      case 8 -> removeRanks(set, set.size() - 1 - random.nextInt(40), set.size() - 1);
      case 9, 10 -> {
        long first = random.nextInt(model.size() + 1);
        removeRanks(set, first, first + random.nextInt(random.nextBoolean() ? 300 : 9000));
      }
      default -> {
        ZSetRange range = range(random, shape);
        List<ScoredMember> gone = part(range);
        if (gone.size() < 9000) {
          assertThat(set.remove(range)).isEqualTo(gone.size());
          gone.forEach(this::forget);
        }
      }
    }
  }

  private void checkQueries(Random random, Shape shape) {
    ZSetType set = set();
    assertThat(set.size()).isEqualTo(sorted.size());
    for (int i = 0; i < 8 && !sorted.isEmpty(); i++) {
      int rank = random.nextInt(sorted.size());
      int last = rank + random.nextInt(200);
      assertThat(set.rank(sorted.get(rank).member(), false)).isEqualTo(rank);
      assertThat(set.rank(sorted.get(rank).member(), true)).isEqualTo(sorted.size() - 1 - rank);
      assertThat(texts(set.ranks(rank, last, false)))
          .isEqualTo(texts(sorted.subList(rank, Math.min(last + 1, sorted.size()))));
      assertThat(texts(set.ranks(sorted.size() - 1 - rank, sorted.size() - 1, true)))
          .isEqualTo(reversed(sorted.subList(0, rank + 1)));
      ZSetRange range = range(random, shape);
      List<ScoredMember> part = part(range);
      assertThat(set.count(range)).isEqualTo(part.size());
      int skip = Math.min(part.size(), random.nextInt(2 * part.size() + 2));
      int to = Math.min(part.size(), skip + 5);
      assertThat(texts(set.range(range, false, skip, 5))).isEqualTo(texts(part.subList(skip, to)));
      assertThat(texts(set.range(range, true, skip, 5)))
          .isEqualTo(reversed(part.subList(part.size() - to, part.size() - skip)));
    }
  }

  private void removeRanks(ZSetType set, long first, long last) {
    List<ScoredMember> all = new ArrayList<>(model);
    int from = (int) Math.max(first, 0);
    List<ScoredMember> gone =
        all.subList(Math.min(from, all.size()), (int) Math.min(last + 1, all.size()));
    assertThat(set.removeRanks(first, last)).isEqualTo(gone.size());
    gone.forEach(this::forget);
  }

  private void put(ZSetType set, Random random, Shape shape) {
    byte[] member = member(random, shape);
    double score = score(random, shape);
    set.put(member, score);
    Double before = scores.put(text(member), score);
    if (before != null) {
      model.remove(new ScoredMember(member, before));
    }
    model.add(new ScoredMember(member, score));
  }

  private void remove(ZSetType set, ScoredMember member) {
    assertThat(set.remove(member.member())).isTrue();
    forget(member);
  }

  private void forget(ScoredMember member) {
    assertThat(model.remove(member)).isTrue();
    scores.remove(text(member.member()));
  }

  private byte[] member(Random random, Shape shape) {
    return switch (shape) {
      case ASCENDING -> bytes("m" + random.nextInt(1_000_000));
      case LONG_MEMBERS -> bytes("common/".repeat(20) + random.nextInt(20_000));
      default -> bytes("m" + random.nextInt(60_000));
    };
  }

  private double score(Random random, Shape shape) {
    return switch (shape) {
      case RANDOM_SCORES -> random.nextGaussian();
      case ONE_SCORE -> 7;
      case FEW_SCORES, LONG_MEMBERS -> random.nextInt(5) - 2;
      case ASCENDING -> next++;
    };
  }

  private ZSetRange range(Random random, Shape shape) {
    if (shape == Shape.ONE_SCORE) {
      return new ZSetRange.ByMember(
          ZSetRange.Limit.included(member(random, shape)),
          ZSetRange.Limit.excluded(member(random, shape)));
    }
    return new ZSetRange.ByScore(
        score(random, shape), random.nextBoolean(), score(random, shape), random.nextBoolean());
  }

  private List<ScoredMember> part(ZSetRange range) {
    return model.stream()
        .filter(
            each ->
                range.aboveMin(each.member(), each.score())
                    && range.belowMax(each.member(), each.score()))
        .toList();
  }

  @Test
  void aSetOfOneBlockHasNoNodesAndOneMoreMemberMakesThem() {
    fill(RankTree.BLOCK_MAX - 1);
    ZSetType set = set();
    set.put(bytes("x".repeat(65)), -1); // too large for the record: to rows
    set.save();
    assertThat(set.size()).isEqualTo(RankTree.BLOCK_MAX);
    assertThat(key().meta().encoding()).isEqualTo(MetaRow.ROWS);
    assertThat(RankTreeCheck.nodeRows(rows)).isZero();
    assertThat(key().meta().payload()[17]).as("height").isZero();
    fill(RankTree.BLOCK_MAX);
    assertThat(RankTreeCheck.nodeRows(rows)).isEqualTo(2);
    set = set();
    set.removeRanks(10, 200);
    set.save();
    assertThat(RankTreeCheck.nodeRows(rows)).isZero();
    assertThat(key().meta().payload()[17]).as("height").isZero();
    RankTreeCheck.check(rows);
  }

  @Test
  void theLayoutOfNodesIsPinned() {
    fill(RankTree.BLOCK_MAX + 2); // one more than fits the record, two more than a block
    HexFormat hex = HexFormat.of();
    String first = "8000000000000000" + "6d30"; // score 0, m0
    String behind = "c060000000000000" + "6d313238" + "00"; // score 128, m128
    byte[] payload = key().meta().payload();
    assertThat(hex.formatHex(payload, 8, payload.length))
        .isEqualTo(
            "0000000000000081"
                + "03"
                + "01"
                + "00000001"
                + "00000002"
                + "03"
                + "0a"
                + first
                + behind);
    int slot = key().slot();
    long id = key().meta().rowsId();
    // The first child is a block without separator, the second one begins at score 112.
    assertThat(hex.formatHex(rows.get(Family.SCORE, ElementRows.rankChildren(slot, id, 1))))
        .isEqualTo("00" + "00" + "02" + "c05c" + "00");
    assertThat(hex.formatHex(rows.get(Family.SCORE, ElementRows.rankCounts(slot, id, 1))))
        .isEqualTo("70" + "11");
  }

  /** Around the length from which on the ends are cut, whichever member goes first. */
  @ParameterizedTest
  @ValueSource(ints = {116, 117, 118, 119, 120, 121, 122, 130})
  void endsHoldForMembersThatBeginAlike(int length) {
    String common = "m".repeat(length - 1);
    List<String> members =
        List.of(common, common + "a", common + "b", common + "bb", common + "c", common + "cccc");
    for (int first = 0; first < members.size(); first++) {
      for (int second = 0; second < members.size(); second++) {
        ZSetType set = set();
        members.forEach(member -> set.put(bytes(member), 0));
        set.put(bytes("z".repeat(3 * 64)), 0); // not inline
        set.save();
        List<String> left = new ArrayList<>(members);
        for (String gone : List.of(members.get(first), members.get(second))) {
          ZSetType now = set();
          if (left.remove(gone)) {
            assertThat(now.remove(bytes(gone))).isTrue();
            now.save();
          }
          RankTreeCheck.check(rows);
          ZSetType after = set();
          for (int i = 0; i < left.size(); i++) {
            assertThat(after.rank(bytes(left.get(i)), false)).isEqualTo(i);
          }
        }
        key().delete();
      }
    }
  }

  @Test
  void ofALongMemberTheEndsAreABeginning() {
    for (String member : List.of("a", "b".repeat(118) + "\u00ff".repeat(4))) {
      ZSetType set = set();
      set.put(bytes(member), 1);
      set.save();
    }
    ByteBuffer payload = ByteBuffer.wrap(key().meta().payload()).position(26);
    byte[] ends = new byte[payload.remaining()];
    payload.get(ends);
    String score = "bff0000000000000";
    assertThat(HexFormat.of().formatHex(ends))
        .isEqualTo("03" + "09" + score + "61" + score + "62".repeat(117) + "63" + "00");
    RankTreeCheck.check(rows);
  }

  /** As jobs wait in sorted sets: what was taken before must not make taking slower. */
  @ParameterizedTest
  @ValueSource(ints = {100, 20_000})
  void aWalkFromAnEndStepsOverNoRowsRemovedThere(int members) {
    TypeFixture.CountingRows counted = new TypeFixture.CountingRows(rows);
    KeyHandle key = Keyspace.forApply(counted, 0, 1000, 1).key(new byte[] {'k'});
    ZSetType filled = new ZSetType(key);
    filled.put(bytes("x".repeat(65)), members); // in rows, however few they are
    for (int i = 0; i < members; i++) {
      filled.put(bytes("m" + i), i);
    }
    filled.save();
    for (int i = 0; i < members / 3; i++) {
      ZSetType set = new ZSetType(key);
      counted.reset();
      byte[] first = set.ranks(0, 0, false).get(0).member();
      if (i % 2 == 0) {
        set.removeRanks(0, 0); // ZPOPMIN
      } else {
        set.remove(first); // ZRANGE 0 0, ZREM
      }
      set.removeRanks(set.size() - 1, set.size() - 1); // ZPOPMAX
      set.save();
      set = new ZSetType(key);
      set.ranks(set.size() - 1, set.size() - 1, true);
      set.range(new ZSetRange.ByScore(-1, false, i + 1, false), false, 0, 1);
      set.range(new ZSetRange.ByScore(i + 1, false, 1e9, false), true, 0, 1);
      set.count(new ZSetRange.ByScore(-1, false, 1e9, false));
      assertThat(counted.skipped).as("after " + i).isLessThanOrEqualTo(4);
    }
    RankTreeCheck.check(rows);
  }

  /**
   * Beside a member that stays for ever, the newest one comes and goes: nobody looks for what is
   * left.
   */
  @Test
  void whatComesAndGoesAtAnEndIsNotSteppedOver() {
    TypeFixture.CountingRows counted = new TypeFixture.CountingRows(rows);
    fill(1_000);
    KeyHandle key = Keyspace.forApply(counted, 0, 1000, 1).key(new byte[] {'k'});
    for (int i = 1; i < 2_000; i++) {
      counted.reset();
      for (int sign : new int[] {-1, 1}) {
        ZSetType set = new ZSetType(key);
        set.put(bytes("new"), sign * (10_000 + i));
        set.save();
        set = new ZSetType(key);
        set.remove(bytes("new"));
        set.save();
      }
      assertThat(counted.skipped).as("after " + i).isZero();
    }
    RankTreeCheck.check(rows);
  }

  /** The first comes back a little later: the set stays small, and goes on for ever. */
  @Test
  void aScheduleStepsOverFewRemovedRows() {
    TypeFixture.CountingRows counted = new TypeFixture.CountingRows(rows);
    fill(200);
    KeyHandle key = Keyspace.forApply(counted, 0, 1000, 1).key(new byte[] {'k'});
    for (int i = 200; i < 3_000; i++) {
      counted.reset();
      ZSetType set = new ZSetType(key);
      set.put(set.ranks(0, 0, false).get(0).member(), i);
      set.save();
      assertThat(counted.skipped).as("after " + i).isLessThanOrEqualTo(1);
    }
    RankTreeCheck.check(rows);
  }

  /** Such sets were written before there were ends. */
  @Test
  void aSetWithoutEndsWorksAndGetsThemWithTheNextChange() {
    fill(1_000);
    byte[] payload = Arrays.copyOf(key().meta().payload(), 26);
    payload[16] = 2;
    key().update(KeyType.ZSET, MetaRow.ROWS, payload);
    assertThat(texts(set().ranks(0, 0, false))).containsExactly("m0");
    assertThat(texts(set().ranks(0, 0, true))).containsExactly("m999");
    assertThat(set().count(new ZSetRange.ByScore(-5, false, 5000, true))).isEqualTo(1000);
    ZSetType set = set();
    set.put(bytes("m500"), 500.5);
    set.save();
    RankTreeCheck.check(rows);
  }

  /** Such sets were written before there were nodes. */
  @Test
  void aSetWithoutNodesWorksAndGetsThemWithTheNextNewMember() {
    fill(30_000);
    KeyHandle key = key();
    rows.deleteRange(
        Family.SCORE,
        ElementRows.scoresTo(key.slot(), key.meta().rowsId()),
        ElementRows.to(key.slot(), key.meta().rowsId()));
    key.update(KeyType.ZSET, MetaRow.ROWS, Arrays.copyOf(key.meta().payload(), 16));

    assertThat(set().rank(bytes("m20000"), false)).isEqualTo(20_000);
    assertThat(texts(set().ranks(29_998, 29_999, false))).containsExactly("m29998", "m29999");
    assertThat(set().count(new ZSetRange.ByScore(100, false, 20_000, true))).isEqualTo(19_900);
    ZSetType set = set();
    assertThat(set.remove(bytes("m5"))).isTrue();
    assertThat(set.removeRanks(1000, 1999)).isEqualTo(1000);
    set.save();
    assertThat(RankTreeCheck.nodeRows(rows)).isZero();
    assertThat(set().rank(bytes("m20000"), false)).isEqualTo(18_999);

    set = set();
    set.put(bytes("new"), 15_000.5);
    set.save();
    assertThat(RankTreeCheck.nodeRows(rows)).isGreaterThan(2);
    RankTreeCheck.check(rows);
    assertThat(set().rank(bytes("m20000"), false)).isEqualTo(19_000);
  }

  @Test
  void ranksTouchFewRowsHoweverLargeTheSet() {
    TypeFixture.CountingRows counted = new TypeFixture.CountingRows(rows);
    fill(200_000);
    for (int i = 0; i < 200_000; i += 9_999) {
      counted.reset();
      ZSetType set = new ZSetType(Keyspace.forApply(counted, 0, 1000, 1).key(new byte[] {'k'}));
      assertThat(set.rank(bytes("m" + i), false)).isEqualTo(i);
      assertThat(counted.gets).isLessThanOrEqualTo(2 + 2 * 2);
      assertThat(counted.cursors).isLessThanOrEqualTo(1);
      counted.reset();
      set.put(bytes("m" + i), i + 0.5);
      set.save();
      assertThat(counted.writes).isLessThanOrEqualTo(4 + 2 * 2);
    }
  }

  @Test
  void aCopyHasNodesOfItsOwn() {
    fill(1_000);
    Keyspace keys = Keyspace.forApply(rows, 0, 1000, 1);
    key().copyTo(keys.key(bytes("copy")));
    key().delete();
    rows.verify();
    RankTreeCheck.check(rows);
    assertThat(new ZSetType(keys.key(bytes("copy"))).rank(bytes("m700"), false)).isEqualTo(700);
  }

  @Test
  void damagedNodesAreFound() {
    fill(1_000);
    int slot = key().slot();
    long id = key().meta().rowsId();
    byte[] counts = rows.get(Family.SCORE, ElementRows.rankCounts(slot, id, 1));
    for (byte[] bad : List.of(new byte[0], new byte[] {1}, new byte[counts.length])) {
      rows.put(Family.SCORE, ElementRows.rankCounts(slot, id, 1), bad);
      assertThatThrownBy(() -> set().rank(bytes("m5"), false))
          .isInstanceOf(CorruptStoreException.class);
    }
    rows.delete(Family.SCORE, ElementRows.rankCounts(slot, id, 1));
    assertThatThrownBy(() -> set().rank(bytes("m5"), false))
        .isInstanceOf(CorruptStoreException.class)
        .hasMessageContaining("rank node 1");
    byte[] payload = key().meta().payload();
    for (int length : new int[] {17, 25, 26, 27, 30, 36}) {
      key().update(KeyType.ZSET, MetaRow.ROWS, Arrays.copyOf(payload, length));
      assertThatThrownBy(this::set).isInstanceOf(CorruptStoreException.class);
    }
    ByteBuffer.wrap(payload).putInt(18, 0);
    key().update(KeyType.ZSET, MetaRow.ROWS, payload);
    assertThatThrownBy(this::set).isInstanceOf(CorruptStoreException.class);
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

  private static List<String> texts(List<ScoredMember> members) {
    return members.stream().map(each -> text(each.member())).toList();
  }

  private static List<String> reversed(List<ScoredMember> members) {
    List<String> texts = new ArrayList<>(texts(members));
    Collections.reverse(texts);
    return texts;
  }

  private static String text(byte[] bytes) {
    return new String(bytes, ISO_8859_1);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(ISO_8859_1);
  }
}
