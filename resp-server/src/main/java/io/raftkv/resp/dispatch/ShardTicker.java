package io.raftkv.resp.dispatch;

import io.raftkv.resp.command.CommandSpec;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Moves a shard's time forward when a read has met a key that is due: a small write, whose entry
 * carries the leader's clock. At most one is in flight per shard, and a read never joins one that
 * was begun before it. Thread-safe.
 */
final class ShardTicker {
  private static final Logger LOG = LoggerFactory.getLogger(ShardTicker.class);

  private static final class Pending {
    private boolean inFlight;
    private List<Consumer<Reply>> next = new ArrayList<>();
  }

  /** Keys swept on the way; the time is what matters. */
  private static final byte[] LIMIT = {'1', '0'};

  private final CommandSpec tick;
  private final BiConsumer<UUID, DataOp> submit;
  private final Map<UUID, Pending> shards = new ConcurrentHashMap<>();

  /** {@code tick} is a write command that takes a limit: the sweep of due keys. */
  ShardTicker(CommandSpec tick, BiConsumer<UUID, DataOp> submit) {
    this.tick = tick;
    this.submit = submit;
  }

  /**
   * Has the shard's leader stamp an entry.
   *
   * @param then takes OK, or the failure; on {@code executor} or another caller's
   */
  void tick(UUID shard, Executor executor, Consumer<Reply> then) {
    Pending pending = shards.computeIfAbsent(shard, id -> new Pending());
    synchronized (pending) {
      pending.next.add(then);
      if (pending.inFlight) {
        return;
      }
      pending.inFlight = true;
    }
    send(shard, executor, pending);
  }

  private void send(UUID shard, Executor executor, Pending pending) {
    List<Consumer<Reply>> waiting;
    synchronized (pending) {
      if (pending.next.isEmpty()) {
        pending.inFlight = false;
        return;
      }
      waiting = pending.next;
      pending.next = new ArrayList<>();
    }
    byte[][] words = {tick.name().getBytes(StandardCharsets.US_ASCII), LIMIT};
    DataOp op =
        new DataOp(
            tick,
            words,
            0,
            executor,
            reply -> {
              waiting.forEach(then -> tell(shard, then, reply));
              send(shard, executor, pending);
            });
    try {
      submit.accept(shard, op);
    } catch (RuntimeException fault) {
      LOG.error("tick of shard={} not sent", shard, fault);
      op.reply(Reply.error(RespErrors.INTERNAL));
    }
  }

  /** One reader's fault must not keep the others waiting, nor the next tick. */
  private static void tell(UUID shard, Consumer<Reply> then, Reply reply) {
    try {
      then.accept(reply);
    } catch (RuntimeException fault) {
      LOG.error("a read of shard={} failed after a tick", shard, fault);
    }
  }
}
