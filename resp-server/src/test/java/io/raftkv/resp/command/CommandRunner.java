package io.raftkv.resp.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.EntryFullException;
import io.raftkv.storage.HeldTooMuchException;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.MemoryRows;
import io.raftkv.storage.WrongTypeException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/**
 * Runs commands on rows in memory as the engine of a shard does: arity first, writes in apply mode,
 * reads on a view that refuses to write, and no trace left by a command that fails.
 */
public final class CommandRunner {
  private final CommandTable table;
  private final MemoryRows rows = new MemoryRows();
  private long timeMillis = 1_700_000_000_000L;
  private long seed = 1;
  private int database;

  public CommandRunner(List<CommandSpec> specs) {
    this.table = new CommandTable(List.of(specs));
  }

  /** The rows that the commands work on. */
  public MemoryRows rows() {
    return rows;
  }

  /** Shard time of the next commands, in milliseconds since the epoch. */
  public long timeMillis() {
    return timeMillis;
  }

  /** Sets the shard time of the next commands, in milliseconds since the epoch. */
  public void timeMillis(long millis) {
    timeMillis = millis;
  }

  /** Sets the random seed of the next commands; without it every command has its own. */
  public void seed(long value) {
    seed = value;
  }

  /** Sets the database of the next commands. */
  public void database(int index) {
    database = index;
  }

  /** Sets what the next commands may hold in memory. */
  public void holdLimit(long bytes) {
    rows.limit(bytes);
  }

  /** Runs a command whose words are text, one byte for each character. */
  public Reply run(String... words) {
    return run(
        Arrays.stream(words)
            .map(word -> word.getBytes(StandardCharsets.ISO_8859_1))
            .toArray(byte[][]::new));
  }

  /** Runs a command; an error is a {@link Reply.Failure} and leaves the rows as they were. */
  public Reply run(byte[]... words) {
    Args args = new Args(words);
    CommandSpec spec = table.find(words[0]);
    if (spec == null) {
      throw new IllegalArgumentException("no command " + args.text(0));
    }
    if (!spec.acceptsWords(words.length)) {
      return Reply.error(RespErrors.wrongArity(spec.redisName()));
    }
    return apply(words);
  }

  /** What the receiving node makes of a command before it goes anywhere; words have no blanks. */
  byte[][] admit(String command, long maxValueBytes) {
    return admit(command, new CommandSpec.Limits(maxValueBytes, Keyspace.DATABASES));
  }

  /** As {@link #admit(String, long)}, with all limits of the node. */
  byte[][] admit(String command, CommandSpec.Limits limits) {
    byte[][] words =
        Arrays.stream(command.split(" ", -1))
            .map(word -> word.getBytes(StandardCharsets.ISO_8859_1))
            .toArray(byte[][]::new);
    return table.find(words[0]).admission().admit(words, limits);
  }

  /** As {@link #run(byte[][])}, with words that were added to those of the client. */
  public Reply apply(byte[]... words) {
    Args args = new Args(words);
    CommandSpec spec = table.find(words[0]);
    seed++;
    rows.mark();
    Reply reply;
    try {
      reply = Portions.collect(spec.handler().run(args, view(spec)));
    } catch (CommandException mistake) {
      rows.rollback();
      reply = Reply.error(mistake.line());
    } catch (WrongTypeException mistake) {
      rows.rollback();
      reply = Reply.error(RespErrors.WRONG_TYPE);
    } catch (EntryFullException full) {
      rows.rollback();
      reply = Reply.error(RespErrors.TOO_LARGE_FOR_AN_ENTRY);
    } catch (HeldTooMuchException tooMuch) {
      reply = Reply.error(RespErrors.READ_TOO_LARGE);
    }
    if (spec.access() == CommandSpec.Access.WRITE) {
      rows.verify();
      rows.verifyStreams();
    }
    return reply;
  }

  /** Runs a read on a node whose clock shows this time, whatever the shard time. */
  public Reply runAt(long clockMillis, String... words) {
    Args args =
        new Args(
            Arrays.stream(words)
                .map(word -> word.getBytes(StandardCharsets.ISO_8859_1))
                .toArray(byte[][]::new));
    Keyspace keys = Keyspace.forRead(rows, database, timeMillis, clockMillis, seed);
    return table.find(args.bytes(0)).handler().run(args, keys);
  }

  /** The view that the engine would give this command. */
  Keyspace view(CommandSpec spec) {
    rows.reading(spec.access() == CommandSpec.Access.READ);
    return switch (spec.access()) {
      case READ -> Keyspace.forRead(rows, database, timeMillis, timeMillis, seed);
      case WRITE -> Keyspace.forApply(rows, database, timeMillis, seed);
      case LOCAL -> throw new IllegalArgumentException(spec.name() + " has no handler");
    };
  }
}
