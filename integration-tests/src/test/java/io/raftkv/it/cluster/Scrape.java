package io.raftkv.it.cluster;

import static java.util.stream.Collectors.toSet;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a node's {@code /metrics} said at one time, in Prometheus' text form. Immutable. */
public final class Scrape {
  private static final Pattern SAMPLE =
      Pattern.compile("([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\\{(.*)\\})? (\\S+)");
  private static final Pattern LABEL = Pattern.compile("(\\w+)=\"((?:[^\"\\\\]|\\\\.)*)\",?");

  /** One line of it. */
  public record Sample(String name, Map<String, String> labels, double value) {}

  private final List<Sample> samples;

  private Scrape(List<Sample> samples) {
    this.samples = samples;
  }

  /** Asks the node; a reply that is none, or a line that cannot be read, is the test's failure. */
  public static Scrape of(TestNode node) {
    try {
      TestNode.HttpReply reply = node.http("/metrics");
      if (reply.status() != 200) {
        throw new IOException("status " + reply.status() + ": " + reply.body());
      }
      return new Scrape(
          reply
              .body()
              .lines()
              .filter(line -> !line.isEmpty() && !line.startsWith("#"))
              .map(Scrape::sample)
              .toList());
    } catch (IOException e) {
      throw new UncheckedIOException("no metrics from " + node.id(), e);
    }
  }

  private static Sample sample(String line) {
    Matcher sample = SAMPLE.matcher(line);
    if (!sample.matches()) {
      throw new AssertionError("not a line of Prometheus' text form: " + line);
    }
    Map<String, String> labels = new HashMap<>();
    if (sample.group(2) != null) {
      Matcher label = LABEL.matcher(sample.group(2));
      int end = 0;
      while (label.find() && label.start() == end) {
        labels.put(label.group(1), label.group(2));
        end = label.end();
      }
      if (end != sample.group(2).length()) {
        throw new AssertionError("labels that cannot be read: " + line);
      }
    }
    String value = sample.group(3);
    return new Sample(
        sample.group(1),
        Map.copyOf(labels),
        value.equals("+Inf") ? Double.POSITIVE_INFINITY : Double.parseDouble(value));
  }

  public List<Sample> samples() {
    return samples;
  }

  /** The sum of all values under this name that carry these labels. */
  public double sum(String name, Map<String, String> labels) {
    return samples.stream()
        .filter(sample -> sample.name().equals(name))
        .filter(sample -> sample.labels().entrySet().containsAll(labels.entrySet()))
        .mapToDouble(Sample::value)
        .sum();
  }

  /** What one label of a metric is set to. */
  public Set<String> labels(String name, String label) {
    return samples.stream()
        .filter(sample -> sample.name().equals(name) && sample.labels().containsKey(label))
        .map(sample -> sample.labels().get(label))
        .collect(toSet());
  }
}
