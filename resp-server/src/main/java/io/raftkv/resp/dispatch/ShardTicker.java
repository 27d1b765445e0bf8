package io.raftkv.resp.dispatch;

import io.raftkv.resp.command.CommandSpec;
import io.raftkv.resp.reply.Reply;
import io.raftkv.shard.ProposalFailure;
import java.nio.ByteBuffer;
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

  /** What became of a tick. */
  enum Outcome {
    /** Shard time has moved on to the leader's clock. */
    MOVED,
    /** The leader takes no writes now, so shard time stands still. */
    STANDS_STILL,
    /** Nobody knows, or there is no leader: another one may help. */
    FAILED
  }

  private static final class Pending {
    private boolean inFlight;
    private List<Consumer<Outcome>> next = new ArrayList<>();
  }

  /** Keys swept on the way; the time is what matters. */
  private static final byte[] LIMIT = {'1', '0'};

  private final CommandSpec tick;
  private final BiConsumer<UUID, NodeProposal> submit;
  private final Map<UUID, Pending> shards = new ConcurrentHashMap<>();

  /** {@code tick} is a write command that takes a limit: the sweep of due keys. */
  ShardTicker(CommandSpec tick, BiConsumer<UUID, NodeProposal> submit) {
    this.tick = tick;
    this.submit = submit;
  }

  /**
   * Has the shard's leader stamp an entry.
   *
   * @param then on {@code executor} or another caller's
   */
  void tick(UUID shard, Executor executor, Consumer<Outcome> then) {
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
    List<Consumer<Outcome>> waiting;
    synchronized (pending) {
      if (pending.next.isEmpty()) {
        pending.inFlight = false;
        return;
      }
      waiting = pending.next;
      pending.next = new ArrayList<>();
    }
    Tick sent =
        new Tick(
            executor,
            outcome -> {
              waiting.forEach(then -> tell(shard, then, outcome));
              send(shard, executor, pending);
            });
    try {
      submit.accept(shard, sent);
    } catch (RuntimeException fault) {
      LOG.error("tick of shard={} not sent", shard, fault);
      sent.done.accept(Outcome.FAILED);
    }
  }

  /** One reader's fault must not keep the others waiting, nor the next tick. */
  private static void tell(UUID shard, Consumer<Outcome> then, Outcome outcome) {
    try {
      then.accept(outcome);
    } catch (RuntimeException fault) {
      LOG.error("a read of shard={} failed after a tick", shard, fault);
    }
  }

  /** The write that is sent. How it failed matters here, not the text that a client would see. */
  private final class Tick implements NodeProposal {
    private final DataOp write;
    private final Consumer<Outcome> done;

    private Tick(Executor executor, Consumer<Outcome> done) {
      byte[][] words = {tick.name().getBytes(StandardCharsets.US_ASCII), LIMIT};
      this.done = done;
      this.write =
          new DataOp(
              tick,
              words,
              0,
              executor,
              reply ->
                  done.accept(reply instanceof Reply.Failure ? Outcome.FAILED : Outcome.MOVED));
    }

    @Override
    public int encodedBytes() {
      return write.encodedBytes();
    }

    @Override
    public long heldBytes() {
      return write.heldBytes();
    }

    @Override
    public void encode(ByteBuffer out) {
      write.encode(out);
    }

    @Override
    public boolean grows() {
      return write.grows();
    }

    @Override
    public Executor executor() {
      return write.executor();
    }

    @Override
    public void succeeded(Object result) {
      write.succeeded(result);
    }

    @Override
    public void failed(ProposalFailure failure, String detail) {
      done.accept(failure == ProposalFailure.READ_ONLY ? Outcome.STANDS_STILL : Outcome.FAILED);
    }
  }
}
