package io.raftkv.storage.type;

import io.raftkv.storage.KeyHandle;
import io.raftkv.storage.KeyType;
import io.raftkv.storage.SeededRandom;
import io.raftkv.storage.row.KeyRows;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * A set under one key. A key that does not exist is an empty set; one that becomes empty is
 * deleted. Every change writes the metadata record once, whatever the number of members.
 *
 * <p>Operations on single members cost the same for every size. Not thread-safe; lives for one
 * command. Arrays handed in or out belong to the set: nobody changes them.
 */
public final class SetType {
  /** The order in which members in rows are kept: by hash, equal ones by their bytes. */
  public static final Comparator<byte[]> ORDER =
      Comparator.<byte[]>comparingLong(KeyRows::hash).thenComparing(Arrays::compareUnsigned);

  private static final byte[] NO_VALUE = {};

  private final Elements elements;

  /**
   * @throws io.raftkv.storage.WrongTypeException if the key holds another type
   */
  public SetType(KeyHandle key) {
    elements = Elements.of(key, KeyType.SET);
  }

  /**
   * Makes the key a set of these members, without expiry, whatever it was; without members the key
   * is deleted. Returns the number of different members.
   */
  public static long replace(KeyHandle key, Collection<byte[]> members) {
    Elements elements = Elements.inPlaceOf(key, KeyType.SET);
    List<Elements.Element> given = new ArrayList<>(members.size());
    members.forEach(member -> given.add(new Elements.Element(member, NO_VALUE)));
    elements.fill(given);
    elements.commit();
    return elements.size();
  }

  /** Number of members. */
  public long size() {
    return elements.size();
  }

  public boolean contains(byte[] member) {
    return elements.contains(member);
  }

  /** Adds members. Returns how many are new. */
  public long addAll(List<byte[]> members) {
    long added = 0;
    for (byte[] member : members) {
      added += elements.put(member, NO_VALUE) ? 1 : 0;
    }
    elements.commit();
    return added;
  }

  /** Removes members. Returns how many were there. */
  public long removeAll(List<byte[]> members) {
    long removed = 0;
    for (byte[] member : members) {
      removed += elements.remove(member) ? 1 : 0;
    }
    elements.commit();
    return removed;
  }

  /** Visits all members; the set must not be changed meanwhile. */
  public void forEach(Consumer<byte[]> visitor) {
    elements.walk(
        (member, none) -> {
          visitor.accept(member);
          return true;
        });
  }

  /** Visits members until the visitor answers false; the set must not be changed meanwhile. */
  public void forEachWhile(Predicate<byte[]> visitor) {
    elements.walk((member, none) -> visitor.test(member));
  }

  /**
   * Visits members in the order of {@link #forEach} until the visitor answers false.
   *
   * @param after the member behind which to begin, which must be there; null for the first
   */
  public void forEachAfter(byte[] after, Predicate<byte[]> visitor) {
    elements.walkAfter(after, (member, none) -> visitor.test(member));
  }

  /** True if the members are visited in the order of {@link #ORDER} by all methods. */
  public boolean isOrdered() {
    return !elements.isInline();
  }

  /**
   * Visits members in the order of {@link #ORDER} until the visitor answers false. Each call sorts
   * those of a set that is not {@link #isOrdered ordered} anew.
   *
   * @param hash of the first member at least
   */
  public void forEachFrom(long hash, Predicate<byte[]> visitor) {
    if (isOrdered()) {
      elements.walkFrom(hash, (member, none) -> visitor.test(member));
      return;
    }
    List<byte[]> members = new ArrayList<>();
    forEach(members::add);
    members.sort(ORDER);
    for (byte[] member : members) {
      if (KeyRows.hash(member) >= hash && !visitor.test(member)) {
        return;
      }
    }
  }

  /**
   * Visits about {@code count} members, at least one; small sets in one go.
   *
   * @param cursor 0 to begin, else what the call before returned
   * @return where to go on, or 0 at the end; every member that is there all the time is seen
   */
  public long scan(long cursor, long count, Consumer<byte[]> visitor) {
    return elements.scan(
        cursor,
        count,
        (member, none) -> {
          visitor.accept(member);
          return true;
        });
  }

  /** A random member of a set that is not empty; in large sets nearly evenly. */
  public byte[] random(SeededRandom random) {
    return new RandomElements(elements, random).one().element();
  }

  /** {@code count} different random members, or all if there are fewer. */
  public List<byte[]> randomDistinct(long count, SeededRandom random) {
    return members(new RandomElements(elements, random).distinct(count));
  }

  /** {@code count} random members of a set that is not empty; one may come more than once. */
  public List<byte[]> randomRepeated(int count, SeededRandom random) {
    return members(new RandomElements(elements, random).repeated(count));
  }

  /** Takes {@code count} different random members out, or all if there are fewer. */
  public List<byte[]> pop(long count, SeededRandom random) {
    List<byte[]> popped = randomDistinct(count, random);
    if (popped.size() == size()) {
      elements.clear();
    } else {
      removeAll(popped);
    }
    return popped;
  }

  private static List<byte[]> members(List<RandomElements.Picked> picks) {
    List<byte[]> members = new ArrayList<>(picks.size());
    for (RandomElements.Picked picked : picks) {
      members.add(picked.element());
    }
    return members;
  }
}
