package io.raftkv.resp.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.BiPredicate;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Answers COMMAND and its subcommands from the command table, in the shapes of Redis 7.2. Pure and
 * immutable.
 */
public final class CommandDocs {
  private static final String COMMAND = "COMMAND";

  private static final List<String> HELP =
      List.of(
          "COMMAND <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
          "(no subcommand)",
          "    Return details about all commands.",
          "COUNT",
          "    Return the total number of commands in this server.",
          "LIST [FILTERBY <MODULE <module-name>|ACLCAT <category>|PATTERN <pattern>>]",
          "    Return a list of all commands in this server.",
          "INFO [<command-name> ...]",
          "    Return details about multiple commands.",
          "    If no command names are given, details for all commands are returned.",
          "DOCS [<command-name> ...]",
          "    Return documentation details about multiple commands.",
          "    If no command names are given, documentation details for all",
          "    commands are returned.",
          "GETKEYS <full-command>",
          "    Return the keys from a full command.",
          "GETKEYSANDFLAGS <full-command>",
          "    Return the keys and the access flags from a full command.",
          "HELP",
          "    Print this help.");

  private final CommandTable table;
  private final BiPredicate<byte[], byte[]> glob;

  /**
   * @param glob whether a pattern, first, matches a text as in KEYS
   */
  public CommandDocs(CommandTable table, BiPredicate<byte[], byte[]> glob) {
    this.table = table;
    this.glob = glob;
  }

  /** The reply to a whole COMMAND call. */
  public Reply answer(Args args) {
    if (args.size() == 1) {
      return Reply.array(topLevel().map(this::info).toList());
    }
    String subcommand = args.text(1).toUpperCase(Locale.ROOT);
    return switch (subcommand) {
      case "COUNT" -> {
        requireWords(args, subcommand, 2, 2);
        yield Reply.integer(topLevel().count());
      }
      case "LIST" -> list(args);
      case "INFO" -> info(args);
      case "DOCS" -> docs(args);
      case "GETKEYS" -> {
        requireWords(args, subcommand, 3, Integer.MAX_VALUE);
        yield keys(args, (spec, key) -> Reply.bulk(key));
      }
      case "GETKEYSANDFLAGS" -> {
        requireWords(args, subcommand, 3, Integer.MAX_VALUE);
        yield keys(
            args, (spec, key) -> Reply.array(Reply.bulk(key), KeySpecReplies.flags(spec, false)));
      }
      case "HELP" -> {
        requireWords(args, subcommand, 2, 2);
        yield Reply.array(HELP.stream().map(Reply::simple).toList());
      }
      default -> throw new CommandException(RespErrors.unknownSubcommand(COMMAND, args.text(1)));
    };
  }

  private static void requireWords(Args args, String subcommand, int min, int max) {
    if (args.size() < min || args.size() > max) {
      throw new CommandException(RespErrors.wrongArity(COMMAND + "|" + subcommand));
    }
  }

  private static boolean isSubcommand(CommandSpec spec) {
    return spec.name().indexOf('|') >= 0;
  }

  private Stream<CommandSpec> topLevel() {
    return table.all().stream().filter(spec -> !isSubcommand(spec));
  }

  private List<CommandSpec> subcommandsOf(CommandSpec parent) {
    String prefix = parent.name() + "|";
    return table.all().stream().filter(spec -> spec.name().startsWith(prefix)).toList();
  }

  private Reply list(Args args) {
    Predicate<CommandSpec> filter = spec -> true;
    if (args.size() == 5 && args.is(2, "FILTERBY")) {
      String value = args.text(4);
      if (args.is(3, "MODULE")) {
        filter = spec -> false; // there are no modules
      } else if (args.is(3, "ACLCAT")) {
        String category = value.toLowerCase(Locale.ROOT);
        filter = spec -> AclCategories.of(spec).contains(category);
      } else if (args.is(3, "PATTERN")) {
        byte[] pattern = args.bytes(4);
        filter = spec -> glob.test(pattern, ascii(spec.redisName()));
      } else {
        throw new CommandException(RespErrors.SYNTAX);
      }
    } else if (args.size() != 2) {
      throw new CommandException(RespErrors.SYNTAX);
    }
    return Reply.array(
        table.all().stream()
            .filter(filter)
            .<Reply>map(spec -> Reply.bulk(spec.redisName()))
            .toList());
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private Reply info(Args args) {
    if (args.size() == 2) {
      return Reply.array(topLevel().map(this::info).toList());
    }
    List<Reply> entries = new ArrayList<>();
    for (int i = 2; i < args.size(); i++) {
      CommandSpec spec = table.find(args.bytes(i));
      entries.add(spec == null ? Reply.NULL_ARRAY : info(spec));
    }
    return Reply.array(entries);
  }

  /** The ten elements of COMMAND INFO. */
  private Reply info(CommandSpec spec) {
    KeySpec keys = spec.isContainer() ? KeySpec.NONE : spec.keys();
    return Reply.array(
        Reply.bulk(spec.redisName()),
        Reply.integer(spec.arity()),
        Reply.set(flags(spec)),
        Reply.integer(keys.first()),
        Reply.integer(keys.last()),
        Reply.integer(keys.step()),
        Reply.set(
            AclCategories.of(spec).stream().map(category -> Reply.simple("@" + category)).toList()),
        Reply.set(List.of()),
        spec.isContainer() ? Reply.set(List.of()) : KeySpecReplies.specs(spec),
        Reply.set(subcommandsOf(spec).stream().map(this::info).toList()));
  }

  private static List<Reply> flags(CommandSpec spec) {
    List<Reply> flags = new ArrayList<>();
    if (spec.isContainer()) {
      return flags;
    }
    switch (spec.access()) {
      case READ -> flags.add(Reply.simple("readonly"));
      case WRITE -> flags.add(Reply.simple("write"));
      case LOCAL -> {
        // Neither.
      }
    }
    spec.flags().forEach(flag -> flags.add(Reply.simple(flag.redisName())));
    if (spec.keys().isMovable()) {
      flags.add(Reply.simple("movablekeys"));
    }
    return flags;
  }

  private Reply docs(Args args) {
    List<Reply> entries = new ArrayList<>();
    if (args.size() == 2) {
      topLevel().forEach(spec -> addDocs(entries, spec));
    }
    for (int i = 2; i < args.size(); i++) {
      CommandSpec spec = table.find(args.bytes(i));
      if (spec != null) {
        addDocs(entries, spec);
      }
    }
    return Reply.map(entries);
  }

  private void addDocs(List<Reply> entries, CommandSpec spec) {
    List<Reply> docs = new ArrayList<>();
    addText(docs, "summary", spec.summary());
    addText(docs, "since", spec.since());
    addText(docs, "group", spec.group().redisName());
    addText(docs, "complexity", spec.complexity());
    List<Reply> subcommands = new ArrayList<>();
    subcommandsOf(spec).forEach(subcommand -> addDocs(subcommands, subcommand));
    if (!subcommands.isEmpty()) {
      docs.add(Reply.bulk("subcommands"));
      docs.add(Reply.map(subcommands));
    }
    entries.add(Reply.bulk(spec.redisName()));
    entries.add(Reply.map(docs));
  }

  private static void addText(List<Reply> docs, String name, String text) {
    docs.add(Reply.bulk(name));
    docs.add(Reply.bulk(text));
  }

  private interface KeyReply {
    Reply of(CommandSpec spec, byte[] key);
  }

  private Reply keys(Args args, KeyReply reply) {
    Args call = tail(args, 2);
    CommandSpec spec = specOf(call);
    if (spec == null) {
      throw new CommandException(RespErrors.NOT_A_COMMAND);
    }
    if (spec.keys().first() == 0 && !spec.keys().isMovable()) {
      throw new CommandException(RespErrors.NO_KEY_ARGUMENTS);
    }
    if (!spec.acceptsWords(call.size())) {
      throw new CommandException(RespErrors.WRONG_NUMBER_FOR_COMMAND);
    }
    int[] positions = positions(spec, call);
    List<Reply> keys = new ArrayList<>(positions.length);
    for (int position : positions) {
      keys.add(reply.of(spec, call.bytes(position)));
    }
    return Reply.array(keys);
  }

  private static int[] positions(CommandSpec spec, Args call) {
    int[] positions;
    try {
      positions = spec.keys().positions(call);
    } catch (CommandException senseless) {
      throw new CommandException(RespErrors.WRONG_ARGUMENTS_FOR_COMMAND);
    }
    if (positions.length == 0) {
      throw new CommandException(RespErrors.WRONG_ARGUMENTS_FOR_COMMAND);
    }
    return positions;
  }

  /** The entry of the subcommand, if the table has one for it, else that of the command. */
  private CommandSpec specOf(Args call) {
    CommandSpec spec = table.find(call.bytes(0));
    if (spec != null && call.size() > 1) {
      CommandSpec subcommand =
          table.find(spec.name() + "|" + call.text(1).toUpperCase(Locale.ROOT));
      return subcommand == null ? spec : subcommand;
    }
    return spec;
  }

  private static Args tail(Args args, int from) {
    byte[][] words = new byte[args.size() - from][];
    System.arraycopy(args.words(), from, words, 0, words.length);
    return new Args(words);
  }
}
