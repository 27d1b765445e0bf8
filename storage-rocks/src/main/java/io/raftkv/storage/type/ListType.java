package io.raftkv.storage.type;

import io.raftkv.storage.KeyHandle;
import io.raftkv.storage.KeyType;
import io.raftkv.storage.row.MetaRow;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;

/**
 * The list of one key. A key that does not exist is an empty list; a list that becomes empty is
 * deleted. Every change is written, metadata included, when the method returns.
 *
 * <p>Small lists live in the metadata record (see {@link InlineLimits}), others in element rows:
 * there both ends and every index are O(1), inserting and removing inside costs the distance to the
 * nearer end. Not thread-safe; lives for one command.
 */
public final class ListType {
  /** One of the two ends of a list. */
  public enum End {
    HEAD,
    TAIL
  }

  private final KeyHandle key;
  private ListBody body;

  /**
   * The list of a key.
   *
   * @throws io.raftkv.storage.WrongTypeException if the key holds another type
   */
  public ListType(KeyHandle key) {
    this.key = key;
    MetaRow meta = key.metaIf(KeyType.LIST);
    if (meta != null) {
      body =
          meta.encoding() == MetaRow.INLINE
              ? new InlineList(meta.payload())
              : RowList.open(key, meta);
    }
  }

  /** True if the list has elements, which is to say that its key exists. */
  public boolean exists() {
    return body != null;
  }

  public long size() {
    return body == null ? 0 : body.size();
  }

  /** The element at an index counted from the head, null if there is none. */
  public byte[] get(long index) {
    return index >= 0 && index < size() ? body.get(index) : null;
  }

  /** The elements from one index to another, both included; indexes outside the list are cut. */
  public List<byte[]> range(long first, long last) {
    long from = Math.max(first, 0);
    long to = Math.min(last, size() - 1);
    return from > to ? List.of() : read(from, to - from + 1, false);
  }

  /** Visits elements from an index that exists to the tail until the visitor answers false. */
  public void forEachFrom(long index, Predicate<byte[]> visitor) {
    try (ListBody.Walk walk = body.walk(index, false)) {
      boolean wanted = true;
      while (wanted && walk.next()) {
        wanted = visitor.test(walk.element());
      }
    }
  }

  /** Pushes the elements in turn: the last one is outermost afterwards. */
  public void push(End end, List<byte[]> elements) {
    if (elements.isEmpty()) {
      return;
    }
    if (body == null) {
      body = new InlineList();
    }
    for (byte[] element : elements) {
      body.push(end, element);
      moveOutIfTooLarge();
    }
    save();
  }

  /** Removes and returns up to {@code count} elements, the outermost first. */
  public List<byte[]> pop(End end, long count) {
    long wanted = Math.min(count, size());
    if (wanted <= 0) {
      return List.of();
    }
    List<byte[]> popped = new ArrayList<>();
    try (ListBody.Walk walk = body.walk(end == End.HEAD ? 0 : size() - 1, end == End.TAIL)) {
      while (popped.size() < wanted && walk.next()) {
        byte[] element = walk.element();
        key.hold(element);
        popped.add(element);
      }
    }
    drop(end, wanted);
    save();
    return popped;
  }

  /**
   * Moves the element at one end to the other, or nowhere if the ends are the same; the key lives
   * on, its expiry too. The list must exist.
   *
   * @return the element
   */
  public byte[] rotate(End from, End to) {
    byte[] element = body.get(from == End.HEAD ? 0 : size() - 1);
    if (from != to && size() > 1) {
      body.drop(from, 1);
      body.push(to, element);
    }
    save();
    return element;
  }

  /** Replaces the element at an index that exists. */
  public void set(long index, byte[] element) {
    if (index < 0 || index >= size()) {
      throw new IndexOutOfBoundsException(index);
    }
    body.set(index, element);
    moveOutIfTooLarge();
    save();
  }

  /** Keeps the elements from one index to another, both included, and removes all others. */
  public void trim(long first, long last) {
    long from = Math.max(first, 0);
    long to = Math.min(last, size() - 1);
    if (body == null || (from == 0 && to == size() - 1)) {
      return;
    }
    if (from > to) {
      drop(End.HEAD, size());
    } else {
      drop(End.TAIL, size() - 1 - to);
      drop(End.HEAD, from);
    }
    save();
  }

  /**
   * Puts an element before or after the first one from the head that equals {@code pivot}.
   *
   * @return whether there is such an element
   */
  public boolean insert(byte[] pivot, byte[] element, boolean before) {
    List<Long> found = positions(pivot, 1, 1, 0);
    if (found.isEmpty()) {
      return false;
    }
    long index = found.get(0) + (before ? 0 : 1);
    if (index == 0) {
      body.push(End.HEAD, element);
    } else if (index == size()) {
      body.push(End.TAIL, element);
    } else {
      body.insert(index, element);
    }
    moveOutIfTooLarge();
    save();
    return true;
  }

  /**
   * Removes elements equal to {@code element}.
   *
   * @param limit how many at most, counted from {@code from}; 0 for all
   * @return how many were removed
   */
  public long remove(byte[] element, End from, long limit) {
    if (body == null) {
      return 0;
    }
    boolean backwards = from == End.TAIL;
    long index = backwards ? size() - 1 : 0;
    long nearest = -1;
    long farthest = -1;
    long count = 0;
    try (ListBody.Walk walk = body.walk(index, backwards)) {
      while ((limit == 0 || count < limit) && walk.next()) {
        if (Arrays.equals(walk.element(), element)) {
          nearest = count == 0 ? index : nearest;
          farthest = index;
          count++;
        }
        index += backwards ? -1 : 1;
      }
    }
    if (count == 0) {
      return 0;
    }
    if (count == size()) {
      drop(End.HEAD, count);
    } else {
      body.removeEqual(element, Math.min(nearest, farthest), Math.max(nearest, farthest), count);
    }
    save();
    return count;
  }

  /**
   * Indexes of the elements equal to {@code element}.
   *
   * @param rank the first match to report: 1 is the first from the head, -1 the first from the tail
   * @param limit how many matches to report; 0 for all
   * @param maxCompared how many elements to look at; 0 for all
   */
  public List<Long> positions(byte[] element, long rank, long limit, long maxCompared) {
    List<Long> found = new ArrayList<>();
    if (body == null) {
      return found;
    }
    boolean backwards = rank < 0;
    long skip = Math.abs(rank) - 1;
    long index = backwards ? size() - 1 : 0;
    long compared = 0;
    try (ListBody.Walk walk = body.walk(index, backwards)) {
      while ((maxCompared == 0 || compared < maxCompared) && walk.next()) {
        if (Arrays.equals(walk.element(), element) && skip-- <= 0) {
          found.add(index);
          if (found.size() == limit) {
            break;
          }
        }
        index += backwards ? -1 : 1;
        compared++;
      }
    }
    return found;
  }

  private List<byte[]> read(long index, long count, boolean backwards) {
    List<byte[]> elements = new ArrayList<>(Math.toIntExact(count));
    try (ListBody.Walk walk = body.walk(index, backwards)) {
      while (elements.size() < count && walk.next()) {
        elements.add(walk.element());
      }
    }
    return elements;
  }

  /** Dropping all elements leaves the rows to the deletion of the key, which is one range. */
  private void drop(End end, long count) {
    if (count == size()) {
      key.delete();
      body = null;
    } else if (count > 0) {
      body.drop(end, count);
    }
  }

  private void moveOutIfTooLarge() {
    if (body instanceof InlineList small && !small.fits()) {
      body = RowList.moveOut(key, small);
    }
  }

  private void save() {
    if (body != null) {
      key.update(KeyType.LIST, body.encoding(), body.payload());
    }
  }
}
