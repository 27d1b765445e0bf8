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

/** What COMMAND tells of the command table, in the shapes of Redis 7.2. Pure and immutable. */
public final class CommandDocs {
  private final CommandTable table;
  private final BiPredicate<byte[], byte[]> glob;

  /**
   * @param glob whether a pattern, first, matches a text as in KEYS
   */
  public CommandDocs(CommandTable table, BiPredicate<byte[], byte[]> glob) {
    this.table = table;
    this.glob = glob;
  }

  /** Details of all commands. */
  public Reply all() {
    return Reply.array(topLevel().map(this::info).toList());
  }

  /** COMMAND COUNT: how many there are, subcommands not counted. */
  public Reply count() {
    return Reply.integer(topLevel().count());
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

  /** COMMAND LIST [FILTERBY kind value]: names, those of subcommands, too. */
  public Reply list(Args args) {
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

  /** COMMAND INFO [name ...]: details of these, or of all. */
  public Reply info(Args args) {
    if (args.size() == 2) {
      return all();
    }
    List<Reply> entries = new ArrayList<>();
    for (int i = 2; i < args.size(); i++) {
      CommandSpec spec = table.find(args.bytes(i));
      entries.add(spec == null ? Reply.NULL : info(spec));
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

  /** COMMAND DOCS [name ...]: what these, or all, are for. */
  public Reply docs(Args args) {
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

  /** COMMAND GETKEYS call: the keys in it. */
  public Reply keys(Args args) {
    return keys(args, (key, use) -> Reply.bulk(key));
  }

  /** COMMAND GETKEYSANDFLAGS call: the keys in it, and what happens to them. */
  public Reply keysAndFlags(Args args) {
    return keys(args, (key, use) -> Reply.array(Reply.bulk(key), KeySpecReplies.flags(use)));
  }

  private interface KeyReply {
    Reply of(byte[] key, List<String> use);
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
    KeyUses uses = KeyUses.of(spec, call);
    for (int position : positions) {
      boolean first = position == positions[0];
      keys.add(reply.of(call.bytes(position), first ? uses.first() : uses.others()));
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
