package io.raftkv.resp.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.storage.Family;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.RowCursor;
import io.raftkv.storage.WrongTypeException;
import io.raftkv.storage.row.KeyRows;
import io.raftkv.storage.row.MetaRow;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Runs the blocks of a scenario file, whose form its first lines explain, on rows in memory. In
 * {@link Form#ROWS} every collection is moved to element rows as soon as it is there.
 *
 * <p>Beyond the replies it checks that a command which fails has changed nothing by itself, before
 * anyone undoes its writes.
 */
final class CollectionScenario {
  /** Where collections live. */
  enum Form {
    INLINE,
    ROWS
  }

  /** Commands and replies that belong together. */
  record Block(String title, List<String> lines) {
    @Override
    public String toString() {
      return title;
    }
  }

  private static final String SEPARATOR = " -> ";
  private static final String NEWER = " (7.2)";

  /** Too large for any inline collection. */
  private static final String LARGE = "L".repeat(1000);

  final CommandRunner runner;
  private final CommandTable table;
  private final Form form;

  CollectionScenario(Form form) {
    List<CommandSpec> specs = new ArrayList<>();
    specs.addAll(ListCommands.ALL);
    specs.addAll(SortedSetCommands.ALL);
    specs.addAll(SetCommands.ALL);
    this.runner = new CommandRunner(specs);
    this.table = new CommandTable(List.of(specs));
    this.form = form;
  }

  /** The blocks of {@code scenarios/<name>.txt}. */
  static List<Block> read(String name) {
    try (InputStream in =
        CollectionScenario.class.getResourceAsStream("/scenarios/" + name + ".txt")) {
      List<Block> blocks = new ArrayList<>();
      for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList()) {
        if (line.startsWith("## ")) {
          blocks.add(new Block(line.substring(3), new ArrayList<>()));
        } else if (!line.isEmpty() && !line.startsWith("#")) {
          blocks.get(blocks.size() - 1).lines().add(line);
        }
      }
      return blocks;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void run(Block block) {
    for (String line : block.lines()) {
      int separator = line.indexOf(SEPARATOR);
      String reply = line.substring(separator + SEPARATOR.length());
      assertThat(run(line.substring(0, separator)))
          .as(line)
          .isEqualTo(reply.endsWith(NEWER) ? reply.replace(NEWER, "") : reply);
    }
  }

  /** Runs a command of words without blanks; returns its reply as text. */
  String run(String command) {
    String[] words =
        Arrays.stream(command.split(" "))
            .map(word -> word.equals("\"\"") ? "" : word)
            .toArray(String[]::new);
    checkThatFailureIsClean(words);
    String reply = text(runner.run(words));
    if (form == Form.ROWS) {
      moveAllToRows();
    }
    return reply;
  }

  /** Encoding of a key, see {@link MetaRow#encoding}. */
  int encoding(String key) {
    long now = runner.timeMillis();
    return Keyspace.forRead(runner.rows(), 0, now, now, 1)
        .key(key.getBytes(StandardCharsets.ISO_8859_1))
        .meta()
        .encoding();
  }

  static String text(Reply reply) {
    if (reply instanceof Reply.Simple simple) {
      return simple.text();
    } else if (reply instanceof Reply.Failure failure) {
      return "-" + failure.line();
    } else if (reply instanceof Reply.Int integer) {
      return ":" + integer.value();
    } else if (reply instanceof Reply.Bulk bulk) {
      return '"' + new String(bulk.bytes(), StandardCharsets.ISO_8859_1) + '"';
    } else if (reply instanceof Reply.DoubleValue number) {
      byte[] digits = Numbers.formatDouble(number.value());
      return "," + new String(digits, StandardCharsets.ISO_8859_1);
    } else if (reply instanceof Reply.Null) {
      return "nil";
    } else if (reply instanceof Reply.NullArray) {
      return "nil[]";
    } else if (reply instanceof Reply.Array array) {
      return "["
          + String.join(" ", array.items().stream().map(CollectionScenario::text).toList())
          + "]";
    } else if (reply instanceof Reply.Pairs pairs) {
      return pairs.firstsAndSeconds().isEmpty() ? "[]" : "<" + text(pairs) + ">";
    }
    throw new IllegalArgumentException("no text for " + reply);
  }

  private static String text(Reply.Pairs pairs) {
    List<Reply> items = pairs.firstsAndSeconds();
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < items.size(); i += 2) {
      texts.add("[" + text(items.get(i)) + " " + text(items.get(i + 1)) + "]");
    }
    return String.join(" ", texts);
  }

  private void checkThatFailureIsClean(String... words) {
    Args args =
        new Args(
            Arrays.stream(words)
                .map(word -> word.getBytes(StandardCharsets.ISO_8859_1))
                .toArray(byte[][]::new));
    CommandSpec spec = table.find(words[0].toUpperCase(Locale.ROOT));
    if (!spec.acceptsWords(words.length)) {
      return;
    }
    String before = runner.rows().dump();
    runner.rows().mark();
    try {
      spec.handler().run(args, runner.view(spec));
    } catch (CommandException | WrongTypeException mistake) {
      assertThat(runner.rows().dump()).as("rows after a mistake").isEqualTo(before);
    }
    runner.rows().rollback();
  }

  private void moveAllToRows() {
    byte[] behindAll = {(byte) 0xff};
    List<String> keys = new ArrayList<>();
    List<MetaRow> metas = new ArrayList<>();
    try (RowCursor all = runner.rows().ascending(Family.META, new byte[0], behindAll)) {
      while (all.next()) {
        keys.add(new String(KeyRows.keyOf(all.key()), StandardCharsets.ISO_8859_1));
        metas.add(MetaRow.decode(all.value()));
      }
    }
    for (int i = 0; i < keys.size(); i++) {
      if (metas.get(i).encoding() == MetaRow.INLINE) {
        moveToRows(keys.get(i), metas.get(i));
      }
    }
  }

  private void moveToRows(String key, MetaRow meta) {
    switch (meta.type()) {
      case LIST -> {
        runner.run("RPUSH", key, LARGE);
        runner.run("RPOP", key);
      }
      case ZSET -> {
        runner.run("ZADD", key, "0", LARGE);
        runner.run("ZREM", key, LARGE);
      }
      case SET -> {
        runner.run("SADD", key, LARGE);
        runner.run("SREM", key, LARGE);
      }
      default -> throw new IllegalStateException("no way to move a " + meta.type());
    }
    assertThat(encoding(key)).isEqualTo(MetaRow.ROWS);
  }
}
