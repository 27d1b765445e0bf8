package io.raftkv.resp.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.resp.reply.Reply;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Runs lines of the form {@code SET a 1 => OK}. Words are split at blanks; {@code 'a b'} is one
 * word. Replies are written {@code OK}, {@code :1}, {@code "bulk"}, {@code nil}, {@code nil[]},
 * {@code [a, b]}, {@code {k: v}} and, errors, {@code -ERR …}. Lines of the form {@code @123} set
 * the time to the start plus 123 milliseconds; those of the form {@code #3} select a database.
 */
final class CommandScript {
  private final CommandRunner runner;
  private final long start;

  CommandScript(CommandRunner runner) {
    this.runner = runner;
    this.start = runner.timeMillis();
  }

  CommandRunner runner() {
    return runner;
  }

  /** Runs lines in turn and compares every reply. A failing command must leave all rows alone. */
  void check(String lines) {
    for (String line : lines.lines().toList()) {
      String step = line.strip();
      if (step.startsWith("@")) {
        runner.timeMillis(start + Long.parseLong(step.substring(1)));
      } else if (step.startsWith("#")) {
        runner.database(Integer.parseInt(step.substring(1)));
      } else if (!step.isEmpty()) {
        checkStep(step);
      }
    }
  }

  private void checkStep(String step) {
    String[] sides = step.split(" => ", 2);
    assertThat(sides).as(step).hasSize(2);
    String before = runner.rows().dump();
    Reply reply = runner.run(words(sides[0]).toArray(String[]::new));
    assertThat(text(reply)).as(step).isEqualTo(sides[1].strip());
    if (reply instanceof Reply.Failure) {
      assertThat(runner.rows().dump()).as("rows after " + step).isEqualTo(before);
    }
  }

  private static List<String> words(String command) {
    List<String> words = new ArrayList<>();
    StringBuilder word = null;
    boolean quoted = false;
    for (char c : (command.strip() + " ").toCharArray()) {
      if (c == '\'') {
        quoted = !quoted;
        word = word == null ? new StringBuilder() : word;
      } else if (c == ' ' && !quoted) {
        if (word != null) {
          words.add(word.toString());
        }
        word = null;
      } else {
        word = (word == null ? new StringBuilder() : word).append(c);
      }
    }
    return words;
  }

  /** A reply in the notation of the scripts. */
  static String text(Reply reply) {
    if (reply instanceof Reply.Simple simple) {
      return simple.text();
    } else if (reply instanceof Reply.Failure failure) {
      return "-" + failure.line();
    } else if (reply instanceof Reply.Int number) {
      return ":" + number.value();
    } else if (reply instanceof Reply.Bulk bulk) {
      return '"' + new String(bulk.bytes(), StandardCharsets.ISO_8859_1) + '"';
    } else if (reply instanceof Reply.Null) {
      return "nil";
    } else if (reply instanceof Reply.Array array) {
      return texts(array.items()).collect(Collectors.joining(", ", "[", "]"));
    } else if (reply instanceof Reply.NullArray) {
      return "nil[]";
    } else if (reply instanceof Reply.MapOf map) {
      return map(map.keysAndValues());
    } else if (reply instanceof Reply.MapOfPairs map) {
      return map(map.keysAndValues());
    }
    throw new IllegalArgumentException("no notation for " + reply);
  }

  private static String map(List<Reply> keysAndValues) {
    List<String> items = texts(keysAndValues).toList();
    StringBuilder out = new StringBuilder("{");
    for (int i = 0; i < items.size(); i += 2) {
      out.append(i == 0 ? "" : ", ").append(items.get(i)).append(": ").append(items.get(i + 1));
    }
    return out.append('}').toString();
  }

  private static Stream<String> texts(List<Reply> items) {
    return items.stream().map(CommandScript::text);
  }
}
