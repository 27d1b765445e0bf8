package io.raftkv.resp.dispatch;

import io.raftkv.resp.command.CommandRunner;
import io.raftkv.resp.command.CommandSpec;
import io.raftkv.resp.command.ReadConsistency;
import io.raftkv.resp.reply.Reply;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * A shard in memory whose test decides when what is under way happens: writes one after the other,
 * reads at any time.
 */
final class FakeShard {
  /** A run of reads under way. */
  record Reads(List<DataOp> ops, ReadConsistency consistency, ReadTurn turn) {}

  private final CommandRunner data;

  /** What was routed by an older version is not done. */
  long routedBy;

  /** Nothing is done, for slots are about to be given away. */
  boolean fenced;

  final ArrayDeque<DataOp> writes = new ArrayDeque<>();
  final List<Reads> reads = new ArrayList<>();

  FakeShard(List<CommandSpec> specs) {
    data = new CommandRunner(specs);
  }

  boolean isIdle() {
    return writes.isEmpty() && reads.isEmpty();
  }

  /** The first operation in the log takes effect and is answered. */
  void applyOne() {
    DataOp op = writes.remove();
    op.succeeded(run(op));
  }

  void read(int index) {
    Reads run = reads.remove(index);
    for (DataOp op : run.ops()) {
      op.reply(run(op));
    }
    run.turn().done();
  }

  void finish() {
    while (!isIdle()) {
      if (writes.isEmpty()) {
        read(0);
      } else {
        applyOne();
      }
    }
  }

  Reply run(DataOp op) {
    if (fenced || op.routedBy() < routedBy) {
      return Reply.MOVED;
    }
    data.database(op.database());
    return data.apply(op.words()); // the words a node sends, not those of a client
  }

  /** Hands over a string, if there is one. */
  void give(int database, String key, FakeShard heir) {
    data.database(database);
    if (data.run("GET", key) instanceof Reply.Bulk value) {
      heir.data.database(database);
      heir.data.run("SET", key, new String(value.bytes(), StandardCharsets.US_ASCII));
      data.run("DEL", key);
    }
  }
}
