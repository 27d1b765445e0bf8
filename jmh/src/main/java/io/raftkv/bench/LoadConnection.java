package io.raftkv.bench;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.Arrays;

/**
 * One connection of a {@link LoadWorker}, used by its thread only. It keeps, in a ring, when each
 * request it waits for was sent, or was due to be sent.
 */
final class LoadConnection implements ReplyScanner.Sink {
  /** Marks, in the ring, the reply of a WAIT. */
  private static final int BARRIER = 1 << 30;

  private final LoadWorker worker;
  private final LoadWorker.Plan plan;
  private final RequestSequence requests;
  private final SocketChannel channel;
  private final SelectionKey selection;
  private final ReplyScanner scanner = new ReplyScanner();
  private final ByteBuffer out;

  /** For each reply to come: the start of its request and how many requests it completes. */
  private final long[] starts;

  private final int[] completes;
  private int head;
  private int expected;

  /** Requests sent and not completed. */
  private int inFlight;

  /** Requests answered with an error whose WAIT has not been answered. */
  private int failedBeforeWait;

  private long intervalNanos;
  private long nextDueNanos;
  private long nowNanos;

  LoadConnection(LoadWorker worker, InetSocketAddress address, int number) throws IOException {
    this.worker = worker;
    this.plan = worker.plan();
    KeySequence draws = new KeySequence(plan.keys(), plan.zipf(), plan.seedOf(number));
    this.requests = new RequestSequence(plan.mix(), draws, number);
    int replies = 2 * plan.pipeline() + 1;
    this.starts = new long[replies];
    this.completes = new int[replies];
    int requestBytes = plan.mix().largest() + (plan.barrier() == null ? 0 : plan.barrier().size());
    this.out = ByteBuffer.allocateDirect(plan.pipeline() * requestBytes);
    this.channel = SocketChannel.open();
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    channel.connect(address);
    Handshake.authenticate(channel, plan.auth());
    channel.configureBlocking(false);
    this.selection = channel.register(worker.selector(), SelectionKey.OP_READ, this);
  }

  /** From now on one request every interval, the first at the given time. */
  void schedule(long firstDueNanos, long everyNanos) {
    nextDueNanos = firstDueNanos;
    intervalNanos = everyNanos;
  }

  long nextDueNanos() {
    return inFlight < plan.pipeline() ? nextDueNanos : Long.MAX_VALUE;
  }

  /** Requests whose time has come and that wait for a place in the pipeline. */
  long overdue(long now) {
    return intervalNanos == 0 || now < nextDueNanos ? 0 : (now - nextDueNanos) / intervalNanos + 1;
  }

  /** Sends the next pipeline, if the last one was answered. */
  void sendPipeline(long now) throws IOException {
    if (inFlight > 0 || out.position() > 0 || !channel.isOpen()) {
      return;
    }
    int size = plan.pipeline();
    for (int i = 0; i < size; i++) {
      append(now);
    }
    if (plan.waitPerPipeline()) {
      plan.barrier().copyTo(out);
      expect(now, size | BARRIER);
    }
    flush();
  }

  /** Sends what is due, as far as the pipeline has room. */
  void sendDue(long now) throws IOException {
    if (out.position() > 0 || !channel.isOpen()) {
      return; // the socket is full: what is due stays due
    }
    while (now - nextDueNanos >= 0 && inFlight < plan.pipeline()) {
      append(nextDueNanos);
      nextDueNanos += intervalNanos;
    }
    if (out.position() > 0) {
      flush();
    }
  }

  /** Encodes one request, with its WAIT if it is a write that has one of its own. */
  private void append(long start) {
    RequestMix.Request request = requests.next();
    request.template().copyTo(out, requests.turn());
    inFlight++;
    boolean ownWait = plan.barrier() != null && !plan.waitPerPipeline() && request.writes();
    expect(start, ownWait || plan.waitPerPipeline() ? 0 : 1);
    if (ownWait) {
      plan.barrier().copyTo(out);
      expect(start, 1 | BARRIER);
    }
  }

  private void expect(long start, int completed) {
    int tail = (head + expected++) % starts.length;
    starts[tail] = start;
    completes[tail] = completed;
  }

  private void flush() throws IOException {
    out.flip();
    channel.write(out);
    boolean rest = out.hasRemaining();
    out.compact();
    int wanted = rest ? SelectionKey.OP_READ | SelectionKey.OP_WRITE : SelectionKey.OP_READ;
    if (selection.interestOps() != wanted) {
      selection.interestOps(wanted);
    }
  }

  /** Handles what the selector reported; false once the server has closed the connection. */
  boolean ready(ByteBuffer in) throws IOException {
    if (selection.isWritable()) {
      flush();
    }
    if (!selection.isReadable()) {
      return true;
    }
    int read;
    do {
      in.clear();
      read = channel.read(in);
      in.flip();
      nowNanos = System.nanoTime();
      scanner.scan(in, this);
    } while (read == in.capacity());
    return read >= 0;
  }

  @Override
  public void reply(byte type, long number, String error) {
    if (expected == 0) {
      throw new IllegalStateException("a reply nobody asked for");
    }
    long start = starts[head];
    int completed = completes[head] & ~BARRIER;
    boolean barrier = (completes[head] & BARRIER) != 0;
    head = (head + 1) % starts.length;
    expected--;
    if (completed == 0) {
      if (error != null) {
        worker.failed(error);
        failedBeforeWait++;
      }
      return;
    }
    inFlight -= completed;
    String problem = error;
    if (problem == null && barrier && number < plan.waitReplicas()) {
      problem = "WAIT was answered by too few replicas";
    }
    int good = completed - failedBeforeWait;
    failedBeforeWait = 0;
    for (int i = 0; i < good; i++) {
      if (problem == null) {
        worker.succeeded(start, nowNanos);
      } else {
        worker.failed(problem);
      }
    }
  }

  long lastReplyNanos() {
    return nowNanos;
  }

  void close() throws IOException {
    Arrays.fill(completes, 0);
    selection.cancel();
    channel.close();
  }
}
