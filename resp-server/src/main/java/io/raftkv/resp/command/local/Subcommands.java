package io.raftkv.resp.command.local;

import static io.raftkv.resp.command.CommandSpec.command;

import io.raftkv.resp.command.Args;
import io.raftkv.resp.command.CommandSpec;
import io.raftkv.resp.command.CommandSpec.AsyncHandler;
import io.raftkv.resp.command.CommandSpec.LocalHandler;
import io.raftkv.resp.command.Connection;
import io.raftkv.resp.command.Flag;
import io.raftkv.resp.command.Group;
import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * A command whose first argument says what it does, as in CLIENT LIST. Each subcommand is declared
 * once: arity, dispatch, HELP, COMMAND INFO and COMMAND DOCS come from that.
 *
 * <p>To be filled by one thread before {@link #all}; the entries are immutable.
 */
final class Subcommands {
  private record Subcommand(
      CommandSpec spec, String usage, List<String> help, AsyncHandler handler) {}

  private final String name;
  private final Group group;
  private final String since;
  private final String summary;
  private final Flag firstFlag;
  private final Flag[] moreFlags;
  private final Map<String, String> differences = new HashMap<>();
  private String[] categories = {};
  private String aloneHelp;
  private LocalHandler alone;
  private final Map<String, Subcommand> byName = new LinkedHashMap<>();
  private final Map<String, String> refused = new HashMap<>();
  private boolean hasAsync;

  /** {@code name} is in upper case; the flags are those of all subcommands. */
  Subcommands(
      String name, Group group, String since, String summary, Flag firstFlag, Flag... moreFlags) {
    this.name = name;
    this.group = group;
    this.since = since;
    this.summary = summary;
    this.firstFlag = firstFlag;
    this.moreFlags = moreFlags;
  }

  /**
   * ACL categories of all subcommands, beyond those that follow. To be said before {@link #add}.
   */
  Subcommands categories(String... names) {
    categories = names;
    return this;
  }

  /**
   * In what a subcommand is not as in Redis, in one or two sentences. To be said before {@link
   * #add}.
   */
  Subcommands differs(String subcommand, String sentences) {
    differences.put(subcommand, sentences);
    return this;
  }

  /** What the command does without a subcommand; unless this is said it needs one. */
  Subcommands alone(String sentence, LocalHandler handler) {
    aloneHelp = sentence;
    alone = handler;
    return this;
  }

  /**
   * Declares a subcommand.
   *
   * @param usage its name in upper case, then its arguments as HELP shows them
   * @param arity number of words, both names included; negative: at least that many
   * @param sentence what it does, for HELP and COMMAND DOCS
   * @param moreHelp further lines for HELP
   */
  Subcommands add(
      String usage,
      int arity,
      String firstRelease,
      String cost,
      String sentence,
      LocalHandler handler,
      String... moreHelp) {
    return put(
        usage,
        arity,
        firstRelease,
        cost,
        sentence,
        (args, connection) -> CompletableFuture.completedFuture(handler.run(args, connection)),
        moreHelp);
  }

  /** As {@link #add}, for a subcommand that cannot be answered at once. */
  Subcommands addAsync(
      String usage,
      int arity,
      String firstRelease,
      String cost,
      String sentence,
      AsyncHandler handler,
      String... moreHelp) {
    hasAsync = true;
    return put(usage, arity, firstRelease, cost, sentence, handler, moreHelp);
  }

  /** Names of subcommands that Redis has and that answer this error, whatever their arguments. */
  Subcommands refuse(String error, String... names) {
    for (String refusedName : names) {
      refused.put(refusedName, error);
    }
    return this;
  }

  private Subcommands put(
      String usage,
      int arity,
      String firstRelease,
      String cost,
      String sentence,
      AsyncHandler handler,
      String... moreHelp) {
    int blank = usage.indexOf(' ');
    String subcommand = blank < 0 ? usage : usage.substring(0, blank);
    List<String> help = new ArrayList<>(List.of(sentence));
    help.addAll(List.of(moreHelp));
    CommandSpec spec =
        command(name + "|" + subcommand)
            .arity(arity)
            .flags(firstFlag, moreFlags)
            .categories(categories)
            .docs(group, firstRelease, cost, sentence)
            .differs(differences.getOrDefault(subcommand, ""))
            .local(Subcommands::calledByItsFullName);
    if (byName.put(subcommand, new Subcommand(spec, usage, help, handler)) != null) {
      throw new IllegalArgumentException("two entries for " + spec.name());
    }
    return this;
  }

  /** In the table for COMMAND's sake; {@code CLIENT|ID} is not a command that a client may send. */
  private static Reply calledByItsFullName(Args args, Connection connection) {
    throw new CommandException(RespErrors.unknownCommand(args.words()));
  }

  /** The entries for the command table: the command's, then one per subcommand. */
  List<CommandSpec> all() {
    add("HELP", 2, since, "O(1)", "Print this help.", (args, connection) -> help());
    CommandSpec.Builder parent =
        command(name)
            .arity(alone == null ? -2 : -1)
            .flags(firstFlag, moreFlags)
            .categories(categories)
            .docs(group, since, "Depends on subcommand.", summary);
    List<CommandSpec> specs = new ArrayList<>();
    specs.add(hasAsync ? parent.localAsync(this::dispatch) : parent.local(this::dispatchNow));
    byName.values().forEach(subcommand -> specs.add(subcommand.spec()));
    return List.copyOf(specs);
  }

  private Reply dispatchNow(Args args, Connection connection) {
    // Without asynchronous subcommands the stage is complete already.
    return dispatch(args, connection).toCompletableFuture().join();
  }

  private CompletionStage<Reply> dispatch(Args args, Connection connection) {
    if (args.size() == 1) {
      return CompletableFuture.completedFuture(alone.run(args, connection));
    }
    String wanted = args.text(1).toUpperCase(Locale.ROOT);
    Subcommand subcommand = byName.get(wanted);
    if (subcommand == null) {
      String error = refused.get(wanted);
      throw new CommandException(
          error == null ? RespErrors.unknownSubcommand(name, args.text(1)) : error);
    }
    if (!subcommand.spec().acceptsWords(args.size())) {
      throw new CommandException(RespErrors.wrongArity(subcommand.spec().name()));
    }
    return subcommand.handler().run(args, connection);
  }

  private Reply help() {
    List<String> lines = new ArrayList<>();
    lines.add(name + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
    if (alone != null) {
      lines.add("(no subcommand)");
      lines.add("    " + aloneHelp);
    }
    for (Subcommand subcommand : byName.values()) {
      lines.add(subcommand.usage());
      subcommand.help().forEach(line -> lines.add("    " + line));
    }
    return lines(lines);
  }

  /** Lines in the form in which Redis answers HELP. */
  static Reply lines(List<String> lines) {
    return Reply.array(lines.stream().map(Reply::simple).toList());
  }
}
