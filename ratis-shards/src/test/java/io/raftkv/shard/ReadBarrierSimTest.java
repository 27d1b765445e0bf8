package io.raftkv.shard;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.raft.LeaderView;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * Read barriers on the nodes of a small model of Raft, under one thread and a seeded order of
 * events: elections, leaders that do not know that they are deposed, changes of the voters, and
 * questions and answers that are slow or lost.
 */
class ReadBarrierSimTest {
  private static final int SEEDS = 3_000;
  private static final int STEPS = 400;
  private static final int NODES = 5;
  private static final UUID GROUP = new UUID(0, 1);
  private static final long RETRY = 20;
  private static final long DEADLINE = 150;

  @Test
  void everyConfirmedIndexCoversWhatWasAcknowledgedBeforeTheReadBegan() {
    int confirmed = 0;
    int overtaken = 0;
    for (long seed = 1; seed <= SEEDS; seed++) {
      World world = new World(seed, false);
      world.run();
      assertThat(world.stale).as("stale reads with seed %d", seed).isZero();
      confirmed += world.confirmed;
      overtaken += world.deposedLeaders;
    }
    // The schedule has to be one in which a careless barrier would fail.
    assertThat(confirmed).isGreaterThan(SEEDS * 2);
    assertThat(overtaken).isGreaterThan(SEEDS);
  }

  @Test
  void aBarrierThatJoinsRoundsWhichWereSentBeforeIsCaught() {
    int stale = 0;
    for (long seed = 1; seed <= SEEDS && stale == 0; seed++) {
      World world = new World(seed, true);
      world.run();
      stale += world.stale;
    }
    assertThat(stale).isPositive();
  }

  /** Voters, and the old ones while a change is under way. */
  private record Conf(List<Integer> voters, List<Integer> old) {
    boolean isMajority(List<Integer> nodes) {
      return isMajority(voters, nodes) && (old.isEmpty() || isMajority(old, nodes));
    }

    private static boolean isMajority(List<Integer> of, List<Integer> nodes) {
      return of.stream().filter(nodes::contains).count() * 2 > of.size();
    }
  }

  /** An entry; {@code conf} is null unless it changes the voters. */
  private record Entry(long term, Conf conf) {}

  private static final class Node implements ReadBarrier.Source {
    private final World world;
    private final int id;
    private final List<Entry> log = new ArrayList<>();
    private final int[] match = new int[NODES];
    private long term;
    private boolean leads;
    private int commit;

    private Node(World world, int id) {
      this.world = world;
      this.id = id;
    }

    private Conf conf() {
      for (int i = log.size() - 1; i >= 0; i--) {
        if (log.get(i).conf != null) {
          return log.get(i).conf;
        }
      }
      return new Conf(List.of(0, 1, 2), List.of());
    }

    private boolean ready() {
      return leads && commit > 0 && log.get(commit - 1).term == term;
    }

    private void see(long other) {
      if (other > term) {
        if (leads) {
          world.deposedLeaders++;
        }
        term = other;
        leads = false;
      }
    }

    private void append(Conf conf) {
      log.add(new Entry(term, conf));
      match[id] = log.size();
      advance();
    }

    /** What is acknowledged is acknowledged by a leader, at once when it commits. */
    private void advance() {
      for (int n = log.size(); n > commit && log.get(n - 1).term == term; n--) {
        int index = n;
        List<Integer> have =
            IntStream.range(0, NODES).filter(node -> match[node] >= index).boxed().toList();
        if (conf().isMajority(have)) {
          commit = n;
          world.acknowledged = Math.max(world.acknowledged, commit);
          return;
        }
      }
    }

    @Override
    public LeaderView view() {
      Conf conf = conf();
      return new LeaderView(term, ready(), commit, names(conf.voters), names(conf.old));
    }

    private static List<String> names(List<Integer> nodes) {
      return nodes.stream().map(String::valueOf).toList();
    }

    @Override
    public List<String> voters() {
      List<Integer> all = new ArrayList<>(conf().voters);
      all.addAll(conf().old);
      return names(all.stream().distinct().toList());
    }

    @Override
    public String leader() {
      return null; // it may not have heard of one
    }

    @Override
    public long appliedIndex() {
      return Long.MAX_VALUE;
    }

    @Override
    public void nudge(String follower) {}
  }

  private record Question(int to, byte[] request, CompletableFuture<byte[]> answer) {}

  private record Answer(byte[] answer, CompletableFuture<byte[]> future) {}

  private static final class World {
    private final Random random;
    private final boolean joins;
    private final List<Node> nodes = new ArrayList<>();
    private final List<ReadBarrier> barriers = new ArrayList<>();
    private final List<Question> questions = new ArrayList<>();
    private final List<Answer> answers = new ArrayList<>();

    /** For the broken barrier: readers that joined the one under way, by node. */
    private final List<List<Read>> joined = new ArrayList<>();

    private long now;
    private int acknowledged;
    private int confirmed;
    private int stale;
    private int deposedLeaders;

    private World(long seed, boolean joins) {
      this.random = new Random(seed);
      this.joins = joins;
      for (int i = 0; i < NODES; i++) {
        Node node = new Node(this, i);
        nodes.add(node);
        joined.add(null);
        barriers.add(
            new ReadBarrier(
                String.valueOf(i), group -> node, new Wire(this), RETRY, Runnable::run, () -> now));
      }
    }

    private void run() {
      elect(nodes.get(0));
      for (int step = 0; step < STEPS; step++) {
        Node node = nodes.get(random.nextInt(NODES));
        switch (random.nextInt(20)) {
          case 0 -> {
            if (random.nextInt(2) == 0) {
              elect(node);
            }
          }
          case 1, 2 -> leaders().forEach(leader -> leader.append(null));
          case 3 -> reconfigure();
          case 4, 5, 6, 7, 8 -> replicate(node);
          case 9, 10, 11 -> read(node.id);
          case 12, 13, 14 -> deliverQuestion();
          case 15, 16, 17 -> deliverAnswer();
          default -> {
            now += random.nextInt((int) RETRY);
            barriers.forEach(ReadBarrier::tick);
          }
        }
      }
    }

    private List<Node> leaders() {
      return nodes.stream().filter(node -> node.leads).toList();
    }

    private void elect(Node candidate) {
      Conf conf = candidate.conf();
      if (!conf.voters.contains(candidate.id) && !conf.old.contains(candidate.id)) {
        return;
      }
      candidate.see(candidate.term + 1);
      List<Integer> votes = new ArrayList<>(List.of(candidate.id));
      for (Node voter : nodes) {
        if (voter != candidate && random.nextInt(4) > 0 && voter.term < candidate.term) {
          voter.see(candidate.term);
          if (!isNewer(voter.log, candidate.log)) {
            votes.add(voter.id);
          }
        }
      }
      if (conf.isMajority(votes)) {
        candidate.leads = true;
        java.util.Arrays.fill(candidate.match, 0);
        candidate.append(null);
      }
    }

    private boolean isNewer(List<Entry> log, List<Entry> than) {
      long last = log.isEmpty() ? 0 : log.get(log.size() - 1).term;
      long other = than.isEmpty() ? 0 : than.get(than.size() - 1).term;
      return last != other ? last > other : log.size() > than.size();
    }

    private void replicate(Node to) {
      List<Node> leaders = leaders();
      if (leaders.isEmpty()) {
        return;
      }
      Node leader = leaders.get(random.nextInt(leaders.size()));
      if (leader == to) {
        return;
      }
      if (to.term > leader.term) {
        leader.see(to.term);
        return;
      }
      to.see(leader.term);
      to.log.clear();
      to.log.addAll(leader.log);
      leader.match[to.id] = leader.log.size();
      leader.advance();
      to.commit = Math.max(to.commit, leader.commit);
    }

    /**
     * One change at a time: to a joint configuration, and when that is committed to the new one.
     */
    private void reconfigure() {
      for (Node leader : leaders()) {
        int last = leader.log.size();
        while (last > 0 && leader.log.get(last - 1).conf == null) {
          last--;
        }
        if (last > leader.commit || !leader.ready()) {
          continue;
        }
        Conf conf = leader.conf();
        if (!conf.old.isEmpty()) {
          leader.append(new Conf(conf.voters, List.of()));
        } else {
          List<Integer> others = new ArrayList<>(IntStream.range(0, NODES).boxed().toList());
          Collections.shuffle(others, random);
          leader.append(new Conf(List.copyOf(others.subList(0, 3)), conf.voters));
        }
      }
    }

    private void read(int node) {
      Read read = new Read(this, node);
      if (joins && joined.get(node) != null) {
        joined.get(node).add(read);
        return;
      }
      joined.set(node, new ArrayList<>());
      barriers.get(node).confirm(GROUP, now + DEADLINE, read);
    }

    private void deliverQuestion() {
      if (questions.isEmpty()) {
        return;
      }
      Question question = questions.remove(random.nextInt(questions.size()));
      if (random.nextInt(8) > 0) {
        byte[] answer = barriers.get(question.to).answer(question.request);
        answers.add(new Answer(answer, question.answer));
      }
    }

    private void deliverAnswer() {
      if (answers.isEmpty()) {
        return;
      }
      Answer answer = answers.remove(random.nextInt(answers.size()));
      switch (random.nextInt(8)) {
        case 0 -> {} // lost
        case 1 -> answer.future.completeExceptionally(new IllegalStateException("link broke"));
        default -> answer.future.complete(answer.answer);
      }
    }
  }

  private record Wire(World world) implements PeerTransport {
    @Override
    public CompletableFuture<byte[]> call(String nodeId, Kind kind, byte[] request) {
      CompletableFuture<byte[]> answer = new CompletableFuture<>();
      world.questions.add(new Question(Integer.parseInt(nodeId), request, answer));
      return answer;
    }

    @Override
    public boolean isConnected(String nodeId) {
      return true;
    }
  }

  private static final class Read implements ReadBarrier.Waiter {
    private final World world;
    private final int node;
    private final int acknowledgedBefore;

    private Read(World world, int node) {
      this.world = world;
      this.node = node;
      this.acknowledgedBefore = world.acknowledged;
    }

    @Override
    public void confirmed(long commitIndex) {
      world.confirmed++;
      if (commitIndex < acknowledgedBefore) {
        world.stale++;
      }
      if (world.joins) {
        List<Read> others = world.joined.set(node, null);
        if (others != null) {
          others.forEach(read -> read.confirmed(commitIndex));
        }
      }
    }

    @Override
    public void failed() {
      if (world.joins) {
        world.joined.set(node, null);
      }
    }
  }
}
