package io.raftkv.shard;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Clients of one shard against a simulated cluster, under one thread and a seeded order of events:
 * leaders change and take part of their entries with them, links break with requests and answers
 * under way, leaders are read-only or full, deposed leaders go on for a while.
 */
class ShardClientSimTest {
  private static final int SEEDS = 4_000;
  private static final int STEPS = 300;
  private static final int NODES = 3;
  private static final long TIMEOUT = 200;
  private static final long RETRY = 5;

  @Test
  void everyProposalIsAppliedAtMostOnceAndAnsweredTruthfully() {
    int succeeded = 0;
    int failed = 0;
    for (long seed = 1; seed <= SEEDS; seed++) {
      World world = new World(seed);
      world.run();
      succeeded += world.count(null);
      failed += world.total() - world.count(null);
    }
    // The schedule has to be rough, and yet let most things pass.
    assertThat(succeeded).isGreaterThan(failed);
    assertThat(failed).isGreaterThan(SEEDS);
  }

  /** One batch in a log. */
  private record Entry(ProposedBatch batch, ShardClient.Answer answer) {}

  /** What applying the log gives; every node does it at its own pace. */
  private static final class Machine {
    private final Map<Long, Long> last = new HashMap<>();
    private final Map<Long, Object[]> results = new HashMap<>(); // of each proposer's last batch
    private final List<Long> journal = new ArrayList<>();

    BatchOutcome apply(ProposedBatch batch) {
      long before = last.getOrDefault(batch.proposer(), 0L);
      if (batch.sequence() <= before) {
        return batch.sequence() == before ? BatchOutcome.APPLIED : BatchOutcome.REPEATED;
      }
      if (batch.sequence() != before + 1) {
        return BatchOutcome.OUT_OF_ORDER;
      }
      last.put(batch.proposer(), batch.sequence());
      List<Object> positions = new ArrayList<>();
      for (long id : idsOf(batch)) {
        journal.add(id);
        positions.add((long) journal.size());
      }
      results.put(batch.proposer(), positions.toArray());
      return BatchOutcome.APPLIED;
    }
  }

  private static List<Long> idsOf(ProposedBatch batch) {
    List<Long> ids = new ArrayList<>();
    ByteBuffer payload = ByteBuffer.wrap(batch.payload());
    while (payload.hasRemaining()) {
      ids.add(payload.getLong());
    }
    return ids;
  }

  private static final class Node {
    private final Machine machine = new Machine();
    private final Map<String, ShardClient.Answer> waiting = new HashMap<>();
    private final Map<Long, ApplyListener> listeners = new HashMap<>();
    private final List<Entry> uncommitted = new ArrayList<>();
    private int applied;
    private boolean leads;
    private Admission admission = Admission.EVERYTHING;
  }

  /** A call over a link; it is answered once, by the node or by the break of the link. */
  private static final class Call implements ShardClient.Answer {
    private final ProposedBatch batch;
    private final ShardClient.Answer caller;
    private final ArrayDeque<Runnable> answers;
    private boolean over;

    private Call(ProposedBatch batch, ShardClient.Answer caller, ArrayDeque<Runnable> answers) {
      this.batch = batch;
      this.caller = caller;
      this.answers = answers;
    }

    @Override
    public void answered(BatchOutcome outcome, Object[] results, String detail) {
      answers.add(() -> end(outcome, results, detail));
    }

    private void end(BatchOutcome outcome, Object[] results, String detail) {
      if (!over) {
        over = true;
        caller.answered(outcome, results, detail);
      }
    }
  }

  private static final class Link {
    private final ArrayDeque<Call> requests = new ArrayDeque<>();
    private final List<Call> calls = new ArrayList<>();
    private final ArrayDeque<Runnable> answers = new ArrayDeque<>();
  }

  /** A client on a node of its own, or on the node of a replica. */
  private static final class Client implements ShardClient.Sender, ProposalOutcomes<TestProposal> {
    private final World world;
    private final Node home;
    private final Link[] links = new Link[NODES];
    private final Map<Long, Object> outcomes = new TreeMap<>();
    private final ShardClient<TestProposal> client;
    private Integer leader;

    private Client(World world, Node home) {
      this.world = world;
      this.home = home;
      for (int i = 0; i < NODES; i++) {
        links[i] = new Link();
      }
      this.client =
          new ShardClient<>(
              "s",
              this,
              this,
              new ShardClient.Limits(3, 3 * Long.BYTES, 3, TIMEOUT, RETRY),
              (proposals, bytes) -> {},
              Runnable::run,
              () -> world.now);
    }

    @Override
    public String leader() {
      return leader == null ? null : leader.toString();
    }

    @Override
    public void send(String to, ProposedBatch batch, ShardClient.Answer answer) {
      Link link = links[Integer.parseInt(to)];
      Call call = new Call(batch, answer, link.answers);
      link.calls.add(call);
      link.requests.add(call);
    }

    @Override
    public void listen(long proposer, ApplyListener listener) {
      if (home != null) {
        home.listeners.put(proposer, listener);
      }
    }

    @Override
    public void forget(long proposer, ApplyListener listener) {
      if (home != null) {
        home.listeners.remove(proposer, listener);
      }
    }

    @Override
    public void succeeded(List<TestProposal> proposals, Object[] results) {
      for (int i = 0; i < results.length; i++) {
        outcome(proposals.get(i), results[i]);
      }
    }

    @Override
    public void failed(List<TestProposal> proposals, ProposalFailure failure, String detail) {
      proposals.forEach(proposal -> outcome(proposal, failure));
    }

    private void outcome(TestProposal proposal, Object outcome) {
      assertThat(outcomes.put(proposal.id(), outcome)).as("%s told twice", proposal).isNull();
    }

    private void breakLink(int node, boolean requestsArrive) {
      Link link = links[node];
      links[node] = new Link();
      if (requestsArrive) {
        link.requests.forEach(call -> world.arrive(world.nodes[node], call));
      }
      List.copyOf(link.calls).forEach(call -> call.end(BatchOutcome.UNKNOWN, null, ""));
    }
  }

  private static final class World {
    private final long seed;
    private final Random random;
    private final Node[] nodes = new Node[NODES];
    private final List<Client> clients = new ArrayList<>();
    private final List<ProposedBatch> log = new ArrayList<>();
    private final Machine truth = new Machine();
    private long now = 1;
    private long lastId;
    private int leader;

    private World(long seed) {
      this.seed = seed;
      this.random = new Random(seed);
      for (int i = 0; i < NODES; i++) {
        nodes[i] = new Node();
      }
      nodes[0].leads = true;
      clients.add(new Client(this, nodes[0]));
      clients.add(new Client(this, null));
    }

    private void run() {
      try {
        for (int i = 0; i < STEPS; i++) {
          step();
        }
        heal();
        check();
      } catch (RuntimeException | AssertionError e) {
        throw new AssertionError("seed " + seed, e);
      }
    }

    private void step() {
      Client client = clients.get(random.nextInt(clients.size()));
      int to = random.nextInt(NODES);
      switch (random.nextInt(28)) {
        case 0, 1, 2 -> submit(client);
        case 3, 4, 5, 6, 7, 8 -> deliverRequest(client, random.nextBoolean() ? leader : to);
        case 9, 10, 11, 12 -> deliverAnswer(client, random.nextBoolean() ? leader : to);
        case 13, 14, 15, 16 -> commit();
        case 17, 18, 19, 20, 21 -> applyNext(nodes[to]);
        case 22, 23 -> client.leader = random.nextInt(6) == 0 ? null : (Integer) leader;
        case 24 -> {
          if (random.nextInt(4) == 0) {
            elect(to);
          } else {
            deposedLearns(nodes[to]);
          }
        }
        case 25 -> {
          if (random.nextInt(3) == 0) {
            client.breakLink(to, random.nextBoolean());
          }
        }
        case 26 -> {
          if (random.nextInt(5) == 0) {
            nodes[to].admission = Admission.values()[random.nextInt(3)];
          }
        }
        default -> pass(random.nextInt((int) (2 * RETRY)));
      }
    }

    private void submit(Client client) {
      List<TestProposal> proposals = new ArrayList<>();
      for (int i = random.nextInt(3); i >= 0; i--) {
        proposals.add(new TestProposal(++lastId * clients.size() + clients.indexOf(client)));
      }
      client.client.submit(proposals);
    }

    private void pass(long nanos) {
      now += nanos;
      clients.forEach(client -> client.client.tick());
    }

    private void deliverRequest(Client client, int node) {
      Call call = client.links[node].requests.poll();
      if (call != null) {
        arrive(nodes[node], call);
      }
    }

    private void arrive(Node node, Call call) {
      ShardClient.Answer replaced = node.waiting.put(key(call.batch), call);
      if (replaced != null) {
        replaced.answered(BatchOutcome.UNKNOWN, null, "");
      }
      if (!node.leads) {
        answer(node, call, BatchOutcome.NOT_LEADER);
      } else if (node.admission == Admission.NOTHING) {
        answer(node, call, BatchOutcome.READ_ONLY);
      } else if (node.admission == Admission.NO_GROWTH
          && idsOf(call.batch).stream().anyMatch(TestProposal::grows)) {
        answer(node, call, BatchOutcome.NO_GROWTH);
      } else if (random.nextInt(20) == 0) {
        answer(node, call, BatchOutcome.REFUSED);
      } else {
        node.uncommitted.add(new Entry(call.batch, call));
      }
    }

    private void answer(Node node, Call call, BatchOutcome outcome) {
      node.waiting.remove(key(call.batch), call);
      call.answered(outcome, null, "");
    }

    private void deliverAnswer(Client client, int node) {
      Runnable answer = client.links[node].answers.poll();
      if (answer != null) {
        answer.run();
      }
    }

    private void commit() {
      List<Entry> uncommitted = nodes[leader].uncommitted;
      if (!uncommitted.isEmpty()) {
        ProposedBatch batch = uncommitted.remove(0).batch;
        log.add(batch);
        truth.apply(batch);
      }
    }

    private void applyNext(Node node) {
      if (node.applied == log.size()) {
        return;
      }
      ProposedBatch batch = log.get(node.applied++);
      BatchOutcome outcome = node.machine.apply(batch);
      Object[] results =
          outcome == BatchOutcome.APPLIED ? node.machine.results.get(batch.proposer()) : null;
      ApplyListener listener = node.listeners.get(batch.proposer());
      if (listener != null) {
        listener.applied(batch.sequence(), outcome, results);
      }
      ShardClient.Answer waiting = node.waiting.remove(key(batch));
      if (waiting != null) {
        waiting.answered(outcome, results, "");
      }
    }

    /** The new leader has some of the entries of the old one, which does not know of it yet. */
    private void elect(int next) {
      if (next == leader) {
        return;
      }
      List<Entry> old = nodes[leader].uncommitted;
      deposedLearns(nodes[next]);
      nodes[next].uncommitted.clear();
      nodes[next].uncommitted.addAll(old.subList(0, random.nextInt(old.size() + 1)));
      nodes[next].leads = true;
      leader = next;
    }

    private void deposedLearns(Node node) {
      if (node.leads && node != nodes[leader]) {
        node.leads = false;
        for (Entry lost : node.uncommitted) {
          if (node.waiting.remove(key(lost.batch), lost.answer)) {
            lost.answer.answered(BatchOutcome.UNKNOWN, null, "");
          }
        }
        node.uncommitted.clear();
      }
    }

    /** From now on nothing goes wrong: everything is answered, and new proposals get through. */
    private void heal() {
      for (Node node : nodes) {
        node.admission = Admission.EVERYTHING;
        deposedLearns(node);
      }
      for (Client client : clients) {
        client.leader = leader;
      }
      settle();
      pass(ShardClient.NO_GROWTH_NANOS);
      Map<Client, Long> probes = new HashMap<>();
      for (Client client : clients) {
        submit(client);
        probes.put(client, lastId * clients.size() + clients.indexOf(client));
      }
      settle();
      probes.forEach(
          (client, id) ->
              assertThat(client.outcomes.get(id)).as("after healing").isInstanceOf(Long.class));
    }

    private void settle() {
      for (int round = 0; round < 3 * TIMEOUT / RETRY; round++) {
        pass(RETRY);
        for (int node = 0; node < NODES; node++) {
          for (Client client : clients) {
            while (!client.links[node].requests.isEmpty()) {
              deliverRequest(client, node);
            }
          }
          while (!nodes[leader].uncommitted.isEmpty()) {
            commit();
          }
          while (nodes[node].applied < log.size()) {
            applyNext(nodes[node]);
          }
          for (Client client : clients) {
            while (!client.links[node].answers.isEmpty()) {
              deliverAnswer(client, node);
            }
          }
        }
      }
    }

    private void check() {
      assertThat(total()).as("all are answered").isEqualTo(lastId);
      assertThat(truth.journal).as("at most once").doesNotHaveDuplicates();
      for (Client client : clients) {
        long before = 0;
        for (long id : truth.journal) {
          if (client.outcomes.get(id) instanceof Long position) {
            assertThat(truth.journal.get((int) (position - 1))).as("result").isEqualTo(id);
            assertThat(id).as("order").isGreaterThan(before);
            before = id;
          }
        }
        client.outcomes.forEach(
            (id, outcome) -> {
              if (outcome instanceof Long) {
                assertThat(truth.journal).contains(id);
              } else if (outcome != ProposalFailure.UNCERTAIN) {
                assertThat(truth.journal).as("%s %s", id, outcome).doesNotContain(id);
              }
            });
        for (Node node : nodes) {
          assertThat(node.listeners).hasSizeLessThanOrEqualTo(1);
        }
      }
    }

    private int total() {
      return clients.stream().mapToInt(client -> client.outcomes.size()).sum();
    }

    /** Answers of a kind; null stands for success. */
    private int count(ProposalFailure kind) {
      return (int)
          clients.stream()
              .map(client -> client.outcomes.values())
              .flatMap(Collection::stream)
              .filter(outcome -> kind == null ? outcome instanceof Long : outcome == kind)
              .count();
    }
  }

  private static String key(ProposedBatch batch) {
    return batch.proposer() + "/" + batch.sequence();
  }
}
