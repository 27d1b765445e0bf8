package io.raftkv.bench;

import java.util.List;

/**
 * What one group of connections sends, encoded: requests in turn, or one of two by weight.
 * Immutable.
 *
 * @param firstShare how often the first of two requests is sent, or 0 for all of them in turn
 * @param preload what makes the keys that are read
 */
record RequestMix(
    String name, List<Request> requests, double firstShare, List<RequestTemplate> preload) {
  /** A request, and whether it changes anything. */
  record Request(RequestTemplate template, boolean writes) {}

  static RequestMix of(Workload workload, int valueBytes) {
    return new RequestMix(
        workload.name(),
        workload.commands().stream()
            .map(command -> request(command, workload.elementsPerKey(), valueBytes))
            .toList(),
        0,
        workload.preload().stream()
            .map(line -> RequestTemplate.parse(line, workload.elementsPerKey(), valueBytes))
            .toList());
  }

  private static Request request(Workload.Command command, int elementsPerKey, int valueBytes) {
    RequestTemplate template = RequestTemplate.parse(command.line(), elementsPerKey, valueBytes);
    return new Request(template, command.writes());
  }

  static RequestMix setAndGet(double setShare, int valueBytes) {
    RequestMix set = of(Workloads.of("set"), valueBytes);
    RequestMix get = of(Workloads.of("get"), valueBytes);
    return new RequestMix(
        String.format("SET/GET %.0f%%", setShare * 100),
        List.of(set.requests.get(0), get.requests.get(0)),
        setShare,
        get.preload);
  }

  boolean writes() {
    return requests.stream().anyMatch(Request::writes);
  }

  int largest() {
    return requests.stream().mapToInt(request -> request.template().size()).max().orElseThrow();
  }
}
