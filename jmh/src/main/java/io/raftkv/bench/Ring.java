package io.raftkv.bench;

import java.util.List;

/** Things made before a measurement and given out in turn without end. */
final class Ring<T> {
  private final List<T> items;
  private int next;

  Ring(List<T> items) {
    this.items = List.copyOf(items);
  }

  T next() {
    T item = items.get(next);
    next = next + 1 == items.size() ? 0 : next + 1;
    return item;
  }
}
