package io.raftkv.resp.command.local;

import io.raftkv.resp.command.Args;
import io.raftkv.resp.command.CommandSpec;
import io.raftkv.resp.command.Connection;
import io.raftkv.resp.command.Flag;
import io.raftkv.resp.command.Group;
import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.server.NodeStatus;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** CLIENT: the connections of this node. Immutable. */
final class ClientCommand {
  private static final String PER_CLIENT = "O(n) for n connections";

  private final NodeStatus status;

  ClientCommand(NodeStatus status) {
    this.status = status;
  }

  List<CommandSpec> all() {
    Subcommands client =
        new Subcommands(
            "CLIENT",
            Group.CONNECTION,
            "2.4.0",
            "Tells of and manages connections.",
            Flag.NOSCRIPT,
            Flag.LOADING,
            Flag.STALE);
    addOwn(client);
    addOthers(client);
    addAbsent(client);
    return client.all();
  }

  private void addOwn(Subcommands client) {
    client
        .add(
            "ID",
            2,
            "5.0.0",
            "O(1)",
            "Return the id of this connection.",
            (args, connection) -> Reply.integer(connection.id()))
        .add(
            "INFO",
            2,
            "6.2.0",
            "O(1)",
            "Return the line of this connection in CLIENT LIST.",
            (args, connection) -> text(Stream.of(new ClientLine(connection))))
        .add(
            "GETNAME",
            2,
            "2.6.9",
            "O(1)",
            "Return the name of this connection.",
            (args, connection) ->
                connection.name().isEmpty() ? Reply.NULL : Reply.bulk(bytes(connection.name())))
        .add(
            "SETNAME <name>",
            3,
            "2.6.9",
            "O(1)",
            "Name this connection.",
            (args, connection) -> {
              connection.name(validName(args.text(2)));
              return Reply.OK;
            })
        .add(
            "SETINFO LIB-NAME|LIB-VER <value>",
            4,
            "7.2.0",
            "O(1)",
            "Tell which client library this connection uses.",
            ClientCommand::setInfo)
        .add(
            "NO-EVICT ON|OFF",
            3,
            "7.0.0",
            "O(1)",
            "Accepted; no connection is ever evicted.",
            ClientCommand::onOrOff)
        .add(
            "NO-TOUCH ON|OFF",
            3,
            "7.2.0",
            "O(1)",
            "Accepted; reads never change what is known of a key.",
            ClientCommand::onOrOff)
        .add("REPLY ON", 3, "3.2.0", "O(1)", "Reply to commands, as always.", ClientCommand::reply);
  }

  private void addOthers(Subcommands client) {
    client
        .add(
            "LIST [TYPE NORMAL|MASTER|REPLICA|PUBSUB | ID <id> [<id> ...]]",
            -2,
            "2.4.0",
            PER_CLIENT,
            "Return a line for each connection of this node.",
            (args, connection) -> list(args))
        .add(
            "KILL <ip:port>|<option> <value> [<option> <value> ...]",
            -3,
            "2.4.0",
            PER_CLIENT,
            "Close the connection from <ip:port>, or all that fit every option:",
            this::kill,
            "ID <id>, ADDR <ip:port>, LADDR <ip:port>, TYPE NORMAL|MASTER|REPLICA|PUBSUB,",
            "USER <name>, SKIPME YES|NO (default: yes)");
  }

  /** What RaftKV has not: answered where doing nothing is the right thing to do. */
  private static void addAbsent(Subcommands client) {
    client
        .add(
            "GETREDIR",
            2,
            "6.0.0",
            "O(1)",
            "Return -1: there is no tracking.",
            (args, connection) -> Reply.integer(-1))
        .add(
            "TRACKINGINFO",
            2,
            "6.2.0",
            "O(1)",
            "Tell that there is no tracking.",
            (args, connection) ->
                new MapReply()
                    .put("flags", Reply.set(List.of(Reply.bulk("off"))))
                    .put("redirect", -1)
                    .put("prefixes", Reply.EMPTY_ARRAY)
                    .reply())
        .add(
            "TRACKING OFF",
            -3,
            "6.0.0",
            "O(1)",
            "Do without tracking, as always.",
            ClientCommand::tracking)
        .add(
            "CACHING YES|NO",
            3,
            "6.0.0",
            "O(1)",
            "Refused: there is no tracking.",
            (args, connection) -> {
              throw new CommandException(LocalErrors.CACHING_WITHOUT_TRACKING);
            })
        .add(
            "UNBLOCK <id> [TIMEOUT|ERROR]",
            -3,
            "5.0.0",
            "O(1)",
            "Return 0: no connection is blocked.",
            ClientCommand::unblock)
        .add(
            "UNPAUSE",
            2,
            "6.2.0",
            "O(1)",
            "Accepted; connections are never paused.",
            (args, connection) -> Reply.OK)
        .add(
            "PAUSE <milliseconds> [WRITE|ALL]",
            -3,
            "3.0.0",
            "O(1)",
            "Refused: connections are never paused.",
            (args, connection) -> {
              throw new CommandException(
                  LocalErrors.notSupported("CLIENT PAUSE", "connections are never paused"));
            });
  }

  /** The name, if CLIENT LIST can show it. */
  static String validName(String name) {
    if (!isOneWord(name)) {
      throw new CommandException(LocalErrors.CLIENT_NAME);
    }
    return name;
  }

  private static boolean isOneWord(String text) {
    return text.chars().allMatch(c -> c >= '!' && c <= '~');
  }

  private static Reply setInfo(Args args, Connection connection) {
    String attribute = args.text(2).toLowerCase(Locale.ROOT);
    if (!attribute.equals("lib-name") && !attribute.equals("lib-ver")) {
      throw new CommandException(LocalErrors.clientAttribute(args.text(2)));
    }
    if (!isOneWord(args.text(3))) {
      throw new CommandException(LocalErrors.clientAttributeValue(attribute));
    }
    connection.libraryInfo(attribute, args.text(3));
    return Reply.OK;
  }

  private static Reply onOrOff(Args args, Connection connection) {
    if (!args.is(2, "ON") && !args.is(2, "OFF")) {
      throw new CommandException(RespErrors.SYNTAX);
    }
    return Reply.OK;
  }

  private static Reply reply(Args args, Connection connection) {
    if (args.is(2, "ON")) {
      return Reply.OK;
    }
    throw new CommandException(
        args.is(2, "OFF") || args.is(2, "SKIP")
            ? LocalErrors.notSupported(
                "CLIENT REPLY " + args.text(2).toUpperCase(Locale.ROOT),
                "every command is answered")
            : RespErrors.SYNTAX);
  }

  private static Reply tracking(Args args, Connection connection) {
    if (args.is(2, "OFF")) {
      return Reply.OK;
    }
    throw new CommandException(
        args.is(2, "ON")
            ? LocalErrors.notSupported(
                "CLIENT TRACKING ON", "RaftKV sends no invalidation messages")
            : RespErrors.SYNTAX);
  }

  private static Reply unblock(Args args, Connection connection) {
    boolean known = args.size() == 3 || args.is(3, "TIMEOUT") || args.is(3, "ERROR");
    if (!known || args.size() > 4) {
      throw new CommandException(RespErrors.SYNTAX);
    }
    args.int64(2);
    return Reply.ZERO;
  }

  private Stream<ClientLine> lines() {
    return status.connections().stream()
        .map(ClientLine::new)
        .sorted(Comparator.comparingLong(ClientLine::id));
  }

  private Reply list(Args args) {
    if (args.size() == 2) {
      return text(lines());
    }
    if (args.size() == 4 && args.is(2, "TYPE")) {
      ClientType type = ClientType.parse(args.text(3));
      return text(lines().filter(line -> line.type() == type));
    }
    if (args.size() > 3 && args.is(2, "ID")) {
      Set<Long> ids = new TreeSet<>();
      for (int i = 3; i < args.size(); i++) {
        ids.add(args.int64(i, LocalErrors.CLIENT_ID_LIST));
      }
      return text(lines().filter(line -> ids.contains(line.id())));
    }
    throw new CommandException(RespErrors.SYNTAX);
  }

  private static Reply text(Stream<ClientLine> lines) {
    StringBuilder text = new StringBuilder();
    lines.forEach(line -> text.append(line.text()).append('\n'));
    return new Reply.Verbatim("txt", bytes(text.toString()));
  }

  /** The inverse of {@link Args#text}. */
  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  private Reply kill(Args args, Connection connection) {
    if (args.size() == 3) {
      String address = args.text(2);
      if (killAll(connection, line -> line.address().equals(address)) == 0) {
        throw new CommandException(LocalErrors.NO_SUCH_CLIENT);
      }
      return Reply.OK;
    }
    ClientKill filter = ClientKill.parse(args);
    return Reply.integer(killAll(connection, line -> filter.concerns(line, connection.id())));
  }

  private int killAll(Connection asking, Predicate<ClientLine> which) {
    List<ClientLine> chosen = new ArrayList<>(lines().filter(which).toList());
    int killed = 0;
    for (ClientLine line : chosen) {
      if (line.id() == asking.id()) {
        asking.closeAfterReply();
        killed++;
      } else if (status.kill(line.id())) {
        killed++;
      }
    }
    return killed;
  }
}
