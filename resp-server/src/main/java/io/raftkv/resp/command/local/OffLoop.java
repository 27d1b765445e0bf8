package io.raftkv.resp.command.local;

import io.raftkv.resp.command.Args;
import io.raftkv.resp.command.CommandSpec.AsyncHandler;
import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;

/**
 * Moves commands that read files or stores away from the event loop. They get no connection, for it
 * belongs to the loop.
 */
final class OffLoop {
  private OffLoop() {}

  /** A handler that runs {@code handler} on {@code executor}. */
  static AsyncHandler on(Executor executor, Function<Args, Reply> handler) {
    return (args, connection) -> run(executor, handler, args);
  }

  private static CompletionStage<Reply> run(
      Executor executor, Function<Args, Reply> handler, Args args) {
    try {
      return CompletableFuture.supplyAsync(() -> handler.apply(args), executor);
    } catch (RejectedExecutionException full) {
      throw new CommandException(RespErrors.tryAgain("this node is too busy to look it up"));
    }
  }
}
