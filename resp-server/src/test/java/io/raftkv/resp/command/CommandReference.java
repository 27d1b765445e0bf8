package io.raftkv.resp.command;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** The table of commands of the documentation, generated from the command table. */
public final class CommandReference {
  /** What nodes say to each other and to themselves; nothing for clients. */
  public static final Set<String> INTERNAL =
      Set.of(
          "RAFTKV.DBSIZE",
          "RAFTKV.FLUSHALL",
          "RAFTKV.FLUSHDB",
          "RAFTKV.KEYS",
          "RAFTKV.LINK",
          "RAFTKV.RANDOMKEY",
          "RAFTKV.SCAN",
          "RAFTKV.SLOTS",
          "RAFTKV.SWEEP");

  private CommandReference() {}

  /** The whole document {@code commands.md}. */
  public static String markdown(CommandTable table) {
    Map<Group, List<CommandSpec>> byGroup =
        table.all().stream()
            .filter(spec -> !INTERNAL.contains(spec.name()))
            .collect(
                Collectors.groupingBy(
                    CommandSpec::group, () -> new EnumMap<>(Group.class), Collectors.toList()));
    StringBuilder text =
        new StringBuilder(
            """
            # Commands

            <!-- Generated from the command table by CommandDocumentTest: do not edit. -->

            What RaftKV answers, by family. *Runs* says where: a `read` on a replica under the connection's
            consistency, a `write` through the Raft log, `node` on the node of the connection. *Keys on
            several shards* says what happens to a command whose keys are not in one slot; a cluster of
            exactly one shard takes any keys. *Since* is the Redis release that brought the command; those
            that begin with `RAFTKV.` are RaftKV's own and count its releases.

            For all commands: a string and an element of a collection have at most `--max-value-bytes` (64 MB
            by default; Redis: 512 MB), a command `--max-command-bytes`. What one command changes and answers
            through the log has to fit into one log entry's share of memory (a quarter of the leader's heap):
            `RENAME` and `COPY` of a big collection to another slot, `RESTORE`, the `STORE` forms, `XREADGROUP`
            without `COUNT` and pops of millions are refused beyond that, with nothing changed. A reply of more
            than 32 MB that another node has to forward is refused, too: ask a node with a replica.

            `PFDEBUG` and `PFSELFTEST`, by which Redis tests itself, are missing on purpose.
            """);
    byGroup.forEach((group, specs) -> appendGroup(text, group, specs));
    text.append("\n## Internal\n\n");
    text.append(
        "Nodes use these among themselves and for themselves; clients should not call them:\n");
    text.append(
        INTERNAL.stream().sorted().map(name -> '`' + name + '`').collect(Collectors.joining(", ")));
    text.append(".\n");
    return text.toString();
  }

  private static void appendGroup(StringBuilder text, Group group, List<CommandSpec> specs) {
    text.append("\n## ")
        .append(group.redisName())
        .append(" (")
        .append(specs.size())
        .append(")\n\n");
    text.append("| Command | Runs | Keys on several shards | Since | Cost | Summary |\n");
    text.append("| --- | --- | --- | --- | --- | --- |\n");
    for (CommandSpec spec : specs) {
      text.append("| `").append(spec.name().replace('|', ' ')).append("` | ");
      text.append(runs(spec)).append(" | ");
      text.append(acrossShards(spec)).append(" | ");
      text.append(spec.since()).append(" | ");
      text.append(cell(spec.complexity())).append(" | ");
      text.append(cell(spec.summary())).append(" |\n");
    }
    appendDifferences(text, specs);
  }

  private static void appendDifferences(StringBuilder text, List<CommandSpec> specs) {
    String lines =
        specs.stream()
            .filter(spec -> !spec.difference().isEmpty())
            .map(
                spec ->
                    "- `%s`: %s%n"
                        .formatted(spec.name().replace('|', ' '), spec.difference())
                        .replace(System.lineSeparator(), "\n"))
            .collect(Collectors.joining());
    if (!lines.isEmpty()) {
      text.append("\nNot as in Redis:\n\n").append(lines);
    }
  }

  private static String runs(CommandSpec spec) {
    return switch (spec.access()) {
      case READ -> "read";
      case WRITE -> "write";
      case LOCAL -> "node";
    };
  }

  private static String acrossShards(CommandSpec spec) {
    if (spec.shardCheck() != null) {
      return spec.keys() == KeySpec.NONE ? "refused" : "`CROSSSLOT`, for patterns an error";
    }
    boolean oneKey = spec.keys().first() == spec.keys().last() && !spec.keys().isMovable();
    return switch (spec.fanOut()) {
      case NONE -> oneKey ? "" : "`CROSSSLOT`";
      case SUM_BY_KEY, JOIN_BY_KEY, ALL_OK_BY_KEY -> "split by key, atomic per shard";
      case SUM_ALL_SHARDS, CONCAT_ALL_SHARDS, ALL_OK_ALL_SHARDS -> "asks every shard";
      case FIRST_NON_NULL -> "asks shards until one answers";
      case BY_CURSOR -> "shard of the cursor";
    };
  }

  private static String cell(String text) {
    return text.replace("|", "\\|");
  }
}
