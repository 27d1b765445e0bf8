package io.raftkv.bench;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.HdrHistogram.Histogram;

/**
 * What a run measured. Latencies are microseconds.
 *
 * @param background the same for the connections beside the measured ones, or null
 */
record LoadReport(
    String name,
    int connections,
    int pipeline,
    double targetRate,
    double warmupSeconds,
    double seconds,
    double perSecond,
    double p50,
    double p99,
    double p999,
    double max,
    long overdue,
    Map<String, Long> errors,
    LoadReport background) {

  static LoadReport of(
      String name,
      LoadOptions options,
      double warmupSeconds,
      double seconds,
      long requests,
      List<LoadWorker> workers) {
    return of(
        name,
        options.connections,
        options.pipeline,
        options.rate,
        warmupSeconds,
        seconds,
        requests / seconds,
        workers);
  }

  private static LoadReport of(
      String name,
      int connections,
      int pipeline,
      double rate,
      double warmupSeconds,
      double seconds,
      double perSecond,
      List<LoadWorker> workers) {
    Histogram all = new Histogram(3);
    Map<String, Long> errors = new TreeMap<>();
    long overdue = 0;
    for (LoadWorker worker : workers) {
      all.add(worker.latencies());
      worker.errors().forEach((text, count) -> errors.merge(text, count, Long::sum));
      overdue += worker.overdueAtEnd();
    }
    return new LoadReport(
        name,
        connections,
        pipeline,
        rate,
        warmupSeconds,
        seconds,
        perSecond,
        all.getValueAtPercentile(50) / 1e3,
        all.getValueAtPercentile(99) / 1e3,
        all.getValueAtPercentile(99.9) / 1e3,
        all.getMaxValue() / 1e3,
        overdue,
        errors,
        null);
  }

  LoadReport withBackground(int connectionsBeside, double rate, List<LoadWorker> workers) {
    LoadReport beside =
        of("background", connectionsBeside, pipeline, 0, warmupSeconds, seconds, rate, workers);
    return new LoadReport(
        name,
        connections,
        pipeline,
        targetRate,
        warmupSeconds,
        seconds,
        perSecond,
        p50,
        p99,
        p999,
        max,
        overdue,
        errors,
        beside);
  }

  /** Whether requests were answered, and none of them with an error. */
  boolean succeeded() {
    return perSecond > 0 && errors.isEmpty() && (background == null || background.succeeded());
  }

  String toText() {
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            "%s, %d connections, pipeline %d%s, warm-up %.0f s, measured %.1f s%n",
            name,
            connections,
            pipeline,
            targetRate > 0 ? String.format(Locale.ROOT, ", %.0f/s due", targetRate) : "",
            warmupSeconds,
            seconds));
    text.append(
        String.format(
            Locale.ROOT,
            "%.0f requests/s, latency us: p50 %.0f, p99 %.0f, p99.9 %.0f, max %.0f",
            perSecond,
            p50,
            p99,
            p999,
            max));
    if (overdue > 0) {
      text.append(String.format("%n%d requests were due and not sent at the end", overdue));
    }
    errors.forEach((error, count) -> text.append(String.format("%n%d x %s", count, error)));
    if (background != null) {
      text.append(String.format("%n")).append(background.toText());
    }
    return text.toString();
  }

  String toJson() {
    String errorFields =
        errors.entrySet().stream()
            .map(e -> quote(e.getKey()) + ":" + e.getValue())
            .collect(Collectors.joining(",", "{", "}"));
    return String.format(
        Locale.ROOT,
        "{\"name\":%s,\"connections\":%d,\"pipeline\":%d,\"targetRate\":%.1f,"
            + "\"warmupSeconds\":%.1f,\"seconds\":%.2f,\"perSecond\":%.1f,\"p50Micros\":%.1f,"
            + "\"p99Micros\":%.1f,\"p999Micros\":%.1f,\"maxMicros\":%.1f,\"overdue\":%d,"
            + "\"errors\":%s%s}",
        quote(name),
        connections,
        pipeline,
        targetRate,
        warmupSeconds,
        seconds,
        perSecond,
        p50,
        p99,
        p999,
        max,
        overdue,
        errorFields,
        background == null ? "" : ",\"background\":" + background.toJson());
  }

  private static String quote(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        quoted.append('\\').append(c);
      } else if (c < ' ' || c > '~') {
        quoted.append(String.format("\\u%04x", (int) c));
      } else {
        quoted.append(c);
      }
    }
    return quoted.append('"').toString();
  }
}
