package io.raftkv.resp.command;

import static io.raftkv.resp.command.CommandSpec.command;

import io.raftkv.resp.command.CommandSpec.Handler;
import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.Keyspace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A command of data whose first argument says what it does and whose second one is the key, as in
 * XGROUP CREATE. Each subcommand is declared once: dispatch, arity, COMMAND INFO and COMMAND DOCS
 * come from that. All of them are reads, or all are writes.
 *
 * <p>To be filled by one thread before {@link #all}; the entries are immutable.
 */
final class DataSubcommands {
  private static final KeySpec KEY = KeySpec.range(2, 2, 1);
  private static final int WORDS_OF_HELP = 2;

  private record Subcommand(CommandSpec spec, Handler handler) {}

  private final String name;
  private final boolean writes;
  private final Map<String, Subcommand> byName = new LinkedHashMap<>();

  /** {@code name} is in upper case. */
  DataSubcommands(String name, boolean writes) {
    this.name = name;
    this.writes = writes;
  }

  /** Declares a subcommand. {@code entry} has its name and all but its key and its handler. */
  DataSubcommands add(CommandSpec.Builder entry, Handler handler) {
    entry.keys(KEY);
    return put(
        writes
            ? entry.writes((args, keys) -> calledByItsFullName(args))
            : entry.reads((args, keys) -> calledByItsFullName(args)),
        handler);
  }

  private DataSubcommands put(CommandSpec spec, Handler handler) {
    String subcommand = spec.name().substring(name.length() + 1);
    if (byName.put(subcommand, new Subcommand(spec, handler)) != null) {
      throw new IllegalArgumentException("two entries for " + spec.name());
    }
    return this;
  }

  /** In the table for COMMAND's sake; {@code XGROUP|CREATE} is not what a client may send. */
  private static Reply calledByItsFullName(Args args) {
    throw new CommandException(RespErrors.unknownCommand(args.words()));
  }

  /** The entries for the command table: the command's, then one per subcommand. */
  List<CommandSpec> all(Group group, String since, String summary, String... help) {
    Reply lines = Reply.array(Arrays.stream(help).map(Reply::simple).toList());
    put(
        command(name + "|HELP")
            .arity(WORDS_OF_HELP)
            .flags(Flag.LOADING, Flag.STALE)
            .docs(group, since, "O(1)", "Returns the subcommands.")
            .reads((args, keys) -> calledByItsFullName(args)),
        (args, keys) -> lines);
    CommandSpec reader = parent(group, since, summary).reads(this::run);
    List<CommandSpec> specs = new ArrayList<>();
    specs.add(
        writes
            ? parent(group, since, summary).readsAs(reader, this::isHelpOrMistake).writes(this::run)
            : reader);
    byName.values().forEach(subcommand -> specs.add(subcommand.spec()));
    return List.copyOf(specs);
  }

  private CommandSpec.Builder parent(Group group, String since, String summary) {
    return command(name)
        .arity(-2)
        .keys(KEY)
        .container()
        .docs(group, since, "Depends on subcommand.", summary);
  }

  /** Such a call changes nothing: it need not become an entry of the log. */
  private boolean isHelpOrMistake(Args args) {
    Subcommand subcommand = byName.get(args.text(1).toUpperCase(Locale.ROOT));
    return subcommand == null
        || !subcommand.spec().acceptsWords(args.size())
        || args.size() == WORDS_OF_HELP;
  }

  private Reply run(Args args, Keyspace keys) {
    Subcommand subcommand = byName.get(args.text(1).toUpperCase(Locale.ROOT));
    if (subcommand == null) {
      throw new CommandException(RespErrors.unknownSubcommand(name, args.text(1)));
    }
    if (!subcommand.spec().acceptsWords(args.size())) {
      throw new CommandException(RespErrors.wrongArity(subcommand.spec().name()));
    }
    return subcommand.handler().run(args, keys);
  }
}
