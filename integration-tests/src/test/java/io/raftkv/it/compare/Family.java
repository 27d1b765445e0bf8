package io.raftkv.it.compare;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * A family of commands that is compared with Redis: a file {@code families/<name>.txt} of {@link
 * Template}s, one per line. {@code 5x} before a template makes it come five times as often. Lines
 * that begin with {@code fill} make large collections; one of them begins every third sequence.
 * {@code #} begins a comment. A line {@code alone} says that commands see keys of other sequences,
 * so that no two may run in one database at a time; {@code standalone}, that Redis Cluster does not
 * have them; {@code undamaged}, that wrong words could make replies random.
 *
 * <p>To compare another family, write such a file, with wrong words as well as right ones where
 * they are not drawn anyway (every kind of word is wrong at times, and every twentieth command is
 * damaged), and add its name to {@link #ALL}. Replies are compared byte for byte; a command whose
 * replies cannot be gets a line in {@link Differences}. Kinds of words are in {@link Draw}. A
 * command that the server does not have is a failure, for nothing of it would be compared.
 */
final class Family {
  /** Names of all families. */
  static final List<String> ALL =
      List.of(
          "strings",
          "counters",
          "expiry",
          "hashes",
          "lists",
          "sets",
          "sortedsets",
          "zeroscores",
          "lexranges",
          "bitmaps",
          "hyperloglogs",
          "geo",
          "streams",
          "sort",
          "keys",
          "database",
          "databases",
          "death");

  private static final String FILL = "fill ";
  private static final String ALONE = "alone";
  private static final String STANDALONE = "standalone";
  private static final String UNDAMAGED = "undamaged";
  private static final Set<String> PROPERTIES = Set.of(ALONE, STANDALONE, UNDAMAGED);

  /** A command that no server has. */
  private static final String UNKNOWN = "NOSUCHCOMMAND";

  private final String name;
  private final List<Template> fills = new ArrayList<>();
  private final List<Template> commands = new ArrayList<>();
  private final Set<String> properties = new TreeSet<>();

  private Family(String name) {
    this.name = name;
  }

  /**
   * Reads the family of this name.
   *
   * @param served the commands of the server
   * @throws AssertionError if the family has a command that the server does not have
   */
  static Family load(String name, Set<String> served) {
    Family family = new Family(name);
    Set<String> missing = new TreeSet<>();
    for (String line : lines(name)) {
      if (PROPERTIES.contains(line)) {
        family.properties.add(line);
        continue;
      }
      boolean fill = line.startsWith(FILL);
      Weighted entry = Weighted.parse(fill ? line.substring(FILL.length()) : line);
      String command = entry.template().command();
      if (!served.contains(command) && !command.equals(UNKNOWN)) {
        missing.add(command);
      }
      for (int i = 0; i < entry.weight(); i++) {
        (fill ? family.fills : family.commands).add(entry.template());
      }
    }
    if (!missing.isEmpty()) {
      throw new AssertionError(name + ": the server does not know " + missing);
    }
    return family;
  }

  private record Weighted(int weight, Template template) {
    static Weighted parse(String line) {
      int blank = line.indexOf(' ');
      String first = blank < 0 ? line : line.substring(0, blank);
      return first.matches("[0-9]+x")
          ? new Weighted(
              Integer.parseInt(first.substring(0, first.length() - 1)),
              Template.parse(line.substring(blank)))
          : new Weighted(1, Template.parse(line));
    }
  }

  private static List<String> lines(String name) {
    try (InputStream in = Family.class.getResourceAsStream("/families/" + name + ".txt")) {
      if (in == null) {
        throw new IllegalArgumentException("no family " + name);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .filter(line -> !line.isBlank() && !line.startsWith("#"))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String name() {
    return name;
  }

  /** True if a sequence needs a database of its own. */
  boolean isAlone() {
    return properties.contains(ALONE);
  }

  /** True if it makes no sense with a Redis Cluster. */
  boolean isStandalone() {
    return properties.contains(STANDALONE);
  }

  /** True if some of its commands may be made wrong. */
  boolean mayBeDamaged() {
    return !properties.contains(UNDAMAGED);
  }

  /** A command that makes a large collection, or null. */
  List<String> fill(Draw draw) {
    return fills.isEmpty() ? null : draw.oneOf(fills).draw(draw);
  }

  /** A random command. */
  List<String> command(Draw draw) {
    return draw.oneOf(commands).draw(draw);
  }
}
