package io.raftkv.it.load;

import io.raftkv.it.cluster.RespConnection;
import io.raftkv.it.cluster.RespError;
import io.raftkv.it.cluster.TestNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.IntFunction;

/**
 * Generated commands sent as fast as the server takes them, as {@code redis-cli --pipe} does: one
 * thread writes, another reads, and every reply is checked.
 */
public final class MassLoad {
  private static final Duration REPLY_DEADLINE = Duration.ofSeconds(60);

  private final int commands;
  private final IntFunction<String[]> command;

  private MassLoad(int commands, IntFunction<String[]> command) {
    this.commands = commands;
    this.command = command;
  }

  /** {@code SET prefix<i> v<i>} for every i below the count. */
  public static MassLoad strings(String prefix, int count) {
    return new MassLoad(count, i -> new String[] {"SET", prefix + i, "v" + i});
  }

  /** Any command for every number below the count. */
  public static MassLoad of(int count, IntFunction<String[]> command) {
    return new MassLoad(count, command);
  }

  /** Sends everything over one connection; fails at the first error reply. */
  public void sendTo(TestNode node) {
    try (RespConnection connection = node.connect(REPLY_DEADLINE)) {
      CompletableFuture<Void> writing = CompletableFuture.runAsync(() -> write(connection));
      for (int i = 0; i < commands; i++) {
        Object reply = connection.read();
        if (reply instanceof RespError error) {
          throw new AssertionError(String.join(" ", command.apply(i)) + ": " + error.text());
        }
      }
      writing.join();
    } catch (IOException | CompletionException e) {
      throw new UncheckedIOException(new IOException("mass load to " + node.id(), e));
    }
  }

  private void write(RespConnection connection) {
    try {
      for (int i = 0; i < commands; i++) {
        connection.send(command.apply(i));
      }
      connection.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
