package io.raftkv.resp.command.local;

import io.netty.buffer.UnpooledByteBufAllocator;
import io.raftkv.resp.codec.RespEncoder;
import io.raftkv.resp.codec.RespOutput;
import io.raftkv.resp.command.Args;
import io.raftkv.resp.command.CommandSpec;
import io.raftkv.resp.command.CommandTable;
import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Sends commands to the whole table of local commands on behalf of one connection and shows what
 * would be on the wire, each line end as {@code |}.
 */
final class LocalClient {
  static final Instant NOW = Instant.parse("2024-05-06T07:08:09.123456Z");

  final FakeNode node;
  final FakeConnection connection;
  final AtomicInteger shutdowns = new AtomicInteger();
  final CommandTable table;

  /** Where commands run that read files or stores. */
  Executor readers = Runnable::run;

  LocalClient(FakeNode node) {
    this.node = node;
    this.connection = node.connect(node.config().security().password().isEmpty());
    CommandTable[] built = new CommandTable[1];
    built[0] =
        new CommandTable(
            LocalCommands.families(
                node,
                node,
                InstantSource.fixed(NOW),
                () -> built[0],
                shutdowns::incrementAndGet,
                task -> readers.execute(task)));
    this.table = built[0];
  }

  /**
   * The words are separated by blanks; {@code ''} is an empty word, {@code _} stands for a blank.
   */
  String send(String line) {
    return wire(
        ask(
            Arrays.stream(line.split(" "))
                .map(word -> word.equals("''") ? "" : word.replace('_', ' '))
                .toArray(String[]::new)));
  }

  /** The reply in the protocol of the connection. */
  String wire(Reply reply) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    RespOutput out =
        new RespOutput(
            UnpooledByteBufAllocator.DEFAULT,
            buffer -> {
              byte[] part = new byte[buffer.readableBytes()];
              buffer.readBytes(part);
              bytes.writeBytes(part);
              buffer.release();
            },
            () -> {});
    if (reply == null) {
      return "";
    }
    RespEncoder.encode(reply, connection.protocol(), out);
    out.finish();
    return bytes.toString(StandardCharsets.ISO_8859_1).replace("\r\n", "|");
  }

  /** Asks and waits, as a session would. */
  Reply ask(String... words) {
    return stage(words).toCompletableFuture().join();
  }

  CompletionStage<Reply> stage(String... words) {
    Args args =
        new Args(
            Arrays.stream(words)
                .map(word -> word.getBytes(StandardCharsets.ISO_8859_1))
                .toArray(byte[][]::new));
    CommandSpec spec = table.find(args.bytes(0));
    if (spec == null) {
      return done(Reply.error(RespErrors.unknownCommand(args.words())));
    }
    if (!spec.acceptsWords(args.size())) {
      return done(Reply.error(RespErrors.wrongArity(spec.name())));
    }
    try {
      return spec.asyncHandler() == null
          ? done(spec.localHandler().run(args, connection))
          : spec.asyncHandler().run(args, connection).exceptionally(LocalClient::failure);
    } catch (CommandException mistake) {
      return done(Reply.error(mistake.line()));
    }
  }

  private static Reply failure(Throwable failure) {
    if (failure.getCause() instanceof CommandException mistake) {
      return Reply.error(mistake.line());
    }
    throw new AssertionError(failure);
  }

  private static CompletionStage<Reply> done(Reply reply) {
    return CompletableFuture.completedFuture(reply);
  }

  /** The text of a bulk or verbatim reply. */
  String text(String... words) {
    Reply reply = ask(words);
    byte[] bytes =
        reply instanceof Reply.Verbatim verbatim ? verbatim.text() : ((Reply.Bulk) reply).bytes();
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
