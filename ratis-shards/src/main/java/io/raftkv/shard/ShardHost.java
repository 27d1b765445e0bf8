package io.raftkv.shard;

import io.raftkv.raft.Replica;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The shards as this node deals with them: its replicas with their appliers and proposers, and a
 * client for every shard that it writes to, wherever the leader is. Thread-safe.
 */
public final class ShardHost<P extends Proposal> {
  /** What a shard host needs to know of the rest of the node. */
  public interface Surroundings {
    /** This node's replica, or null. */
    Replica replica(UUID group);

    /** Nodes that have a replica of the group, for a node that has none. */
    List<String> members(UUID group);

    /** Name of the group for messages. */
    String name(UUID group);

    /** What this node takes now as a leader. Asked for every batch: costs nothing. */
    Admission admission();

    /** Why it does not take everything, as the whole error line. */
    String refusal();
  }

  private static final Logger LOG = LoggerFactory.getLogger(ShardHost.class);
  private static final int ADDRESS_BYTES = 4 * Long.BYTES;
  private static final long RETIRE_NANOS = TimeUnit.MINUTES.toNanos(10);

  private final String self;
  private final Surroundings surroundings;
  private final PeerTransport transport;
  private final Executor appendExecutor;
  private final Executor endOfTurn;
  private final Supplier<EntryCodec.Header> stamp;
  private final ShardClient.Limits limits;
  private final ShardClient.BatchListener batchListener;
  private final int maxEntriesInFlight;
  private final int maxEntryBytes;
  private final ProposalOutcomes<P> outcomes;
  private final Function<byte[], Object[]> resultDecoder;
  private final Map<UUID, ShardApplier> appliers = new ConcurrentHashMap<>();
  private final Map<UUID, Proposer> proposers = new ConcurrentHashMap<>();
  private final Map<UUID, Link> clients = new ConcurrentHashMap<>();
  private final Map<Long, Forwarded> forwarded = new ConcurrentHashMap<>();

  /**
   * @param appendExecutor where entries are appended; may block
   * @param endOfTurn runs what it takes when the event loop of the calling thread has handled the
   *     events at hand, or at once where there is no loop
   * @param stamp makes the header of an entry: this node's clock and a seed
   * @param resultDecoder decodes results of groups of which this node has no replica
   */
  public ShardHost(
      String self,
      Surroundings surroundings,
      PeerTransport transport,
      Executor appendExecutor,
      Executor endOfTurn,
      Supplier<EntryCodec.Header> stamp,
      ShardClient.Limits limits,
      ShardClient.BatchListener batchListener,
      int maxEntriesInFlight,
      int maxEntryBytes,
      ProposalOutcomes<P> outcomes,
      Function<byte[], Object[]> resultDecoder) {
    if (limits.maxInFlight() > ShardApplier.RECENT) {
      throw new IllegalArgumentException("replies of a full window could be lost in a repeat");
    }
    this.resultDecoder = resultDecoder;
    this.self = self;
    this.surroundings = surroundings;
    this.transport = transport;
    this.appendExecutor = appendExecutor;
    this.endOfTurn = endOfTurn;
    this.stamp = stamp;
    this.limits = limits;
    this.batchListener = batchListener;
    this.maxEntriesInFlight = maxEntriesInFlight;
    this.maxEntryBytes = maxEntryBytes;
    this.outcomes = outcomes;
  }

  /** The applier of a group on this node, made at the first call. */
  public ShardApplier applier(UUID group, Function<UUID, Applier> meaning) {
    return appliers.computeIfAbsent(group, id -> new ShardApplier(meaning.apply(id)));
  }

  /** Commands that were applied here to a group, those of a replayed log included. */
  public long commandsApplied(UUID group) {
    ShardApplier applier = appliers.get(group);
    return applier == null ? 0 : applier.commands();
  }

  /** The way to write to a group. */
  public ShardClient<P> client(UUID group) {
    return clients.computeIfAbsent(group, Link::new).client;
  }

  /**
   * This node has no replica of a group any more. Its client goes on, through other nodes; batches
   * of other nodes that wait for their apply here are of unknown fate, and come again elsewhere.
   */
  public void forget(UUID group) {
    ShardApplier applier = appliers.remove(group);
    proposers.remove(group);
    Link link = clients.get(group);
    if (link != null) {
      link.detach();
    }
    forwarded.values().removeIf(proposer -> proposer.endIfOf(applier));
  }

  /** All clients made so far. */
  public Collection<ShardClient<P>> clients() {
    return clients.values().stream().map(link -> link.client).toList();
  }

  /** What the proposals of all clients take of the heap: of all that this node's users wait for. */
  public long heldBytes() {
    long sum = 0;
    for (Link link : clients.values()) {
      sum += link.client.heldBytes();
    }
    return sum;
  }

  /** All proposers made so far: of the groups that this node leads or led. */
  public Collection<Proposer> proposers() {
    return proposers.values();
  }

  /** To be called every few milliseconds. */
  public void tick() {
    clients.values().forEach(link -> link.client.tick());
    long now = System.nanoTime();
    forwarded.values().removeIf(proposer -> proposer.retire(now));
  }

  /** The leader of a group as this node knows it, or null. */
  public String leader(UUID group) {
    Replica replica = liveReplica(group);
    if (replica != null) {
      return replica.leader();
    }
    return clients.computeIfAbsent(group, Link::new).leader();
  }

  /**
   * A node that {@link #leader} had named did not answer: its replica may have gone since. Without
   * a replica here another member is named next.
   */
  public void unanswered(UUID group, String nodeId) {
    clients.computeIfAbsent(group, Link::new).unanswered(nodeId);
  }

  /**
   * This node's replica, unless it has not started yet, has stopped or has failed, or is none of
   * the group's: such a one need not know who leads.
   */
  private Replica liveReplica(UUID group) {
    Replica replica = surroundings.replica(group);
    return replica != null && replica.isMember() ? replica : null;
  }

  /** Answers another node's {@link PeerTransport.Kind#PROPOSE} request. */
  public CompletableFuture<byte[]> propose(byte[] request) {
    ByteBuffer in = ByteBuffer.wrap(request);
    UUID group = new UUID(in.getLong(), in.getLong());
    byte[] payload = new byte[request.length - ADDRESS_BYTES];
    ProposedBatch batch = new ProposedBatch(in.getLong(), in.getLong(), payload);
    in.get(payload);
    CompletableFuture<byte[]> answer = new CompletableFuture<>();
    Replica replica = surroundings.replica(group);
    ShardApplier applier = appliers.get(group);
    if (replica == null || applier == null) {
      answer.complete(encode(BatchOutcome.NOT_LEADER, null));
      return answer;
    }
    while (!forwarded(applier, batch.proposer()).await(batch.sequence(), answer)) {
      // It was retired at this moment: there is a new one at the next try.
    }
    proposeHere(
        replica,
        applier,
        batch,
        (outcome, results, detail) ->
            answer.complete(encode(outcome, detail.getBytes(StandardCharsets.UTF_8))));
    return answer;
  }

  private void proposeHere(
      Replica replica, ShardApplier applier, ProposedBatch batch, ShardClient.Answer answer) {
    Admission admission = surroundings.admission();
    if (!replica.isLeader()) {
      String leader = replica.leader();
      answer.answered(BatchOutcome.NOT_LEADER, null, leader == null ? "" : leader);
    } else if (admission == Admission.NOTHING) {
      answer.answered(BatchOutcome.READ_ONLY, null, surroundings.refusal());
    } else if (admission == Admission.NO_GROWTH && grows(applier, batch)) {
      answer.answered(BatchOutcome.NO_GROWTH, null, surroundings.refusal());
    } else {
      proposers
          .computeIfAbsent(replica.group(), this::newProposer)
          .propose(batch, outcome -> answer.answered(outcome, null, ""));
    }
  }

  private static boolean grows(ShardApplier applier, ProposedBatch batch) {
    return applier.applier().grows(ByteBuffer.wrap(batch.payload()).asReadOnlyBuffer());
  }

  private Proposer newProposer(UUID group) {
    Proposer.Log log =
        (entry, done) -> {
          Replica now = surroundings.replica(group); // it may have been started anew
          if (now == null) {
            done.accept(BatchOutcome.NOT_LEADER);
          } else {
            now.append(entry, done);
          }
        };
    return new Proposer(log, appendExecutor, stamp, maxEntriesInFlight, maxEntryBytes);
  }

  // ---- batches of other nodes ----

  private Forwarded forwarded(ShardApplier applier, long proposer) {
    return forwarded.computeIfAbsent(
        proposer,
        name -> {
          Forwarded made = new Forwarded(name, applier);
          applier.listen(name, made);
          return made;
        });
  }

  /** Answers for the batches of one proposer elsewhere, given when they are applied here. */
  private static final class Forwarded implements ApplyListener {
    private final long proposer;
    private final ShardApplier applier;
    private final Map<Long, CompletableFuture<byte[]>> waiting = new ConcurrentHashMap<>();

    private long lastUsedNanos = System.nanoTime();
    private boolean retired;

    private Forwarded(long proposer, ShardApplier applier) {
      this.proposer = proposer;
      this.applier = applier;
    }

    /** False if this listens no longer. */
    private synchronized boolean await(long sequence, CompletableFuture<byte[]> answer) {
      if (retired) {
        return false;
      }
      lastUsedNanos = System.nanoTime();
      CompletableFuture<byte[]> before = waiting.put(sequence, answer);
      if (before != null) {
        before.complete(encode(BatchOutcome.UNKNOWN, null)); // its asker asks again by this
      }
      answer.whenComplete((bytes, failure) -> waiting.remove(sequence, answer));
      return true;
    }

    /** Ends it if its replica was this applier's. */
    private boolean endIfOf(ShardApplier gone) {
      if (applier != gone) {
        return false;
      }
      synchronized (this) {
        retired = true;
      }
      applier.forget(proposer, this);
      waiting.values().forEach(answer -> answer.complete(encode(BatchOutcome.UNKNOWN, null)));
      return true;
    }

    /** A proposer that is silent for long is a process or a name that is gone. */
    private synchronized boolean retire(long now) {
      if (waiting.isEmpty() && now - lastUsedNanos > RETIRE_NANOS) {
        retired = true;
        applier.forget(proposer, this);
      }
      return retired;
    }

    @Override
    public void applied(long sequence, BatchOutcome outcome, Object[] results) {
      CompletableFuture<byte[]> answer = waiting.get(sequence);
      if (answer != null) {
        try {
          byte[] encoded = results == null ? null : applier.applier().encode(results);
          answer.complete(encode(outcome, encoded));
        } catch (RuntimeException tooLarge) {
          answer.complete(encode(BatchOutcome.REPEATED, null)); // applied, without results
          throw tooLarge;
        }
      }
    }
  }

  private static byte[] encode(BatchOutcome outcome, byte[] more) {
    byte[] bytes = new byte[1 + (more == null ? 0 : more.length)];
    bytes[0] = outcome.code();
    if (more != null) {
      System.arraycopy(more, 0, bytes, 1, more.length);
    }
    return bytes;
  }

  // ---- batches of this node ----

  /** One group's client and what it knows of the leader. */
  private final class Link implements ShardClient.Sender {
    private final UUID group;
    private final Map<Long, ApplyListener> listeners = new ConcurrentHashMap<>();
    private final ShardClient<P> client;
    private volatile ShardApplier listensTo;
    private volatile String hint;
    private int turn;

    private Link(UUID group) {
      this.group = group;
      this.client =
          new ShardClient<>(
              surroundings.name(group), this, outcomes, limits, batchListener, endOfTurn);
    }

    @Override
    public String leader() {
      Replica replica = liveReplica(group);
      if (replica != null) {
        String leader = replica.leader();
        return leader == null || leader.equals(self) || transport.isConnected(leader)
            ? leader
            : null;
      }
      String known = hint;
      if (known != null && !known.equals(self) && transport.isConnected(known)) {
        return known;
      }
      List<String> members = surroundings.members(group);
      for (int i = 0; i < members.size(); i++) {
        String member = members.get(Math.floorMod(turn++, members.size()));
        if (!member.equals(self) && transport.isConnected(member)) {
          hint = member; // until an answer says better: what was sent to it must not wander on
          return member;
        }
      }
      return null;
    }

    private void unanswered(String nodeId) {
      if (nodeId.equals(hint)) {
        hint = null;
      }
    }

    @Override
    public void send(String leader, ProposedBatch batch, ShardClient.Answer answer) {
      attach();
      if (leader.equals(self)) {
        Replica replica = surroundings.replica(group);
        ShardApplier applier = appliers.get(group);
        if (replica == null || applier == null) {
          answer.answered(BatchOutcome.NOT_LEADER, null, "");
        } else {
          proposeHere(replica, applier, batch, answer);
        }
        return;
      }
      byte[] request =
          ByteBuffer.allocate(ADDRESS_BYTES + batch.payload().length)
              .putLong(group.getMostSignificantBits())
              .putLong(group.getLeastSignificantBits())
              .putLong(batch.proposer())
              .putLong(batch.sequence())
              .put(batch.payload())
              .array();
      transport
          .call(leader, PeerTransport.Kind.PROPOSE, request)
          .whenComplete(
              Completion.loggingFaults(
                  "a proposal",
                  (bytes, failure) -> {
                    if (failure != null) {
                      hint = null;
                      answer.answered(BatchOutcome.UNKNOWN, null, "");
                      return;
                    }
                    try {
                      take(leader, bytes, answer);
                    } catch (RuntimeException malformed) {
                      LOG.error("answer of peer={} not understood", leader, malformed);
                      answer.answered(BatchOutcome.UNKNOWN, null, "");
                    }
                  }));
    }

    private void take(String from, byte[] bytes, ShardClient.Answer answer) {
      BatchOutcome outcome = BatchOutcome.of(bytes[0]);
      byte[] more = Arrays.copyOfRange(bytes, 1, bytes.length);
      if (outcome == BatchOutcome.APPLIED) {
        hint = from;
        ShardApplier applier = appliers.get(group);
        Object[] results =
            applier == null ? resultDecoder.apply(more) : applier.applier().decode(more);
        answer.answered(outcome, results, "");
        return;
      }
      String detail = new String(more, StandardCharsets.UTF_8);
      if (outcome == BatchOutcome.NOT_LEADER) {
        hint = detail.isEmpty() ? null : detail;
      }
      answer.answered(outcome, null, detail);
    }

    @Override
    public void listen(long proposer, ApplyListener listener) {
      listeners.put(proposer, listener);
      ShardApplier applier = listensTo;
      if (applier != null) {
        applier.listen(proposer, listener);
      }
    }

    @Override
    public void forget(long proposer, ApplyListener listener) {
      listeners.remove(proposer, listener);
      ShardApplier applier = listensTo;
      if (applier != null) {
        applier.forget(proposer, listener);
      }
    }

    /** A replica may come to this node after its first write to the group. */
    private void attach() {
      if (listensTo == null && appliers.get(group) != null) {
        synchronized (this) {
          ShardApplier applier = appliers.get(group);
          if (listensTo == null && applier != null) {
            listensTo = applier;
            listeners.forEach(applier::listen);
          }
        }
      }
    }

    /** The replica is gone; another one may come later. */
    private synchronized void detach() {
      listensTo = null;
    }
  }
}
