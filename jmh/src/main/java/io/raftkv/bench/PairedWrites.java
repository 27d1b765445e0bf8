package io.raftkv.bench;

import java.util.ArrayList;
import java.util.List;

/**
 * Writes that can be applied over and over: they must neither grow the store nor, the second time,
 * change nothing. So each entry has a partner, applied after it, which undoes it or writes
 * something else in the same places.
 */
@FunctionalInterface
interface PairedWrites {
  /**
   * One command.
   *
   * @param index its number among the commands of all first entries, or of all partners, from 0
   * @param partner whether it undoes the command of this number
   */
  byte[][] command(int index, boolean partner);

  /** Entries of {@code size} commands, {@code pairs} of them with as many partners. */
  static Ring<byte[]> entries(int pairs, int size, PairedWrites writes) {
    List<byte[]> entries = new ArrayList<>();
    for (int i = 0; i < 2 * pairs; i++) {
      List<byte[][]> commands = new ArrayList<>(size);
      for (int j = 0; j < size; j++) {
        commands.add(writes.command(i / 2 * size + j, i % 2 == 1));
      }
      entries.add(LogEntries.entry(commands));
    }
    return new Ring<>(entries);
  }
}
