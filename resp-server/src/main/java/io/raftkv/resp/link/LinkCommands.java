package io.raftkv.resp.link;

import static io.raftkv.resp.command.CommandSpec.command;

import io.raftkv.resp.command.Args;
import io.raftkv.resp.command.CommandSpec;
import io.raftkv.resp.command.Connection;
import io.raftkv.resp.command.Flag;
import io.raftkv.resp.command.Group;
import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.shard.Completion;
import io.raftkv.shard.PeerTransport;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The receiving end of the links: the command by which nodes talk to each other.
 *
 * <pre>
 *   RAFTKV.LINK HELLO node secret [cluster]  +OK, and the connection is a link from then on
 *   RAFTKV.LINK kind number request          push: link, number, answer (null if it failed)
 * </pre>
 */
public final class LinkCommands {
  /** Takes requests of other nodes. */
  @FunctionalInterface
  public interface Requests {
    /** Must not block; the stage may complete on any thread. */
    CompletionStage<byte[]> request(PeerTransport.Kind kind, byte[] request);
  }

  /** Says which requests are not taken. */
  @FunctionalInterface
  public interface Refusal {
    /** Whether a request of a node gets no answer; called for each one. */
    boolean refuses(String asker, PeerTransport.Kind kind, byte[] request);
  }

  static final String NAME = "RAFTKV.LINK";
  static final String HELLO = "HELLO";

  private static final int WORDS = 4;
  private static final Logger LOG = LoggerFactory.getLogger(LinkCommands.class);
  private static final Reply PUSH_KIND = Reply.bulk("link");

  private static final long TELL_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final AtomicLong lastToldNanos = new AtomicLong(System.nanoTime() - TELL_NANOS);
  private final Requests requests;
  private final byte[] secret;
  private final Supplier<String> clusterId;
  private final Refusal refusal;

  /** The nodes at the other ends, by connection. */
  private final Map<Long, Peer> links = new ConcurrentHashMap<>();

  /**
   * Another node.
   *
   * @param cluster as it said when it connected; empty if it was of none
   */
  private record Peer(String id, String cluster) {}

  /**
   * @param clusterId the cluster of this node, empty if it is of none yet: nodes of other clusters
   *     are refused
   * @param refusal of what nodes ask that are no part of the cluster any more
   */
  public LinkCommands(
      Requests requests, String secret, Supplier<String> clusterId, Refusal refusal) {
    this.requests = requests;
    this.refusal = refusal;
    this.clusterId = clusterId;
    this.secret = secret.getBytes(StandardCharsets.UTF_8);
  }

  /** The entry for the command table. */
  public List<CommandSpec> all() {
    return List.of(
        command(NAME)
            .arity(-WORDS)
            .flags(Flag.ADMIN, Flag.NO_AUTH, Flag.NOSCRIPT)
            .docs(Group.CLUSTER, "0.1.0", "O(1)", "Carries requests between nodes.")
            .local(this::link));
  }

  /** True if a connection would begin with this if it came from another node. */
  public static boolean isHello(byte[][] words) {
    return (words.length == WORDS || words.length == WORDS + 1)
        && NAME.equalsIgnoreCase(text(words[0]))
        && HELLO.equalsIgnoreCase(text(words[1]));
  }

  private static String text(byte[] word) {
    return new String(word, StandardCharsets.ISO_8859_1);
  }

  /** To be told when a connection is gone. */
  public void closed(long connectionId) {
    links.remove(connectionId);
  }

  private Reply link(Args args, Connection connection) {
    if (args.is(1, HELLO)) {
      if (!MessageDigest.isEqual(secret, args.bytes(3))) {
        throw new CommandException("NOPERM wrong cluster secret");
      }
      String other = args.size() > WORDS ? args.text(WORDS) : "";
      if (isForeign(other)) {
        LOG.warn("node {} of another cluster, {}, was refused", args.text(2), other);
        throw new CommandException(
            "NOPERM this node is of cluster " + clusterId.get() + ", not " + other);
      }
      links.put(connection.id(), new Peer(args.text(2), other));
      connection.authenticated(true);
      connection.becomeLink(args.text(2));
      return Reply.OK;
    }
    if (args.size() > WORDS) {
      throw new CommandException(RespErrors.wrongArity(NAME));
    }
    Peer asker = links.get(connection.id());
    if (asker == null) {
      throw new CommandException("NOPERM this connection is not a link between nodes");
    }
    PeerTransport.Kind kind;
    try {
      kind = PeerTransport.Kind.valueOf(args.text(1));
    } catch (IllegalArgumentException unknown) {
      throw new CommandException("ERR unknown kind of link request");
    }
    Reply number = Reply.integer(args.int64(2));
    // A link may be older than this node's cluster.
    if (isForeign(asker.cluster()) || refusal.refuses(asker.id(), kind, args.bytes(3))) {
      LOG.debug("request kind={} of node={}, of no or another cluster", kind, asker.id());
      connection.push(new Reply.Push(List.of(PUSH_KIND, number, Reply.NULL)));
      return null;
    }
    CompletionStage<byte[]> answer;
    try {
      answer = requests.request(kind, args.bytes(3));
    } catch (RuntimeException fault) {
      answer = CompletableFuture.failedFuture(fault);
    }
    answer.whenComplete(
        Completion.loggingFaults(
            "a link request",
            (bytes, failure) -> {
              if (bytes == null) {
                tell(kind, failure);
              }
              Reply body = bytes == null ? Reply.NULL : Reply.bulk(bytes);
              connection.push(new Reply.Push(List.of(PUSH_KIND, number, body)));
            }));
    return null;
  }

  private boolean isForeign(String cluster) {
    String own = clusterId.get();
    return !cluster.isEmpty() && !own.isEmpty() && !cluster.equals(own);
  }

  /** The other node asks again and again: one line for a while is enough. */
  private void tell(PeerTransport.Kind kind, Throwable failure) {
    long now = System.nanoTime();
    long last = lastToldNanos.get();
    boolean fault = !(failure instanceof NotHereException);
    if (fault && now - last >= TELL_NANOS && lastToldNanos.compareAndSet(last, now)) {
      LOG.warn("request kind={} of another node failed", kind, failure);
    } else {
      LOG.debug("request kind={} of another node failed", kind, failure);
    }
  }
}
