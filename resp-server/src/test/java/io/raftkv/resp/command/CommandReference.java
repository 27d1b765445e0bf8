package io.raftkv.resp.command;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** The table of commands of the documentation, generated from the command table. */
public final class CommandReference {
  /** What nodes say to each other and to themselves; nothing for clients. */
  public static final Set<String> INTERNAL = Set.of("RAFTKV.LINK", "RAFTKV.SCAN", "RAFTKV.SWEEP");

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
