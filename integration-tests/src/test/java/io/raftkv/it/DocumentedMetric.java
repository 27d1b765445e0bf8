package io.raftkv.it;

import io.raftkv.it.cluster.Scrape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A metric as {@code docs/operations.md} names it in its table.
 *
 * @param name of one metric, or with {@code *} at its end of several; a histogram's without the
 *     endings of its parts
 * @param labels that each of its values carries
 */
record DocumentedMetric(String name, Set<String> labels) {
  private static final Path DOCUMENT = Path.of("..", "docs", "operations.md");
  private static final String SECTION = "## Metrics";
  private static final Pattern NAME = Pattern.compile("`([a-z_]+\\*?)(?:\\{([a-z,]+)\\})?`");

  /** All of them, in the table's order. */
  static List<DocumentedMetric> all() throws IOException {
    List<DocumentedMetric> all = new ArrayList<>();
    boolean inside = false;
    for (String line : Files.readAllLines(DOCUMENT)) {
      if (line.startsWith("## ")) {
        inside = line.equals(SECTION);
      } else if (inside && line.startsWith("| `")) {
        Matcher name = NAME.matcher(line.substring(0, line.indexOf(" | ")));
        while (name.find()) {
          String labels = name.group(2);
          all.add(
              new DocumentedMetric(
                  name.group(1), labels == null ? Set.of() : Set.of(labels.split(",", -1))));
        }
      }
    }
    return all;
  }

  /** Whether a node shows it, with a positive value if it may not be zero. */
  boolean isIn(Scrape scrape, boolean mayBeZero) {
    return scrape.samples().stream()
        .filter(sample -> isNamed(sample.name()))
        .filter(sample -> sample.labels().keySet().containsAll(labels))
        .anyMatch(sample -> mayBeZero || sample.value() > 0);
  }

  private boolean isNamed(String sample) {
    if (name.endsWith("*")) {
      return sample.startsWith(name.substring(0, name.length() - 1));
    }
    return sample.equals(name) || sample.equals(name + "_count");
  }
}
