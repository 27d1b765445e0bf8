package io.raftkv.bench;

import io.raftkv.bench.RequestTemplate.Command;

/**
 * What one group of connections sends: one command, or SET and GET by weight. Immutable.
 *
 * @param firstShare how often the first request is sent, up to 1 for always
 * @param filler what makes the keys that are read
 */
record RequestMix(
    String name,
    RequestTemplate first,
    RequestTemplate second,
    double firstShare,
    boolean firstWrites,
    RequestTemplate filler) {

  static RequestMix only(Command command, int valueBytes) {
    RequestTemplate template = RequestTemplate.of(command, valueBytes);
    RequestTemplate filler = RequestTemplate.of(command.filler(), valueBytes);
    return new RequestMix(command.name(), template, template, 1, command.isWrite(), filler);
  }

  static RequestMix setAndGet(double setShare, int valueBytes) {
    return new RequestMix(
        String.format("SET/GET %.0f%%", setShare * 100),
        RequestTemplate.of(Command.SET, valueBytes),
        RequestTemplate.of(Command.GET, valueBytes),
        setShare,
        true,
        RequestTemplate.of(Command.SET, valueBytes));
  }

  /** Draws whether the next request is of the first kind. */
  boolean picksFirst(KeySequence random) {
    return firstShare >= 1 || random.nextDouble() < firstShare;
  }

  int largest() {
    return Math.max(first.size(), second.size());
  }
}
