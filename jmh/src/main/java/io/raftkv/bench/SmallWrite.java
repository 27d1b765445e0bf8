package io.raftkv.bench;

import static io.raftkv.bench.SampleCommands.command;
import static io.raftkv.bench.SampleCommands.element;
import static io.raftkv.bench.SampleCommands.key;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;

/**
 * A write to one of many small keys. Keys of collections have {@link #ELEMENTS} elements before,
 * which live in the key's own row.
 */
public enum SmallWrite {
  /** Overwrites a value of 64 bytes. */
  SET {
    @Override
    byte[][] create(int key) {
      return SampleCommands.set(key);
    }

    @Override
    byte[][] write(int key, int element, boolean partner) {
      return create(key);
    }
  },

  /** Overwrites a field, and in the partner gives it back its value. */
  HSET {
    @Override
    byte[][] create(int key) {
      return filled("HSET", key, i -> List.of(element(i), element(i)));
    }

    @Override
    byte[][] write(int key, int element, boolean partner) {
      return command("HSET", key(key), element(element), element(partner ? element : element + 1));
    }
  },

  /** Moves a member to the end of the order, and in the partner back. */
  ZADD {
    @Override
    byte[][] create(int key) {
      return filled("ZADD", key, i -> List.of(String.valueOf(i), element(i)));
    }

    @Override
    byte[][] write(int key, int element, boolean partner) {
      int score = partner ? element : ELEMENTS + element;
      return command("ZADD", key(key), String.valueOf(score), element(element));
    }
  },

  /** Pushes an element, and in the partner takes one from the other end. */
  LPUSH_RPOP {
    @Override
    byte[][] create(int key) {
      return filled("LPUSH", key, i -> List.of(element(i)));
    }

    @Override
    byte[][] write(int key, int element, boolean partner) {
      return partner ? command("RPOP", key(key)) : command("LPUSH", key(key), element(element));
    }
  },

  /** Adds a new member, and in the partner removes it. */
  SADD_SREM {
    @Override
    byte[][] create(int key) {
      return filled("SADD", key, i -> List.of(element(i)));
    }

    @Override
    byte[][] write(int key, int element, boolean partner) {
      return command(partner ? "SREM" : "SADD", key(key), element(ELEMENTS + element));
    }
  };

  /** Elements of a collection. */
  static final int ELEMENTS = 20;

  /** The command that makes a key. */
  abstract byte[][] create(int key);

  /**
   * The command to measure.
   *
   * @param element from 0 to {@code ELEMENTS - 1}
   * @param partner as in {@link PairedWrites}
   */
  abstract byte[][] write(int key, int element, boolean partner);

  private static byte[][] filled(String name, int key, IntFunction<List<String>> element) {
    List<String> words = new ArrayList<>(Arrays.asList(name, key(key)));
    for (int i = 0; i < ELEMENTS; i++) {
      words.addAll(element.apply(i));
    }
    return command(words.toArray(new String[0]));
  }
}
