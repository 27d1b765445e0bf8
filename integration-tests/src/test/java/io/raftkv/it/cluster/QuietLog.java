package io.raftkv.it.cluster;

import java.util.List;
import java.util.regex.Pattern;

/**
 * What a log looks like if nothing is wrong: lines of level INFO and nothing else, be it a warning,
 * a stack trace, or what a library or the JVM prints past the logger.
 */
final class QuietLog {
  private static final Pattern INFO =
      Pattern.compile("\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\.\\d{3} INFO  \\[.*");

  /** Written by {@link TestNode#start}. */
  private static final String START = "---- ";

  /** True of the machine, which runs other things beside these nodes. */
  private static final Pattern PAUSE =
      Pattern.compile(".* WARN .*(Detected pause in JVM or host machine|Unexpected long sleep).*");

  private QuietLog() {}

  /** Fails with the first line that would alarm somebody. */
  static void check(String node, List<String> lines) {
    for (String line : lines) {
      if (!line.startsWith(START)
          && !INFO.matcher(line).matches()
          && !PAUSE.matcher(line).matches()) {
        throw new AssertionError("the log of " + node + " is not quiet: " + line);
      }
    }
  }
}
