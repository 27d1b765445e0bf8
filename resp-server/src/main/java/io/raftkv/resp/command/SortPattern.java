package io.raftkv.resp.command;

import io.raftkv.storage.KeyHandle;
import io.raftkv.storage.KeyType;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.Slot;
import io.raftkv.storage.type.HashType;
import io.raftkv.storage.type.StringType;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * A pattern of SORT: {@code weight_*} is the string of the key that the element makes in place of
 * the first asterisk, {@code object_*->price} a field of a hash, {@code #} the element itself.
 */
final class SortPattern {
  private final byte[] pattern;
  private final int star;

  /** Where the part behind the asterisk ends, which is the end of the key's name. */
  private final int nameEnd;

  /** The hash field, or null for a string. */
  private final byte[] field;

  SortPattern(byte[] pattern) {
    this.pattern = pattern;
    this.star = indexOf(pattern, '*', 0);
    int arrow = star < 0 ? -1 : arrow(pattern, star + 1);
    boolean hasField = arrow >= 0 && arrow + 2 < pattern.length;
    this.nameEnd = hasField ? arrow : pattern.length;
    this.field = hasField ? Arrays.copyOfRange(pattern, arrow + 2, pattern.length) : null;
  }

  private static int indexOf(byte[] bytes, char wanted, int from) {
    for (int i = from; i < bytes.length; i++) {
      if (bytes[i] == wanted) {
        return i;
      }
    }
    return -1;
  }

  private static int arrow(byte[] bytes, int from) {
    for (int i = from; i + 1 < bytes.length; i++) {
      if (bytes[i] == '-' && bytes[i + 1] == '>') {
        return i;
      }
    }
    return -1;
  }

  /** True if an element has a place in the pattern. */
  boolean namesElement() {
    return star >= 0;
  }

  private boolean isElementItself() {
    return pattern.length == 1 && pattern[0] == '#';
  }

  /**
   * What the pattern means for an element; null if there is no such key or field, or one of another
   * type.
   */
  byte[] lookUp(byte[] element, Keyspace keys) {
    if (isElementItself()) {
      return element;
    }
    if (star < 0) {
      return null;
    }
    KeyHandle key = keys.key(nameFor(element));
    KeyType type = field == null ? KeyType.STRING : KeyType.HASH;
    if (!key.exists() || key.meta().type() != type) {
      return null;
    }
    return field == null ? new StringType(key).get() : new HashType(key).get(field);
  }

  private byte[] nameFor(byte[] element) {
    return ByteBuffer.allocate(nameEnd - 1 + element.length)
        .put(pattern, 0, star)
        .put(element)
        .put(pattern, star + 1, nameEnd - star - 1)
        .array();
  }

  /** True if every key that the pattern can name is of this slot. */
  boolean staysIn(int slot) {
    if (star < 0) {
      return true; // names no key
    }
    byte[] prefix = Arrays.copyOf(pattern, star);
    int open = indexOf(prefix, '{', 0);
    int close = open < 0 ? -1 : indexOf(prefix, '}', open);
    // Without a whole tag before the asterisk, the element decides on the slot.
    return close > open + 1 && Slot.of(prefix) == slot;
  }
}
