package io.raftkv.resp.dispatch;

import io.netty.channel.Channel;
import io.netty.util.concurrent.EventExecutor;
import io.raftkv.resp.codec.ReplyPortions;
import io.raftkv.resp.codec.ReplyPortions.Portion;
import io.raftkv.resp.reply.Reply;
import io.raftkv.storage.RetainedView;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

/**
 * A reply that is too large to be sent in one go, with the view that it is read from. The read pool
 * makes one portion when it is asked for one, so that no more than that is encoded.
 *
 * <p>Confined to the event loop of its connection. Whoever has it closes it.
 */
final class ReplyStream implements AutoCloseable {
  /** Takes what was asked for, on the event loop. */
  interface Receiver {
    /** Owns the portion from now on. */
    void portion(Portion portion);

    /** The reply cannot be completed. */
    void failed(Throwable fault);
  }

  private static final long RETRY_MILLIS = 10;

  private final Reply.Streamed reply;
  private final RetainedView view;
  private final Executor readPool;
  private final EventExecutor loop;
  private ReplyPortions portions;
  private Receiver receiver;
  private Runnable onClosed = () -> {};
  private boolean producing;
  private boolean closed;

  /**
   * @param reply read from {@code view}, which the stream closes; null if it is in memory
   * @param readPool may refuse work: it is asked again
   */
  ReplyStream(Reply.Streamed reply, RetainedView view, Executor readPool, EventExecutor loop) {
    this.reply = reply;
    this.view = view;
    this.readPool = readPool;
    this.loop = loop;
  }

  /** {@code action} runs on the loop once the stream is closed; one, set before that. */
  void onClosed(Runnable action) {
    onClosed = action;
  }

  /** Once, before {@link #next}. */
  void begin(Channel channel, int protocolVersion, Receiver taker) {
    portions = new ReplyPortions(reply, protocolVersion, channel);
    receiver = taker;
  }

  /** Has the next portion made; the receiver gets it, unless the stream is closed before. */
  void next() {
    producing = true;
    try {
      readPool.execute(this::produce);
    } catch (RejectedExecutionException full) {
      // Half of the reply may be out: there is no way to refuse it any more.
      loop.schedule(this::produceLater, RETRY_MILLIS, TimeUnit.MILLISECONDS);
    }
  }

  private void produceLater() {
    if (closed) {
      produced();
    } else {
      next();
    }
  }

  /** In the read pool. */
  private void produce() {
    Portion made;
    try {
      made = view == null ? portions.next() : view.use(rows -> portions.next());
    } catch (RuntimeException | Error fault) {
      onLoop(() -> failed(fault), () -> {});
      return;
    }
    onLoop(() -> deliver(made), made::release);
  }

  private void onLoop(Runnable action, Runnable otherwise) {
    try {
      loop.execute(action);
    } catch (RejectedExecutionException stopping) {
      otherwise.run();
      closeView();
    }
  }

  private void deliver(Portion made) {
    if (closed) {
      made.release();
      produced();
    } else {
      producing = false;
      receiver.portion(made);
    }
  }

  private void failed(Throwable fault) {
    if (closed) {
      produced();
    } else {
      producing = false;
      receiver.failed(fault);
    }
  }

  /** The last portion of a closed stream is done with. */
  private void produced() {
    producing = false;
    releaseView();
  }

  /** Gives the view back, at the latest when the portion under way is made. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      if (!producing) {
        releaseView();
      }
      onClosed.run();
    }
  }

  private void releaseView() {
    if (view == null) {
      return;
    }
    try {
      readPool.execute(view::close);
    } catch (RejectedExecutionException full) {
      closeView(); // nobody uses it, so this takes no more than RocksDB's own lock
    }
  }

  private void closeView() {
    if (view != null) {
      view.close();
    }
  }
}
