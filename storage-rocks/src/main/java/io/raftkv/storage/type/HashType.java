package io.raftkv.storage.type;

import io.raftkv.storage.KeyHandle;
import io.raftkv.storage.KeyType;
import io.raftkv.storage.SeededRandom;
import io.raftkv.storage.row.MetaRow;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.BiPredicate;
import java.util.function.Consumer;

/**
 * A hash under one key. A key that does not exist is an empty hash; one that becomes empty is
 * deleted. Every change writes the metadata record once, whatever the number of fields.
 *
 * <p>A field may have a deadline, in milliseconds since the epoch. When it is reached the field is
 * absent for every operation, and the hash with its last field; {@link #sweep} removes the remains.
 *
 * <p>Operations on single fields cost the same for every size. Not thread-safe; lives for one
 * command. Arrays handed in or out belong to the hash: nobody changes them.
 */
public final class HashType {
  /** A field and its value, without a deadline it may have. */
  public record Field(byte[] name, byte[] value) {}

  /** A field with its value and deadline. */
  public record ValuedField(byte[] name, Value value) {}

  /**
   * The value of a field and its deadline, {@link MetaRow#NO_EXPIRY} if it has none.
   *
   * @param bytes belongs to the hash; nobody changes it
   */
  public record Value(byte[] bytes, long deadlineMillis) {
    /** True if the field dies on its own. */
    public boolean hasDeadline() {
      return deadlineMillis != MetaRow.NO_EXPIRY;
    }
  }

  /** Changes that belong together: see {@link #change}. */
  public final class Changes {
    private Changes() {}

    /** The value of a field as changed so far, or null. */
    public Value find(byte[] field) {
      return HashType.this.find(field);
    }

    /** Sets a field. Returns whether it is new. */
    public boolean put(byte[] field, Value value) {
      return elements.put(field, FieldValues.encode(value.bytes(), value.deadlineMillis()));
    }

    /** Removes a field. Returns whether it was there. */
    public boolean remove(byte[] field) {
      return elements.remove(field);
    }
  }

  private final Elements elements;

  /**
   * @throws io.raftkv.storage.WrongTypeException if the key holds another type
   */
  public HashType(KeyHandle key) {
    elements = Elements.of(key, KeyType.HASH);
  }

  /**
   * Makes the key a hash of these fields, without expiry of its own, whatever it was. Fields whose
   * deadline is reached are left out; if none is left there will be no key.
   *
   * @param fields of one that comes twice only one counts
   * @return how many different fields were given
   */
  public static long replace(KeyHandle key, List<ValuedField> fields) {
    List<Elements.Element> given = new ArrayList<>(fields.size());
    for (ValuedField field : fields) {
      Value value = field.value;
      given.add(
          new Elements.Element(field.name, FieldValues.encode(value.bytes, value.deadlineMillis)));
    }
    key.delete();
    Elements elements = Elements.of(key, KeyType.HASH);
    long different = elements.fill(given);
    elements.commit();
    return different;
  }

  /**
   * Removes fields whose deadline is reached, the longest dead first.
   *
   * @param limit most fields to remove
   * @return how many it removed
   */
  public static int sweep(KeyHandle key, int limit) {
    HashType hash = new HashType(key);
    int removed = hash.elements.removeDead(limit);
    hash.elements.commit();
    return removed;
  }

  /** Number of fields. O(1), but for those that died and are not swept yet. */
  public long size() {
    return elements.size();
  }

  public boolean contains(byte[] field) {
    return elements.contains(field);
  }

  /** The value of a field, or null. */
  public byte[] get(byte[] field) {
    byte[] stored = elements.get(field);
    return stored == null ? null : FieldValues.valueOf(stored);
  }

  /** The value of a field with its deadline, or null. */
  public Value find(byte[] field) {
    byte[] stored = elements.get(field);
    return stored == null ? null : value(stored);
  }

  private static Value value(byte[] stored) {
    return new Value(FieldValues.valueOf(stored), FieldValues.deadlineOf(stored));
  }

  /** Sets a field, without deadline. Returns whether it is new. */
  public boolean put(byte[] field, byte[] value) {
    return put(field, new Value(value, MetaRow.NO_EXPIRY));
  }

  /** Sets a field. Returns whether it is new. */
  public boolean put(byte[] field, Value value) {
    boolean added = elements.put(field, FieldValues.encode(value.bytes(), value.deadlineMillis()));
    elements.commit();
    return added;
  }

  /**
   * Makes several changes with one write of the metadata record.
   *
   * @param changes must not throw: what it did before would stay, without the record to it
   */
  public void change(Consumer<Changes> changes) {
    changes.accept(new Changes());
    elements.commit();
  }

  /**
   * Sets the fields of a list of fields and values in turn, without deadlines. Returns how many are
   * new.
   */
  public long putAll(List<byte[]> fieldsAndValues) {
    long added = 0;
    for (int i = 0; i < fieldsAndValues.size(); i += 2) {
      byte[] stored = FieldValues.encode(fieldsAndValues.get(i + 1), MetaRow.NO_EXPIRY);
      added += elements.put(fieldsAndValues.get(i), stored) ? 1 : 0;
    }
    elements.commit();
    return added;
  }

  /**
   * When the next of the fields dies, in milliseconds since the epoch, or {@link
   * MetaRow#NO_EXPIRY}. O(1) in a hash without deadlines, else as {@link #size}.
   */
  public long firstDeadlineMillis() {
    return elements.firstDeadline();
  }

  /** Removes fields. Returns how many were there. */
  public long removeAll(List<byte[]> fields) {
    long removed = 0;
    for (byte[] field : fields) {
      removed += elements.remove(field) ? 1 : 0;
    }
    elements.commit();
    return removed;
  }

  /** Visits all fields with their values; the hash must not be changed meanwhile. */
  public void forEach(BiConsumer<byte[], byte[]> visitor) {
    elements.walk(
        (field, stored) -> {
          visitor.accept(field, FieldValues.valueOf(stored));
          return true;
        });
  }

  /** As {@link #forEach}, with deadlines. */
  public void forEachValue(BiConsumer<byte[], Value> visitor) {
    elements.walk(
        (field, stored) -> {
          visitor.accept(field, value(stored));
          return true;
        });
  }

  /**
   * Visits fields in the order of {@link #forEach} until the visitor answers false.
   *
   * @param after the field behind which to begin, which must be there; null for the first
   */
  public void forEachAfter(byte[] after, BiPredicate<byte[], byte[]> visitor) {
    elements.walkAfter(after, (field, stored) -> visitor.test(field, FieldValues.valueOf(stored)));
  }

  /**
   * Visits about {@code count} fields, at least one; small hashes in one go.
   *
   * @param cursor 0 to begin, else what the call before returned
   * @return where to go on, or 0 at the end; every field that is there all the time is seen
   */
  public long scan(long cursor, long count, BiConsumer<byte[], byte[]> visitor) {
    return elements.scan(
        cursor,
        count,
        (field, stored) -> {
          visitor.accept(field, FieldValues.valueOf(stored));
          return true;
        });
  }

  /** A random field of a hash that is not empty; in large hashes nearly evenly. */
  public Field random(SeededRandom random) {
    return field(new RandomElements(elements, random).one());
  }

  /** {@code count} different random fields, or all if there are fewer. */
  public List<Field> randomDistinct(long count, SeededRandom random) {
    return fields(new RandomElements(elements, random).distinct(count));
  }

  /** {@code count} random fields of a hash that is not empty; one may come more than once. */
  public List<Field> randomRepeated(int count, SeededRandom random) {
    return fields(new RandomElements(elements, random).repeated(count));
  }

  private static List<Field> fields(List<RandomElements.Picked> picks) {
    List<Field> fields = new ArrayList<>(picks.size());
    for (RandomElements.Picked picked : picks) {
      fields.add(field(picked));
    }
    return fields;
  }

  private static Field field(RandomElements.Picked picked) {
    return new Field(picked.element(), FieldValues.valueOf(picked.stored()));
  }
}
