package io.raftkv.storage;

import java.util.ArrayList;
import java.util.List;

/** Steps that take back the changes since the last mark. Not thread-safe. */
final class UndoLog {
  private final List<Runnable> steps = new ArrayList<>();

  /** Notes how to take back the change that is made now. */
  void add(Runnable step) {
    steps.add(step);
  }

  /** What has happened so far stays. */
  void mark() {
    steps.clear();
  }

  /** Takes back everything since the mark, the latest change first. */
  void rollback() {
    for (int i = steps.size() - 1; i >= 0; i--) {
      steps.get(i).run();
    }
    steps.clear();
  }
}
