package io.raftkv.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * What connections send: commands in turn, as {@link RequestTemplate} writes them. Immutable.
 *
 * @param elementsPerKey over how many elements of each key the numbers of a run are spread
 * @param commands sent one after the other, all of a turn with the same numbers
 * @param preload sent before, each once for every key, element or connection that it names; may be
 *     sent again to what an earlier run has left
 */
record Workload(String name, int elementsPerKey, List<Command> commands, List<String> preload) {
  /**
   * One command of a turn.
   *
   * @param writes whether it changes anything, so that it counts as done when it is replicated
   */
  record Command(String line, boolean writes) {
    String name() {
      int end = line.indexOf(' ');
      return end < 0 ? line : line.substring(0, end);
    }
  }

  static Workload named(String name) {
    return new Workload(name, 1, List.of(), List.of());
  }

  Workload elements(int perKey) {
    return new Workload(name, perKey, commands, preload);
  }

  Workload reads(String line) {
    return with(new Command(line, false));
  }

  Workload writes(String line) {
    return with(new Command(line, true));
  }

  private Workload with(Command command) {
    List<Command> more = new ArrayList<>(commands);
    more.add(command);
    return new Workload(name, elementsPerKey, List.copyOf(more), preload);
  }

  Workload preloadedBy(String... lines) {
    return new Workload(name, elementsPerKey, commands, List.of(lines));
  }

  /** Its commands' names. */
  String summary() {
    return commands.stream().map(Command::name).collect(Collectors.joining(", "));
  }
}
