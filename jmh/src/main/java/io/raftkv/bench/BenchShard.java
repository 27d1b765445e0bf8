package io.raftkv.bench;

import io.raftkv.resp.command.Args;
import io.raftkv.resp.command.CommandEngine;
import io.raftkv.resp.command.CommandTable;
import io.raftkv.resp.command.WholeReplies;
import io.raftkv.resp.reply.Reply;
import io.raftkv.server.Commands;
import io.raftkv.shard.BatchOutcome;
import io.raftkv.shard.EntryCodec;
import io.raftkv.shard.ShardApplier;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.ShardStore;
import io.raftkv.storage.StoreBatch;
import io.raftkv.storage.StoreEnvironment;
import io.raftkv.storage.StoreOptions;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/**
 * What a replica of a shard is below its log: a store on disk, the applier and the commands.
 * Entries are applied as the replicated state machine does it, without Ratis.
 */
final class BenchShard implements AutoCloseable {
  private static final int FILL_COMMANDS = 500;
  private static final long TERM = 1;

  private static final CommandTable TABLE = new CommandTable(Commands.dataFamilies());

  private final ScratchDirectory directory = new ScratchDirectory();
  private final StoreEnvironment environment;
  private final ShardStore store;
  private final ShardApplier applier = new ShardApplier(new CommandEngine(TABLE));
  private BatchOutcome outcome;
  private Object[] results;
  private long applied;

  BenchShard() {
    this(StoreOptions.defaults());
  }

  BenchShard(StoreOptions options) {
    environment = new StoreEnvironment(options);
    store = ShardStore.open(directory.resolve("live"), environment);
    applier.listen(
        LogEntries.PROPOSER,
        (sequence, what, replies) -> {
          outcome = what;
          results = replies;
        });
  }

  ShardStore store() {
    return store;
  }

  /** A path beside the store, on the same disk. */
  Path sibling(String name) {
    return directory.resolve(name);
  }

  /**
   * Applies an entry of {@link LogEntries} as the next one of the log.
   *
   * @return the replies of its commands
   */
  Object[] apply(byte[] entry) {
    long index = ++applied;
    LogEntries.renumber(entry, index);
    ByteBuffer bytes = ByteBuffer.wrap(entry).asReadOnlyBuffer(); // as Ratis hands it over
    EntryCodec.Header header = EntryCodec.decodeHeader(bytes);
    try (StoreBatch batch = store.begin(header.timeMillis())) {
      applier.apply(index, header, bytes, batch);
      batch.commit(TERM, index);
    }
    applier.publish();
    if (outcome != BatchOutcome.APPLIED) {
      throw new IllegalStateException("entry " + index + " was " + outcome);
    }
    return results;
  }

  /** Applies {@code count} commands, many to an entry; one that fails is a fault. */
  void fill(int count, IntFunction<byte[][]> command) {
    List<byte[][]> batch = new ArrayList<>(FILL_COMMANDS);
    for (int i = 0; i < count; i++) {
      batch.add(command.apply(i));
      if (batch.size() == FILL_COMMANDS || i == count - 1) {
        for (Object reply : apply(LogEntries.entry(batch))) {
          if (reply instanceof Reply.Failure failure) {
            throw new IllegalStateException(failure.line());
          }
        }
        batch.clear();
      }
    }
  }

  /** Runs a read command, on disk if it has to. */
  Reply read(byte[][] words) {
    return store.query(
        view ->
            new WholeReplies()
                .whole(
                    CommandEngine.read(
                        TABLE.find(words[0]),
                        new Args(words),
                        0,
                        Keyspace.forRead(view, 0, view.timeMillis(), LogEntries.TIME_MILLIS, 42))));
  }

  @Override
  public void close() {
    store.close();
    environment.close();
    directory.close();
  }
}
