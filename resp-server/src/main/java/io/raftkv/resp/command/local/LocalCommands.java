package io.raftkv.resp.command.local;

import io.raftkv.resp.command.CommandSpec;
import io.raftkv.resp.command.CommandTable;
import io.raftkv.server.ClusterChanges;
import io.raftkv.server.NodeStatus;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

/** All commands that concern the connection, the node or the cluster. */
public final class LocalCommands {
  private LocalCommands() {}

  /**
   * The entries for the command table, by family.
   *
   * @param table the finished table, for COMMAND
   * @param shutdown begins to stop the process in order, and returns at once
   * @param readers runs commands that read files or stores; may refuse when it is full
   */
  public static List<List<CommandSpec>> families(
      NodeStatus status,
      ClusterChanges changes,
      InstantSource clock,
      Supplier<CommandTable> table,
      Runnable shutdown,
      Executor readers) {
    return List.of(
        new ConnectionCommands(status, clock).all(),
        new CommandTableCommands(table).all(),
        new ServerCommands(status, clock, shutdown, readers).all(),
        new ClusterCommands(status, clock, readers).all(),
        new AdminCommands(status, changes, readers).all());
  }
}
