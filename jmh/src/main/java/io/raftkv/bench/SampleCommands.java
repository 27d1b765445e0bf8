package io.raftkv.bench;

import java.nio.charset.StandardCharsets;

/** Words of commands, of fixed lengths so that every run handles the same number of bytes. */
final class SampleCommands {
  /** Length of the values of strings, as in the load generator's default. */
  static final int VALUE_BYTES = 64;

  private SampleCommands() {}

  /** A command of ASCII words. */
  static byte[][] command(String... words) {
    byte[][] command = new byte[words.length][];
    for (int i = 0; i < words.length; i++) {
      command[i] = words[i].getBytes(StandardCharsets.US_ASCII);
    }
    return command;
  }

  /** SET of one of many keys. */
  static byte[][] set(int key) {
    return command("SET", key(key), "x".repeat(VALUE_BYTES));
  }

  /** A key of 12 bytes. */
  static String key(int number) {
    return "key:%08d".formatted(number);
  }

  /** A field, member or list element of 12 bytes. */
  static String element(int number) {
    return "elm:%08d".formatted(number);
  }
}
