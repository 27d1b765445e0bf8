package io.raftkv.it.compare;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;

/**
 * Random commands that belong together: they share a few keys that no other sequence uses. The same
 * seed, family and number give the same sequence.
 *
 * @param prefix what its keys begin with: a hash tag, so that they are in one slot
 * @param steps the commands
 * @param keys the keys in them, damaged ones aside
 */
record Sequence(String family, int number, String prefix, List<Step> steps, Set<String> keys) {
  /**
   * Where a sequence runs.
   *
   * @param otherDatabase a database that no other sequence uses meanwhile
   * @param shared whether other sequences run in the same database: then wrong words, which may
   *     stand for keys, are the sequence's own, too
   */
  record Place(String otherDatabase, boolean shared) {}

  /** A command, and whether what it set has to pass before the next one. */
  record Step(List<String> words, boolean waits) {}

  private static final int COMMANDS = 40;

  /** One command in so many is damaged. */
  private static final int DAMAGED = 20;

  private static final List<String> FOREIGN_TYPES =
      List.of("SET %s text", "RPUSH %s a b", "SADD %s a 1", "HSET %s a 1", "ZADD %s 0 a 0 b");

  static Sequence draw(Family family, long seed, int number, Place place) {
    Random random = new Random(seed * 1_000_003 + family.name().hashCode() * 31L + number);
    random.nextLong(); // the first numbers of neighbouring seeds are alike
    String prefix = "{" + family.name() + "-" + number + "}";
    Draw draw = new Draw(random, prefix, place);
    List<Step> steps = new ArrayList<>();
    String foreign = draw.oneOf(FOREIGN_TYPES).formatted(draw.foreignKey());
    steps.add(new Step(List.of(foreign.split(" ")), false));
    if (draw.rarely(3)) {
      List<String> fill = family.fill(draw);
      if (fill != null) {
        steps.add(new Step(fill, false));
      }
    }
    boolean damage = family.mayBeDamaged();
    for (int i = 0; i < COMMANDS; i++) {
      List<String> words = family.command(draw);
      boolean waits = draw.takeWait();
      steps.add(new Step(damage && draw.rarely(DAMAGED) ? damaged(words, draw) : words, waits));
    }
    return new Sequence(family.name(), number, prefix, steps, draw.keys());
  }

  private static List<String> damaged(List<String> words, Draw draw) {
    List<String> damaged = new ArrayList<>(words);
    int last = damaged.size() - 1;
    if (last == 0) {
      damaged.add(draw.junk());
      return damaged;
    }
    switch (draw.below(5)) {
      case 0 -> damaged.remove(last);
      case 1 -> damaged.add(draw.junk());
      case 2 -> damaged.add(damaged.get(draw.below(damaged.size())));
      case 3 -> damaged.set(0, damaged.get(0).toLowerCase(Locale.ROOT));
      default -> damaged.set(1 + draw.below(last), draw.junk());
    }
    return damaged;
  }

  /** The same commands, but for some, on other keys. */
  Sequence with(List<Step> some, String otherPrefix) {
    List<Step> moved = new ArrayList<>();
    for (Step step : some) {
      moved.add(new Step(move(step.words(), otherPrefix), step.waits()));
    }
    return new Sequence(
        family, number, otherPrefix, moved, new LinkedHashSet<>(move(keys, otherPrefix)));
  }

  private List<String> move(Collection<String> words, String otherPrefix) {
    return words.stream().map(word -> word.replace(prefix, otherPrefix)).toList();
  }
}
