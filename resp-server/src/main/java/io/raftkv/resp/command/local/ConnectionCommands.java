package io.raftkv.resp.command.local;

import static io.raftkv.resp.command.CommandSpec.command;

import io.raftkv.resp.command.Args;
import io.raftkv.resp.command.CommandSpec;
import io.raftkv.resp.command.Connection;
import io.raftkv.resp.command.Flag;
import io.raftkv.resp.command.Group;
import io.raftkv.resp.command.ReadConsistency;
import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.server.NodeStatus;
import io.raftkv.server.Version;
import io.raftkv.storage.Keyspace;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/**
 * Commands about the connection itself. Immutable.
 *
 * <p>Those that change how reads are served are asynchronous: what the client sent before them is
 * then on its way already, under the old rule.
 */
public final class ConnectionCommands {
  private static final Reply RESET = Reply.simple("RESET");

  private static final List<String> CONSISTENCY_HELP =
      List.of(
          "RAFTKV.CONSISTENCY [<level>]. How fresh the reads of this connection are. Levels are:",
          "(no level)",
          "    Return the present level.",
          "LINEARIZABLE",
          "    A read sees every write acknowledged before it began, on any node.",
          "BOUNDED <milliseconds>",
          "    This node's replica answers if it heard from its leader within that time.",
          "EVENTUAL",
          "    This node's replica answers, however old. READONLY does the same.",
          "HELP",
          "    Print this help.");

  private final NodeStatus status;
  private final InstantSource clock;
  private final Authentication authentication;
  private final ReplicaWait replicaWait;

  public ConnectionCommands(NodeStatus status, InstantSource clock) {
    this.status = status;
    this.clock = clock;
    this.authentication = new Authentication(status);
    this.replicaWait = new ReplicaWait(status);
  }

  /** The entries for the command table. */
  public List<CommandSpec> all() {
    List<CommandSpec> all = new ArrayList<>();
    all.addAll(talk());
    all.addAll(state());
    all.addAll(consistency());
    all.addAll(new ClientCommand(status).all());
    return List.copyOf(all);
  }

  private List<CommandSpec> talk() {
    return List.of(
        command("PING")
            .arity(-1)
            .flags(Flag.FAST)
            .docs(Group.CONNECTION, "1.0.0", "O(1)", "Returns PONG or the message sent.")
            .local(ConnectionCommands::ping),
        command("ECHO")
            .arity(2)
            .flags(Flag.FAST, Flag.LOADING, Flag.STALE)
            .docs(Group.CONNECTION, "1.0.0", "O(1)", "Returns the message sent.")
            .local((args, connection) -> Reply.bulk(args.bytes(1))),
        command("QUIT")
            .arity(-1)
            .flags(Flag.FAST, Flag.NOSCRIPT, Flag.LOADING, Flag.STALE, Flag.NO_AUTH)
            .docs(Group.CONNECTION, "1.0.0", "O(1)", "Closes the connection.")
            .local(ConnectionCommands::quit),
        command("TIME")
            .arity(1)
            .flags(Flag.FAST, Flag.LOADING, Flag.STALE)
            .docs(Group.SERVER, "2.6.0", "O(1)", "Returns this node's clock.")
            .local((args, connection) -> time()),
        command("LOLWUT")
            .arity(-1)
            .flags(Flag.FAST)
            .docs(Group.SERVER, "5.0.0", "O(1)", "Returns the version, decorated.")
            .local((args, connection) -> lolwut()));
  }

  private List<CommandSpec> state() {
    return List.of(
        command("HELLO")
            .arity(-1)
            .flags(Flag.FAST, Flag.NOSCRIPT, Flag.LOADING, Flag.STALE, Flag.NO_AUTH)
            .docs(Group.CONNECTION, "6.0.0", "O(1)", "Chooses the protocol and introduces itself.")
            .local(this::hello),
        command("AUTH")
            .arity(-2)
            .flags(Flag.FAST, Flag.NOSCRIPT, Flag.LOADING, Flag.STALE, Flag.NO_AUTH)
            .docs(Group.CONNECTION, "1.0.0", "O(1)", "Proves who the client is.")
            .local(authentication::auth),
        command("SELECT")
            .arity(2)
            .flags(Flag.FAST, Flag.LOADING, Flag.STALE)
            .docs(Group.CONNECTION, "1.0.0", "O(1)", "Chooses the database.")
            .local(this::select),
        command("RESET")
            .arity(1)
            .flags(Flag.FAST, Flag.NOSCRIPT, Flag.LOADING, Flag.STALE, Flag.NO_AUTH)
            .docs(Group.CONNECTION, "6.2.0", "O(1)", "Makes the connection as good as new.")
            .localAsync(ConnectionCommands::reset));
  }

  private List<CommandSpec> consistency() {
    return List.of(
        command("READONLY")
            .arity(1)
            .flags(Flag.FAST, Flag.LOADING, Flag.STALE)
            .docs(Group.CLUSTER, "3.0.0", "O(1)", "Lets this node's replica answer reads.")
            .localAsync((args, connection) -> setLevel(connection, ReadConsistency.EVENTUAL)),
        command("READWRITE")
            .arity(1)
            .flags(Flag.FAST, Flag.LOADING, Flag.STALE)
            .docs(Group.CLUSTER, "3.0.0", "O(1)", "Makes reads linearizable again.")
            .localAsync((args, connection) -> setLevel(connection, ReadConsistency.LINEARIZABLE)),
        command("ASKING")
            .arity(1)
            .flags(Flag.FAST)
            .docs(
                Group.CLUSTER,
                "3.0.0",
                "O(1)",
                "Does nothing: every node answers for every slot, moving or not.")
            .local((args, connection) -> Reply.OK),
        command("RAFTKV.CONSISTENCY")
            .arity(-1)
            .flags(Flag.FAST, Flag.LOADING, Flag.STALE)
            .docs(
                Group.CONNECTION,
                "0.1.0",
                "O(1)",
                "Returns or sets how fresh the reads of this connection are.")
            .localAsync(ConnectionCommands::consistency),
        command("WAIT")
            .arity(3)
            .flags(Flag.NOSCRIPT)
            .docs(
                Group.GENERIC,
                "3.0.0",
                "O(s) for s shards",
                "Waits for this connection's writes and returns how many more replicas have them.")
            .localAsync(replicaWait::await),
        command("WAITAOF")
            .arity(4)
            .flags(Flag.NOSCRIPT)
            .docs(
                Group.GENERIC,
                "7.2.0",
                "O(s) for s shards",
                "Waits for this connection's writes and returns on how many disks they are.")
            .localAsync(replicaWait::awaitOnDisk));
  }

  private static Reply ping(Args args, Connection connection) {
    if (args.size() > 2) {
      throw new CommandException(RespErrors.wrongArity("PING"));
    }
    return args.size() == 1 ? Reply.PONG : Reply.bulk(args.bytes(1));
  }

  private static Reply quit(Args args, Connection connection) {
    connection.closeAfterReply();
    return Reply.OK;
  }

  private Reply time() {
    Instant now = clock.instant();
    return Reply.array(
        Reply.bulk(Long.toString(now.getEpochSecond())),
        Reply.bulk(Long.toString(TimeUnit.NANOSECONDS.toMicros(now.getNano()))));
  }

  private static Reply lolwut() {
    String text =
        """
          o---o
         / \\ / \\
        o---*---o
         \\ / \\ /
          o---o
        """;
    String whole = text + "RaftKV ver. " + Version.current() + "\n";
    return new Reply.Verbatim("txt", whole.getBytes(StandardCharsets.UTF_8));
  }

  /** HELLO [version [AUTH user password] [SETNAME name]]; nothing changes unless all is right. */
  private Reply hello(Args args, Connection connection) {
    int version = connection.protocol();
    if (args.size() >= 2) {
      long wanted = args.int64(1, LocalErrors.PROTOCOL_NOT_INTEGER);
      if (wanted < 2 || wanted > 3) {
        throw new CommandException(LocalErrors.NO_PROTOCOL);
      }
      version = (int) wanted;
    }
    int auth = 0;
    String name = null;
    for (int i = 2; i < args.size(); i++) {
      if (args.is(i, "AUTH") && i + 2 < args.size()) {
        auth = i;
        i += 2;
      } else if (args.is(i, "SETNAME") && i + 1 < args.size()) {
        name = ClientCommand.validName(args.text(++i));
      } else {
        throw new CommandException(LocalErrors.helloOption(args.text(i)));
      }
    }
    if (auth > 0) {
      authentication.authenticate(connection, args.bytes(auth + 1), args.bytes(auth + 2));
    }
    if (!connection.isAuthenticated()) {
      throw new CommandException(LocalErrors.HELLO_NO_AUTH);
    }
    if (name != null) {
      connection.name(name);
    }
    connection.protocol(version);
    return new MapReply()
        .put("server", "redis")
        .put("version", ServerIdentity.REDIS_VERSION)
        .put("proto", version)
        .put("id", connection.id())
        .put("mode", ServerIdentity.mode(status))
        .put("role", "master")
        .put("modules", Reply.EMPTY_ARRAY)
        .reply();
  }

  private Reply select(Args args, Connection connection) {
    long index = args.int64(1);
    if (index != (int) index) {
      throw new CommandException(RespErrors.NOT_INT32);
    }
    int databases = Math.min(status.config().clients().databases(), Keyspace.DATABASES);
    if (index < 0 || index >= databases) {
      throw new CommandException(RespErrors.DB_INDEX_OUT_OF_RANGE);
    }
    connection.database((int) index);
    return Reply.OK;
  }

  private static CompletionStage<Reply> reset(Args args, Connection connection) {
    connection.reset();
    return CompletableFuture.completedFuture(RESET);
  }

  private static CompletionStage<Reply> setLevel(Connection connection, ReadConsistency level) {
    connection.consistency(level);
    return CompletableFuture.completedFuture(Reply.OK);
  }

  private static CompletionStage<Reply> consistency(Args args, Connection connection) {
    if (args.size() == 1) {
      return CompletableFuture.completedFuture(Reply.bulk(connection.consistency().toString()));
    }
    if (args.size() == 3 && args.is(1, "BOUNDED")) {
      long millis = args.int64(2, 1, Integer.MAX_VALUE, LocalErrors.BOUND_MILLIS);
      return setLevel(connection, ReadConsistency.bounded(Duration.ofMillis(millis)));
    }
    if (args.size() > 2) {
      throw new CommandException(RespErrors.SYNTAX);
    }
    if (args.is(1, "HELP")) {
      return CompletableFuture.completedFuture(Subcommands.lines(CONSISTENCY_HELP));
    }
    ReadConsistency level;
    try {
      level = ReadConsistency.parse(args.text(1));
    } catch (IllegalArgumentException notALevel) {
      throw new CommandException("ERR the level " + notALevel.getMessage());
    }
    return setLevel(connection, level);
  }
}
