package io.raftkv.storage.type;

import io.raftkv.storage.CorruptStoreException;
import io.raftkv.storage.SeededRandom;
import io.raftkv.storage.row.KeyRows;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Picks random elements. Small collections are picked from exactly evenly.
 *
 * <p>In large ones a pick seeks to a random hash and goes on by a random number of rows, below
 * {@link #WINDOW}. An element's chance is then the share of hashes that lie in the {@code WINDOW}
 * gaps before it, so chances differ by about 1/sqrt(WINDOW) around the mean, one part in six: the
 * price for not reading the whole collection. It stays the same for an element while its neighbours
 * do; samples of a third of the collection and more are exactly even again.
 */
final class RandomElements {
  /** An element and its value as stored. */
  record Picked(byte[] element, byte[] stored) {}

  /** Up to this size a collection in rows is walked through, for exactly even chances. */
  private static final int WALKED_SIZE = 128;

  private static final int WINDOW = 32;

  /** A sample of more than one in this many reads the whole collection once. */
  private static final int WALKED_SHARE = 3;

  /** Picks per wanted element before a sample gives up on luck and reads the whole collection. */
  private static final int TRIES = 16;

  private final Elements elements;
  private final SeededRandom random;

  RandomElements(Elements elements, SeededRandom random) {
    this.elements = elements;
    this.random = random;
  }

  /** One element; the collection is not empty. */
  Picked one() {
    return isSmall() ? walkTo(random.nextLong(elements.size())) : near(random.nextLong());
  }

  /** {@code count} different elements, or all if there are fewer. */
  List<Picked> distinct(long count) {
    long size = elements.size();
    if (count >= size || isSmall() || count > size / WALKED_SHARE) {
      return sampleByWalking(count);
    }
    Map<ByteBuffer, Picked> sample = new LinkedHashMap<>();
    for (long tries = count * TRIES; sample.size() < count; tries--) {
      if (tries == 0) {
        return sampleByWalking(count);
      }
      Picked picked = near(random.nextLong());
      if (sample.putIfAbsent(ByteBuffer.wrap(picked.element()), picked) == null) {
        elements.hold(picked.element(), picked.stored());
      }
    }
    return new ArrayList<>(sample.values());
  }

  /** {@code count} times {@link #one}; the collection is not empty. */
  List<Picked> repeated(int count) {
    List<Picked> picks = new ArrayList<>(count);
    if (isSmall() || count >= elements.size()) {
      List<Picked> all = sampleByWalking(elements.size());
      for (int i = 0; i < count; i++) {
        picks.add(all.get(random.nextInt(all.size())));
      }
    } else {
      for (int i = 0; i < count; i++) {
        Picked picked = near(random.nextLong());
        elements.hold(picked.element(), picked.stored());
        picks.add(picked);
      }
    }
    return picks;
  }

  private boolean isSmall() {
    return elements.isInline() || elements.size() <= WALKED_SIZE;
  }

  /** Takes each element with the chance (still wanted) / (still to come): all samples alike. */
  private List<Picked> sampleByWalking(long count) {
    List<Picked> sample = new ArrayList<>((int) Math.min(count, elements.size()));
    long[] toCome = {elements.size()};
    elements.walk(
        (element, stored) -> {
          long wanted = count - sample.size();
          if (wanted >= toCome[0] || random.nextLong(toCome[0]) < wanted) {
            elements.hold(element, stored);
            sample.add(new Picked(element, stored));
          }
          toCome[0]--;
          return sample.size() < count;
        });
    if (sample.size() < Math.min(count, elements.size())) {
      throw wrongSize();
    }
    return sample;
  }

  private Picked walkTo(long index) {
    StepsTo target = new StepsTo(index);
    elements.walk(target);
    return target.found();
  }

  /** The element some rows behind a random place, going round at the end. */
  private Picked near(long randomBits) {
    StepsTo target = new StepsTo(random.nextInt(WINDOW));
    elements.walkFrom(randomBits >>> (Long.SIZE - KeyRows.HASH_BITS), target);
    if (target.picked == null) {
      elements.walk(target);
    }
    return target.found();
  }

  private CorruptStoreException wrongSize() {
    return new CorruptStoreException("fewer elements than the size " + elements.size());
  }

  private final class StepsTo implements Elements.Visitor {
    private long steps;
    private Picked picked;

    StepsTo(long steps) {
      this.steps = steps;
    }

    @Override
    public boolean visit(byte[] element, byte[] stored) {
      if (steps == 0) {
        picked = new Picked(element, stored);
        return false;
      }
      steps--;
      return true;
    }

    Picked found() {
      if (picked == null) {
        throw wrongSize();
      }
      return picked;
    }
  }
}
