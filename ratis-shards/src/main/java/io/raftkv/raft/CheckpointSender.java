package io.raftkv.raft;

import io.raftkv.raft.CheckpointCodec.Answer;
import io.raftkv.raft.CheckpointCodec.Request;
import io.raftkv.shard.PeerTransport;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.LongAdder;

/**
 * What all checkpoints share that this node sends: the rate, and the links. To one node go at most
 * {@link #AT_ONCE} messages at a time, in turn of all that are sent there: so neither what else
 * uses the link waits for long, nor a small shard for the large ones. Thread-safe.
 */
final class CheckpointSender implements AutoCloseable {
  /** Most bytes of a file in a message. */
  static final int PIECE_BYTES = 1 << 18;

  private static final int AT_ONCE = 2;

  /** A large file is read once more at its end, and a slow disk may have to write it first. */
  static final long ANSWER_MILLIS = 30_000;

  private final PeerTransport links;
  private final RateLimit rate;
  private final long answerMillis;
  private final Map<String, Semaphore> turns = new ConcurrentHashMap<>();
  private final LongAdder sentBytes = new LongAdder();
  private final ExecutorService threads =
      Executors.newCachedThreadPool(
          work -> {
            Thread thread = new Thread(work, "raftkv-checkpoint");
            thread.setDaemon(true);
            return thread;
          });

  /**
   * @param bytesPerSecond of all files together; 0 for no limit
   * @param answerMillis for how long an answer is waited for
   */
  CheckpointSender(PeerTransport links, long bytesPerSecond, long answerMillis) {
    this.links = links;
    this.answerMillis = answerMillis;
    this.rate = new RateLimit(bytesPerSecond, System::nanoTime);
  }

  boolean isConnected(String node) {
    return links.isConnected(node);
  }

  /** Runs on a thread of its own, or not at all if this is closed; then it returns false. */
  boolean start(Runnable sending) {
    try {
      threads.execute(sending);
      return true;
    } catch (RejectedExecutionException stopping) {
      return false;
    }
  }

  /** Makes a message when it is its turn. */
  @FunctionalInterface
  interface Message {
    Request make() throws IOException;
  }

  /** Sends what has no bytes of files, and waits for the answer. */
  Answer ask(String node, Message message) throws IOException, InterruptedException {
    Semaphore turn = turns.computeIfAbsent(node, id -> new Semaphore(AT_ONCE, true));
    turn.acquire();
    try {
      byte[] answer =
          links
              .call(node, PeerTransport.Kind.CHECKPOINT, CheckpointCodec.encode(message.make()))
              .get(answerMillis, TimeUnit.MILLISECONDS);
      return CheckpointCodec.decodeAnswer(answer);
    } catch (ExecutionException broken) {
      throw new IOException("no answer: " + broken.getCause(), broken.getCause());
    } catch (TimeoutException late) {
      throw new IOException("no answer in " + answerMillis + " ms", late);
    } finally {
      turn.release();
    }
  }

  /**
   * Sends so many bytes of a file, at the rate that is allowed, and waits for the answer.
   *
   * @param message reads them; it is made when they may go
   */
  Answer send(String node, int bytes, Message message) throws IOException, InterruptedException {
    TimeUnit.NANOSECONDS.sleep(rate.take(bytes));
    Answer answer = ask(node, message);
    sentBytes.add(bytes);
    return answer;
  }

  /** Bytes of files that were sent, and answered, so far. */
  long sentBytes() {
    return sentBytes.sum();
  }

  /** Ends all sendings. */
  @Override
  public void close() {
    threads.shutdownNow();
  }
}
