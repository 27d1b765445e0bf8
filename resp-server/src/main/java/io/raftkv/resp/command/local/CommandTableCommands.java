package io.raftkv.resp.command.local;

import io.raftkv.resp.command.Args;
import io.raftkv.resp.command.CommandDocs;
import io.raftkv.resp.command.CommandSpec;
import io.raftkv.resp.command.CommandSpec.LocalHandler;
import io.raftkv.resp.command.CommandTable;
import io.raftkv.resp.command.Flag;
import io.raftkv.resp.command.Glob;
import io.raftkv.resp.command.Group;
import io.raftkv.resp.reply.Reply;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Supplier;

/** COMMAND: the command table itself. */
public final class CommandTableCommands {
  private static final String PER_COMMAND = "O(n) for n commands";

  private final Supplier<CommandTable> table;

  /** The table is asked for when a command runs: it contains the entries made here. */
  public CommandTableCommands(Supplier<CommandTable> table) {
    this.table = table;
  }

  /** The entries for the command table. */
  public List<CommandSpec> all() {
    return new Subcommands(
            "COMMAND", Group.SERVER, "2.8.13", "Tells of the commands.", Flag.LOADING, Flag.STALE)
        .categories("connection")
        .differs("DOCS", "Has no arguments, doc_flags, deprecated_since and replaced_by.")
        .alone("Return details about all commands.", (args, connection) -> docs().all())
        .add(
            "COUNT",
            2,
            "2.8.13",
            PER_COMMAND,
            "Return the total number of commands in this server.",
            (args, connection) -> docs().count())
        .add(
            "LIST [FILTERBY <MODULE <module-name>|ACLCAT <category>|PATTERN <pattern>>]",
            -2,
            "7.0.0",
            PER_COMMAND,
            "Return a list of all commands in this server.",
            ask(CommandDocs::list))
        .add(
            "INFO [<command-name> ...]",
            -2,
            "2.8.13",
            PER_COMMAND,
            "Return details about multiple commands.",
            ask(CommandDocs::info),
            "If no command names are given, details for all commands are returned.")
        .add(
            "DOCS [<command-name> ...]",
            -2,
            "7.0.0",
            PER_COMMAND,
            "Return documentation details about multiple commands.",
            ask(CommandDocs::docs),
            "If no command names are given, documentation details for all",
            "commands are returned.")
        .add(
            "GETKEYS <full-command>",
            -3,
            "2.8.13",
            "O(n) for n arguments",
            "Return the keys from a full command.",
            ask(CommandDocs::keys))
        .add(
            "GETKEYSANDFLAGS <full-command>",
            -3,
            "7.0.0",
            "O(n) for n arguments",
            "Return the keys and the access flags from a full command.",
            ask(CommandDocs::keysAndFlags))
        .all();
  }

  private LocalHandler ask(BiFunction<CommandDocs, Args, Reply> question) {
    return (args, connection) -> question.apply(docs(), args);
  }

  private CommandDocs docs() {
    return new CommandDocs(table.get(), (pattern, text) -> new Glob(pattern).matches(text));
  }
}
