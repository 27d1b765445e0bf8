package io.raftkv.storage.type;

import io.raftkv.storage.KeyHandle;
import io.raftkv.storage.KeyType;
import io.raftkv.storage.SeededRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;

/**
 * A hash under one key. A key that does not exist is an empty hash; one that becomes empty is
 * deleted. Every change writes the metadata record once, whatever the number of fields.
 *
 * <p>Operations on single fields cost the same for every size. Not thread-safe; lives for one
 * command. Arrays handed in or out belong to the hash: nobody changes them.
 */
public final class HashType {
  /** A field and its value. */
  public record Field(byte[] name, byte[] value) {}

  private final Elements elements;

  /**
   * @throws io.raftkv.storage.WrongTypeException if the key holds another type
   */
  public HashType(KeyHandle key) {
    elements = Elements.of(key, KeyType.HASH);
  }

  /** Number of fields. */
  public long size() {
    return elements.size();
  }

  public boolean contains(byte[] field) {
    return elements.contains(field);
  }

  /** The value of a field, or null. */
  public byte[] get(byte[] field) {
    byte[] stored = elements.get(field);
    return stored == null ? null : FieldValues.decode(stored);
  }

  /** Sets a field. Returns whether it is new. */
  public boolean put(byte[] field, byte[] value) {
    boolean added = elements.put(field, FieldValues.encode(value));
    elements.commit();
    return added;
  }

  /** Sets the fields of a list of fields and values in turn. Returns how many are new. */
  public long putAll(List<byte[]> fieldsAndValues) {
    long added = 0;
    for (int i = 0; i < fieldsAndValues.size(); i += 2) {
      byte[] stored = FieldValues.encode(fieldsAndValues.get(i + 1));
      added += elements.put(fieldsAndValues.get(i), stored) ? 1 : 0;
    }
    elements.commit();
    return added;
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
          visitor.accept(field, FieldValues.decode(stored));
          return true;
        });
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
          visitor.accept(field, FieldValues.decode(stored));
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
    return new Field(picked.element(), FieldValues.decode(picked.stored()));
  }
}
