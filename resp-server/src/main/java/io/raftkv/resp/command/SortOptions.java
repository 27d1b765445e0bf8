package io.raftkv.resp.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.Slot;
import java.util.ArrayList;
import java.util.List;

/**
 * The options of SORT and SORT_RO.
 *
 * @param by where the weight of an element is; null if it is the element itself
 * @param unsorted a BY that names no element: nothing is sorted
 * @param offset of the first element to answer, may be negative
 * @param count how many elements to answer, negative for all
 * @param get what to answer for each element; nothing for the element itself
 * @param descending the largest first
 * @param alphabetic compare bytes instead of numbers
 * @param storeAt the word that is the destination, 0 if there is none
 */
record SortOptions(
    SortPattern by,
    boolean unsorted,
    long offset,
    long count,
    List<SortPattern> get,
    boolean descending,
    boolean alphabetic,
    int storeAt) {
  private static final int KEY = 1;

  static SortOptions parse(Args args, boolean mayStore) {
    SortPattern by = null;
    boolean unsorted = false;
    long offset = 0;
    long count = -1;
    List<SortPattern> get = new ArrayList<>();
    boolean descending = false;
    boolean alphabetic = false;
    int storeAt = 0;
    for (int i = KEY + 1; i < args.size(); i++) {
      int left = args.size() - 1 - i;
      if (args.is(i, "ASC")) {
        descending = false;
      } else if (args.is(i, "DESC")) {
        descending = true;
      } else if (args.is(i, "ALPHA")) {
        alphabetic = true;
      } else if (args.is(i, "LIMIT") && left >= 2) {
        offset = args.int64(++i);
        count = args.int64(++i);
      } else if (args.is(i, "STORE") && left >= 1 && mayStore) {
        storeAt = ++i;
      } else if (args.is(i, "BY") && left >= 1) {
        by = new SortPattern(args.bytes(++i));
        unsorted |= !by.namesElement(); // Redis, too, sticks to that when another BY follows
      } else if (args.is(i, "GET") && left >= 1) {
        get.add(new SortPattern(args.bytes(++i)));
      } else {
        throw new CommandException(RespErrors.SYNTAX);
      }
    }
    return new SortOptions(by, unsorted, offset, count, get, descending, alphabetic, storeAt);
  }

  /** A part of the elements: from the first index to before the last one. */
  record Window(long from, long to) {}

  /** What LIMIT leaves of so many elements. */
  Window window(long size) {
    long from = Math.min(Math.max(offset, 0), size);
    return new Window(from, count < 0 ? size : from + Math.min(count, size - from));
  }

  /** True for a call of SORT that cannot be one with a destination, whatever its words mean. */
  static boolean cannotStore(Args args) {
    for (int i = KEY + 1; i < args.size(); i++) {
      if (args.is(i, "STORE")) {
        return false;
      }
    }
    return true;
  }

  /** Positions of the key and, if there is one, of the destination. */
  static int[] keyPositions(Args args) {
    int storeAt = parse(args, true).storeAt();
    return storeAt == 0 ? new int[] {KEY} : new int[] {KEY, storeAt};
  }

  /** Refuses patterns that may name keys of other slots than that of the sorted key. */
  static void requireOneSlot(Args args) {
    int slot = Slot.of(args.bytes(KEY));
    for (int i = KEY + 1; i + 1 < args.size(); i++) {
      if (args.is(i, "BY") || args.is(i, "GET")) {
        String option = args.is(i, "BY") ? "BY" : "GET";
        if (!new SortPattern(args.bytes(++i)).staysIn(slot)) {
          throw new CommandException(RespErrors.sortPatternDenied(option));
        }
      } else if (args.is(i, "STORE")) {
        i++;
      } else if (args.is(i, "LIMIT")) {
        i += 2;
      }
    }
  }
}
