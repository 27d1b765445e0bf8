package io.raftkv.server;

import io.raftkv.resp.command.BitmapCommands;
import io.raftkv.resp.command.CommandSpec;
import io.raftkv.resp.command.CommandTable;
import io.raftkv.resp.command.DatabaseCommands;
import io.raftkv.resp.command.DumpCommands;
import io.raftkv.resp.command.GenericCommands;
import io.raftkv.resp.command.GeoCommands;
import io.raftkv.resp.command.HashCommands;
import io.raftkv.resp.command.HashFieldCommands;
import io.raftkv.resp.command.HyperLogLogCommands;
import io.raftkv.resp.command.ListCommands;
import io.raftkv.resp.command.SetCommands;
import io.raftkv.resp.command.SlotCommands;
import io.raftkv.resp.command.SortCommands;
import io.raftkv.resp.command.SortedSetCommands;
import io.raftkv.resp.command.StreamCommands;
import io.raftkv.resp.command.StringCommands;
import io.raftkv.resp.command.local.LocalCommands;
import io.raftkv.resp.link.LinkCommands;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicReference;

/** All families of commands in one table. */
public final class Commands {
  private Commands() {}

  /** The families that work on data: the same on every node. */
  public static List<List<CommandSpec>> dataFamilies() {
    return List.of(
        StringCommands.ALL,
        BitmapCommands.ALL,
        HyperLogLogCommands.ALL,
        GenericCommands.ALL,
        DatabaseCommands.ALL,
        SlotCommands.ALL,
        SortCommands.ALL,
        DumpCommands.ALL,
        HashCommands.ALL,
        HashFieldCommands.ALL,
        ListCommands.ALL,
        SetCommands.ALL,
        SortedSetCommands.ALL,
        GeoCommands.ALL,
        StreamCommands.ALL);
  }

  /**
   * The whole table.
   *
   * @param shutdown begins to stop the process, and returns at once
   * @param readers for answers that read files or stores
   */
  static CommandTable table(
      NodeStatus status,
      ClusterChanges changes,
      LinkCommands links,
      Runnable shutdown,
      Executor readers) {
    AtomicReference<CommandTable> finished = new AtomicReference<>();
    List<List<CommandSpec>> families = new ArrayList<>(dataFamilies());
    families.addAll(
        LocalCommands.families(
            status, changes, InstantSource.system(), finished::get, shutdown, readers));
    families.add(links.all());
    finished.set(new CommandTable(families));
    return finished.get();
  }
}
