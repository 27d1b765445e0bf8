package io.raftkv.resp.command.local;

import io.raftkv.resp.command.Args;
import io.raftkv.resp.command.CommandSpec;
import io.raftkv.resp.command.Flag;
import io.raftkv.resp.command.Glob;
import io.raftkv.resp.command.Group;
import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.server.NodeStatus;
import io.raftkv.server.ServerConfig;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * CONFIG: the settings, and what Redis' settings that clients and tools look at would be. Nothing
 * can be set at runtime; setting one of Redis' own to what it is already does no harm. Immutable.
 */
final class ConfigCommand {
  private static final int FIRST = 2;

  private final NodeStatus status;

  ConfigCommand(NodeStatus status) {
    this.status = status;
  }

  List<CommandSpec> all() {
    return new Subcommands(
            "CONFIG",
            Group.SERVER,
            "2.0.0",
            "Tells of the settings.",
            Flag.ADMIN,
            Flag.NOSCRIPT,
            Flag.LOADING,
            Flag.STALE)
        .add(
            "GET <pattern> [<pattern> ...]",
            -3,
            "2.0.0",
            "O(n) for n settings and patterns",
            "Return the settings whose names match a pattern.",
            (args, connection) -> get(args))
        .add(
            "SET <name> <value> [<name> <value> ...]",
            -4,
            "2.0.0",
            "O(n) for n settings",
            "Refused: settings are read at the start.",
            (args, connection) -> set(args))
        .add(
            "RESETSTAT",
            2,
            "2.0.0",
            "O(1)",
            "Refused: statistics only grow.",
            (args, connection) -> {
              throw new CommandException(LocalErrors.STATISTICS_ONLY_GROW);
            })
        .add(
            "REWRITE",
            2,
            "2.8.0",
            "O(1)",
            "Refused: the configuration file is never written.",
            (args, connection) -> {
              throw new CommandException(
                  status.config().node().configFile().isEmpty()
                      ? LocalErrors.NO_CONFIG_FILE
                      : LocalErrors.CONFIG_FILE_IS_NOT_WRITTEN);
            })
        .all();
  }

  private Reply get(Args args) {
    List<Glob> patterns = new ArrayList<>();
    for (int i = FIRST; i < args.size(); i++) {
      String lower = args.text(i).toLowerCase(Locale.ROOT);
      patterns.add(new Glob(lower.getBytes(StandardCharsets.ISO_8859_1)));
    }
    Map<String, String> shown = ofRedis();
    shown.putAll(status.config().toMap());
    MapReply found = new MapReply();
    shown.forEach(
        (name, value) -> {
          byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
          if (patterns.stream().anyMatch(pattern -> pattern.matches(bytes))) {
            found.put(name, value);
          }
        });
    return found.reply();
  }

  private Reply set(Args args) {
    if (args.size() % 2 != 0) {
      throw new CommandException(RespErrors.SYNTAX);
    }
    Map<String, String> ofRedis = ofRedis();
    Map<String, String> own = status.config().toMap();
    Set<String> seen = new HashSet<>();
    String immutable = null;
    for (int i = FIRST; i < args.size(); i += 2) {
      String name = args.text(i).toLowerCase(Locale.ROOT);
      if (!own.containsKey(name) && !ofRedis.containsKey(name)) {
        throw new CommandException(LocalErrors.unknownSetting(args.text(i)));
      }
      if (!seen.add(name)) {
        throw new CommandException(LocalErrors.setFailed(name, "duplicate parameter"));
      }
      boolean same = !own.containsKey(name) && ofRedis.get(name).equals(args.text(i + 1));
      if (!same && immutable == null) {
        immutable = name;
      }
    }
    if (immutable != null) {
      throw new CommandException(LocalErrors.setFailed(immutable, "can't set immutable config"));
    }
    return Reply.OK;
  }

  /** Redis' settings that are none of ours, with the values that tell how RaftKV behaves. */
  private Map<String, String> ofRedis() {
    ServerConfig config = status.config();
    Map<String, String> values = new LinkedHashMap<>();
    values.put("appendfsync", "always");
    values.put("appendonly", "yes");
    values.put("client-query-buffer-limit", Long.toString(config.requests().maxCommand().bytes()));
    values.put("cluster-enabled", ServerIdentity.isCluster(status) ? "yes" : "no");
    values.put("dir", config.node().dataDir().toAbsolutePath().toString());
    values.put("latency-monitor-threshold", "0");
    values.put("loglevel", redisLogLevel(config));
    values.put("maxmemory", "0");
    values.put("maxmemory-policy", "noeviction");
    values.put("notify-keyspace-events", "");
    values.put("proto-max-bulk-len", Long.toString(config.requests().maxValue().bytes()));
    values.put("save", "");
    values.put("slowlog-log-slower-than", "-1");
    values.put("slowlog-max-len", "0");
    return values;
  }

  private static String redisLogLevel(ServerConfig config) {
    return switch (config.logging().level()) {
      case ERROR, WARN -> "warning";
      case INFO -> "notice";
      case DEBUG -> "verbose";
      case TRACE -> "debug";
    };
  }
}
