package io.raftkv.resp.command.local;

import static io.raftkv.resp.command.CommandSpec.command;

import io.raftkv.resp.command.Args;
import io.raftkv.resp.command.CommandSpec;
import io.raftkv.resp.command.Flag;
import io.raftkv.resp.command.Group;
import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.server.NodeStatus;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;

/** Commands about this node as a server. Immutable. */
public final class ServerCommands {
  private final NodeStatus status;
  private final InstantSource clock;
  private final Runnable shutdown;
  private final Executor readers;

  /**
   * @param shutdown begins to stop the process in order, and returns at once
   * @param readers runs commands that read files or stores
   */
  public ServerCommands(
      NodeStatus status, InstantSource clock, Runnable shutdown, Executor readers) {
    this.status = status;
    this.clock = clock;
    this.shutdown = shutdown;
    this.readers = readers;
  }

  /** The entries for the command table. */
  public List<CommandSpec> all() {
    List<CommandSpec> all = new ArrayList<>();
    all.add(info());
    all.addAll(new ConfigCommand(status).all());
    all.addAll(saving());
    all.addAll(replication());
    all.addAll(stopping());
    all.addAll(slowlog());
    all.addAll(latency());
    all.addAll(module());
    return List.copyOf(all);
  }

  private CommandSpec info() {
    InfoReport report = new InfoReport(status, clock);
    return command("INFO")
        .arity(-1)
        .flags(Flag.LOADING, Flag.STALE)
        .categories("dangerous")
        .docs(
            Group.SERVER, "1.0.0", "O(s) for s shards", "Returns figures of this node, by section.")
        .localAsync(OffLoop.on(readers, report::answer));
  }

  /** What is acknowledged is on disk: there is nothing to save, and nothing to wait for. */
  private List<CommandSpec> saving() {
    return List.of(
        command("SAVE")
            .arity(1)
            .flags(Flag.ADMIN, Flag.NOSCRIPT)
            .docs(
                Group.SERVER,
                "1.0.0",
                "O(1)",
                "Does nothing: every acknowledged write is on the disks of a majority.")
            .local((args, connection) -> Reply.OK),
        command("BGSAVE")
            .arity(-1)
            .flags(Flag.ADMIN, Flag.NOSCRIPT)
            .docs(Group.SERVER, "1.0.0", "O(1)", "Does nothing, as SAVE.")
            .local(
                (args, connection) -> {
                  if (args.size() > 2 || (args.size() == 2 && !args.is(1, "SCHEDULE"))) {
                    throw new CommandException(RespErrors.SYNTAX);
                  }
                  return Reply.simple(
                      "Background saving not needed: every acknowledged write is on disk");
                }),
        command("BGREWRITEAOF")
            .arity(1)
            .flags(Flag.ADMIN, Flag.NOSCRIPT)
            .docs(
                Group.SERVER,
                "1.0.0",
                "O(1)",
                "Does nothing: logs are cut by snapshots that each shard takes by itself.")
            .local(
                (args, connection) ->
                    Reply.simple(
                        "Background append only file rewriting not needed: shards take snapshots"
                            + " by themselves")),
        command("LASTSAVE")
            .arity(1)
            .flags(Flag.FAST, Flag.LOADING, Flag.STALE)
            .categories("admin", "dangerous")
            .docs(
                Group.SERVER,
                "1.0.0",
                "O(1)",
                "Returns the present time: what is acknowledged by now is saved.")
            .local((args, connection) -> Reply.integer(clock.instant().getEpochSecond())));
  }

  private static List<CommandSpec> replication() {
    return List.of(
        command("ROLE")
            .arity(1)
            .flags(Flag.FAST, Flag.NOSCRIPT, Flag.LOADING, Flag.STALE)
            .categories("admin", "dangerous")
            .docs(
                Group.SERVER,
                "2.8.12",
                "O(1)",
                "Returns 'master': every node takes writes for every shard.")
            .local(
                (args, connection) ->
                    Reply.array(Reply.bulk("master"), Reply.ZERO, Reply.EMPTY_ARRAY)),
        refused("REPLICAOF", 3, "5.0.0", "shards replicate themselves, see RAFTKV.SHARD HELP"),
        refused("SLAVEOF", 3, "1.0.0", "shards replicate themselves, see RAFTKV.SHARD HELP"),
        refused("FAILOVER", -1, "6.2.0", "shards elect their leaders, see RAFTKV.SHARD HELP"),
        refused("MIGRATE", -6, "2.6.0", "keys move with their shards, see RAFTKV.SHARD HELP"),
        command("DEBUG")
            .arity(-2)
            .flags(Flag.ADMIN, Flag.NOSCRIPT, Flag.LOADING, Flag.STALE)
            .docs(Group.SERVER, "1.0.0", "O(1)", "Refused.")
            .local(
                (args, connection) -> {
                  throw new CommandException(LocalErrors.DEBUG_NOT_ALLOWED);
                }));
  }

  private static CommandSpec refused(String name, int arity, String since, String why) {
    return command(name)
        .arity(arity)
        .flags(Flag.ADMIN, Flag.NOSCRIPT, Flag.STALE)
        .docs(Group.SERVER, since, "O(1)", "Refused: " + why + ".")
        .local(
            (args, connection) -> {
              throw new CommandException(LocalErrors.notSupported(name, why));
            });
  }

  private List<CommandSpec> stopping() {
    return List.of(
        command("SHUTDOWN")
            .arity(-1)
            .flags(Flag.ADMIN, Flag.NOSCRIPT, Flag.LOADING, Flag.STALE)
            .docs(Group.SERVER, "1.0.0", "O(s) for s shards", "Stops this node in order.")
            .local((args, connection) -> shutdown(args)));
  }

  /** SHUTDOWN [NOSAVE|SAVE] [NOW] [FORCE] [ABORT]; answers by the end of the connection. */
  private Reply shutdown(Args args) {
    boolean save = false;
    boolean noSave = false;
    boolean abort = false;
    for (int i = 1; i < args.size(); i++) {
      if (args.is(i, "SAVE")) {
        save = true;
      } else if (args.is(i, "NOSAVE")) {
        noSave = true;
      } else if (args.is(i, "ABORT")) {
        abort = true;
      } else if (!args.is(i, "NOW") && !args.is(i, "FORCE")) {
        throw new CommandException(RespErrors.SYNTAX);
      }
    }
    if ((save && noSave) || (abort && args.size() > 2)) {
      throw new CommandException(RespErrors.SYNTAX);
    }
    if (abort) {
      throw new CommandException(LocalErrors.NO_SHUTDOWN);
    }
    shutdown.run();
    return null;
  }

  private static List<CommandSpec> slowlog() {
    return new Subcommands(
            "SLOWLOG",
            Group.SERVER,
            "2.2.12",
            "The slow log, which is always empty: see the metrics for times.",
            Flag.ADMIN,
            Flag.LOADING,
            Flag.STALE)
        .add(
            "GET [<count>]",
            -2,
            "2.2.12",
            "O(1)",
            "Return no entries.",
            (args, connection) -> {
              if (args.size() > 3) {
                throw new CommandException(LocalErrors.wrongUse("SLOWLOG", args.text(1)));
              }
              if (args.size() == 3) {
                args.int64(2, -1, Long.MAX_VALUE, LocalErrors.SLOWLOG_COUNT);
              }
              return Reply.EMPTY_ARRAY;
            })
        .add("LEN", 2, "2.2.12", "O(1)", "Return 0.", (args, connection) -> Reply.ZERO)
        .add("RESET", 2, "2.2.12", "O(1)", "Do nothing.", (args, connection) -> Reply.OK)
        .all();
  }

  private static List<CommandSpec> latency() {
    return new Subcommands(
            "LATENCY",
            Group.SERVER,
            "2.8.13",
            "Latency events, of which there are none: see the metrics for times.",
            Flag.ADMIN,
            Flag.NOSCRIPT,
            Flag.LOADING,
            Flag.STALE)
        .add(
            "LATEST",
            2,
            "2.8.13",
            "O(1)",
            "Return no events.",
            (args, connection) -> Reply.EMPTY_ARRAY)
        .add(
            "HISTORY <event>",
            3,
            "2.8.13",
            "O(1)",
            "Return no samples.",
            (args, connection) -> Reply.EMPTY_ARRAY)
        .add(
            "RESET [<event> ...]",
            -2,
            "2.8.13",
            "O(1)",
            "Return 0: there was nothing to reset.",
            (args, connection) -> Reply.ZERO)
        .all();
  }

  private static List<CommandSpec> module() {
    return new Subcommands(
            "MODULE",
            Group.SERVER,
            "4.0.0",
            "Modules, of which there are none.",
            Flag.ADMIN,
            Flag.NOSCRIPT)
        .add(
            "LIST",
            2,
            "4.0.0",
            "O(1)",
            "Return no modules.",
            (args, connection) -> Reply.EMPTY_ARRAY)
        .refuse(LocalErrors.NO_MODULES, "LOAD", "LOADEX", "UNLOAD")
        .all();
  }
}
