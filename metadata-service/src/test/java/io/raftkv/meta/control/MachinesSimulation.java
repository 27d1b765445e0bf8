package io.raftkv.meta.control;

import io.raftkv.meta.ClusterState;
import io.raftkv.meta.DerivedIds;
import io.raftkv.meta.JobInfo;
import io.raftkv.meta.MetaApplier;
import io.raftkv.meta.MetaCommand;
import io.raftkv.meta.NodeInfo;
import io.raftkv.meta.NodeSpec;
import io.raftkv.meta.NodeState;
import io.raftkv.meta.Samples;
import io.raftkv.meta.job.ClusterFacts;
import io.raftkv.meta.job.JobAction;
import io.raftkv.meta.job.JobPlans;
import io.raftkv.meta.job.JobRefusedException;
import io.raftkv.meta.job.JobRunner;
import io.raftkv.meta.job.Members;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * The metadata group on a model of Raft as Ratis has it: joint configurations that a new leader
 * does not go through, new voters that are sent what they lack before they count, listeners that
 * stay listeners. Its machines crash, lose their disks, are drained, removed and replaced; leaders
 * are replaced in the middle of a change, and requests come twice and long after. A founder without
 * a disk, removed or not, asks what has become of it; one that votes does not lose its disk, which
 * nobody may do to it while others are down.
 *
 * <p>Checked all the time: what was committed stays, a term has one leader, and a voter has a vote.
 */
final class MachinesSimulation {
  /** A fault of the protocol that must be found. */
  enum Mutant {
    NONE,
    /** A listener is made a voter as it is. */
    PROMOTES_LISTENERS,
    /** A replica is begun anew whenever that is asked for. */
    FORGETS_AT_ANY_REQUEST,
    /** One that was begun anew starts again with the part of the log that it has. */
    STARTS_WITH_A_PART,
    /** One that was begun anew becomes a listener when its log says that it was one. */
    SETTLES_THE_PAST,
    /** A node that has lost its data comes back as the voter that it was. */
    TAKES_BACK_EMPTY_VOTERS,
    /** A vote is taken though only the processes of those left answer, not their replicas. */
    HEARS_PROCESSES,
  }

  private static final int FAULTY_TICKS = 900;
  private static final int QUIET_TICKS = 700;
  private static final int CATCH_UP_GAP = 3;
  private static final int MAX_SENT = 20;
  private static final int LOST_TICKS = 12;
  private static final int PAUSE_TICKS = 40;

  /** In so long others may have got all votes. */
  private static final int LONG_TICKS = 200;

  private static final String BYSTANDER = "n4";
  private static final Set<String> FOUNDERS = Set.of("n1", "n2", "n3", BYSTANDER);

  private record Conf(Set<String> voters, Set<String> old, Set<String> listeners) {
    Conf { // in one order, so that a seed repeats a run
      voters = new TreeSet<>(voters);
      old = new TreeSet<>(old);
      listeners = new TreeSet<>(listeners);
    }

    boolean has(String id) {
      return voters.contains(id) || old.contains(id) || listeners.contains(id);
    }

    boolean isMajority(Set<String> some) {
      return isMajority(voters, some) && (old.isEmpty() || isMajority(old, some));
    }

    private static boolean isMajority(Set<String> of, Set<String> some) {
      return 2 * of.stream().filter(some::contains).count() > of.size();
    }
  }

  /** A configuration, a command, the first state, or nothing but its number. */
  private record Entry(long term, long number, Conf conf, MetaCommand command) {
    /** Whether it is this one and no other: numbers are drawn once. */
    boolean is(Entry other) {
      return number == other.number && term == other.term;
    }
  }

  private enum Role {
    /** Takes entries, and has no vote. */
    INITIALIZING,
    LISTENER,
    FOLLOWER,
    LEADER
  }

  private final class Machine {
    private final String id;

    // on its disk
    private List<Entry> log = new ArrayList<>();
    private long term;
    private String votedFor = "";
    private long leftAt = -1;

    private ClusterState state = ClusterState.EMPTY;
    private int applied;
    private boolean arrived;
    private boolean empty;
    private boolean removed;

    // in its process
    private boolean up;

    /** Its replica has failed, and its process answers. */
    private boolean failed;

    private int silentTicks;
    private int restTicks;
    private Role role = Role.INITIALIZING;
    private int commit;
    private final Map<String, Integer> match = new TreeMap<>();
    private String staging = "";
    private Conf staged;

    private Machine(String id) {
      this.id = id;
    }

    private int confIndex() {
      for (int i = log.size() - 1; i >= 0; i--) {
        if (log.get(i).conf() != null) {
          return i;
        }
      }
      return -1;
    }

    private Conf conf() {
      int index = confIndex();
      return index < 0 ? new Conf(Set.of(), Set.of(), Set.of()) : log.get(index).conf();
    }

    private void beginAnew(long newTerm, long newLeftAt) {
      log = new ArrayList<>();
      term = newTerm;
      votedFor = "";
      leftAt = newLeftAt;
      state = ClusterState.EMPTY;
      applied = 0;
      startRole();
    }

    private void start() {
      if (!arrived) {
        beginAnew(term, leftAt); // as it asks to be admitted again
      }
      up = true;
      failed = false;
      boolean past = conf().has(id) && confIndex() < leftAt;
      if (past && mutant != Mutant.STARTS_WITH_A_PART) {
        beginAnew(term, leftAt);
      }
      startRole();
    }

    private void startRole() {
      role =
          conf().voters().contains(id)
              ? Role.FOLLOWER
              : conf().listeners().contains(id) ? Role.LISTENER : Role.INITIALIZING;
      commit = applied;
      staging = "";
      match.clear();
    }

    private void applyCommitted() {
      for (; applied < Math.min(commit, log.size()); applied++) {
        MetaCommand command = log.get(applied).command();
        if (log.get(applied).number() == FIRST) {
          state = first;
        } else if (command != null) {
          state = MetaApplier.apply(state, command, Samples.TIME).state();
        }
      }
      NodeInfo known = state.nodes().get(id);
      arrived |= known != null && known.memberSince() == since.getOrDefault(id, 0L);
    }

    private boolean settled() {
      return staging.isEmpty() && conf().old().isEmpty() && confIndex() < commit;
    }
  }

  private static final long FIRST = -1;

  private final Random random;
  private final long seed;
  private final Mutant mutant;
  private final ClusterState first;
  private final Map<String, Machine> machines = new TreeMap<>();

  /** When the machine of an id was admitted the last time. */
  private final Map<String, Long> since = new HashMap<>();

  private final List<Entry> committed = new ArrayList<>();
  private final Map<Long, String> leaders = new HashMap<>();
  private final Deque<Late> late = new ArrayDeque<>();

  /** Notes that were made since anything else has happened. */
  private final Set<MetaCommand> noted = new HashSet<>();

  private String whenNoted = "";

  /** For how many ticks a change of a node is left alone. */
  private final Map<String, Integer> pauses = new HashMap<>();

  private boolean faulty = true;
  private long numbers;
  private int replaced;

  /** A request to begin anew that comes after its time. */
  private record Late(String node, long term, long leftAt) {}

  MachinesSimulation(long seed, Mutant mutant) {
    this.seed = seed;
    this.random = new Random(seed);
    this.mutant = mutant;
    ClusterState cluster = Samples.online(Samples.cluster(4, 1, 1));
    first = Samples.withReplicaOn(cluster, cluster.shards().get("s1"), BYSTANDER);
    Conf conf = new Conf(Set.of("n1", "n2", "n3"), Set.of(), Set.of(BYSTANDER));
    committed.add(new Entry(1, 0, conf, null));
    committed.add(new Entry(1, FIRST, null, null));
    for (int i = 1; i <= 9; i++) {
      Machine machine = new Machine("n" + i);
      machines.put(machine.id, machine);
      if (FOUNDERS.contains(machine.id)) {
        machine.log.addAll(committed);
        machine.term = 1;
        machine.commit = 2;
        machine.arrived = true;
        machine.applyCommitted();
        machine.start();
      }
    }
  }

  /** How many nodes were removed. */
  int run() {
    for (int i = 0; i < FAULTY_TICKS; i++) {
      tick();
    }
    faulty = false;
    late.clear();
    for (int i = 0; i < QUIET_TICKS; i++) {
      tick();
    }
    Machine leader = leader().orElseThrow(() -> wrong("there is no leader"));
    for (JobInfo job : leader.state.jobs().values()) {
      check(
          job.state().isFinal() || isStuck(leader, job),
          "%s has not ended, next is %s".formatted(job, next(leader)));
    }
    check(
        next(leader).isEmpty(),
        "it is not done: " + leader.conf() + " " + leader.state.nodes().values());
    for (Machine machine : machines.values()) {
      check(
          !machine.up || !leader.state.hasRemoved(machine.id, since.getOrDefault(machine.id, 0L)),
          machine.id + " was removed and goes on");
    }
    check(
        Set.copyOf(leader.state.metadataVoters()).equals(leader.conf().voters()),
        "other voters are noted");
    return replaced;
  }

  /** One that was never removed for who should take its vote was not there. */
  private boolean isStuck(Machine leader, JobInfo job) {
    return JobRunner.next(leader.state, job, facts(leader)) instanceof JobAction.Await await
        && await.reason().startsWith("no node can take");
  }

  private Optional<Machine> leader() {
    return machines.values().stream()
        .filter(machine -> machine.up && machine.role == Role.LEADER)
        .max((a, b) -> Long.compare(a.term, b.term));
  }

  private boolean isUp(String id) {
    return machines.containsKey(id) && machines.get(id).up;
  }

  /** Other mutants are found sooner where no replica fails in a process that goes on. */
  private boolean isUnchanged() {
    return mutant == Mutant.NONE;
  }

  private boolean isAnswering(String id) {
    return machines.containsKey(id) && (machines.get(id).up || machines.get(id).failed);
  }

  private Optional<MetadataPlan.Step> next(Machine leader) {
    Set<String> replicas =
        machines.keySet().stream()
            .filter(mutant == Mutant.HEARS_PROCESSES ? this::isAnswering : this::isUp)
            .collect(Collectors.toSet());
    return MetadataPlan.next(
        leader.state,
        members(leader),
        MetadataPlan.heard(members(leader), replicas, this::isAnswering),
        (id, kind) -> !pauses.containsKey(id + kind));
  }

  private void check(boolean holds, String what) {
    if (!holds) {
      throw wrong(what);
    }
  }

  private AssertionError wrong(String what) {
    StringBuilder text = new StringBuilder("seed " + seed + ": " + what);
    for (Machine machine : machines.values()) {
      text.append(
          "; %s up=%s %s term=%d log=%d conf=%d %s left-at=%d applied=%d arrived=%s staging=%s"
              .formatted(
                  machine.id,
                  machine.up,
                  machine.role,
                  machine.term,
                  machine.log.size(),
                  machine.confIndex(),
                  machine.conf(),
                  machine.leftAt,
                  machine.applied,
                  machine.arrived,
                  machine.staging));
    }
    return new AssertionError(text.toString());
  }

  private boolean chance(int oneOf) {
    return random.nextInt(oneOf) == 0;
  }

  private <T> T any(Collection<T> some) {
    return some.stream().skip(random.nextInt(some.size())).findFirst().orElseThrow();
  }

  // ---- what happens ----

  private void tick() {
    if (faulty) {
      crash();
    } else {
      machines.values().stream().filter(this::mayStart).forEach(Machine::start);
    }
    Machine candidate = any(machines.values());
    if (leader().isEmpty() || (faulty && chance(25))) {
      elect(candidate);
    }
    for (Machine machine : machines.values()) {
      machine.silentTicks = machine.up || machine.failed ? 0 : machine.silentTicks + 1;
      if (machine.up && machine.role == Role.LEADER) {
        lead(machine);
      }
      if (machine.up && chance(2)) {
        settle(machine);
      }
    }
    if (!late.isEmpty() && chance(4)) {
      Late request = late.removeFirst();
      if (isUp(request.node())) {
        beginAnew(machines.get(request.node()), request.term(), request.leftAt());
      }
    }
    pauses.replaceAll((change, ticks) -> ticks - 1);
    pauses.values().removeIf(ticks -> ticks == 0);
    leader().ifPresent(this::forgetNotes);
    leader().ifPresent(this::operate);
    machines.values().forEach(this::joinAgain);
  }

  /** One is down at a time, or two now and then. */
  private void crash() {
    Machine machine = mayCrash();
    long down = machines.values().stream().filter(one -> isPart(one) && !one.up).count();
    if (machine.up && chance(8) && (down < 1 || (down < 2 && chance(4)))) {
      machine.up = false;
      machine.failed = mutant == Mutant.HEARS_PROCESSES ? chance(2) : isUnchanged() && chance(4);
      machine.role = Role.INITIALIZING;
      machine.restTicks = chance(4) ? LONG_TICKS : 0;
      if (chance(FOUNDERS.contains(machine.id) ? 2 : 6) && mayLoseDisk(machine)) {
        machine.empty = true;
        machine.failed = false;
      }
    } else if (machine.failed && chance(mutant == Mutant.HEARS_PROCESSES ? 40 : 20)) {
      machine.failed = false;
    } else if (machine.silentTicks >= machine.restTicks && mayStart(machine) && chance(3)) {
      machine.start();
    }
  }

  /** Rather one that has a part of what it was begun anew for, where that is looked for. */
  private Machine mayCrash() {
    if (mutant == Mutant.STARTS_WITH_A_PART) {
      List<Machine> parts =
          machines.values().stream()
              .filter(one -> one.confIndex() < one.leftAt && !one.log.isEmpty())
              .toList();
      if (!parts.isEmpty() && chance(2)) {
        return any(parts);
      }
    }
    return any(machines.values());
  }

  /** Of two voters none can go on without the other; and see above. */
  private boolean mayLoseDisk(Machine machine) {
    boolean spare =
        !FOUNDERS.contains(machine.id)
            && leader().filter(leader -> leader.conf().voters().size() > 2).isPresent();
    return spare || !votes(machine);
  }

  /** As far as anybody knows. */
  private boolean votes(Machine machine) {
    return machines.values().stream()
        .anyMatch(
            one ->
                one.state.metadataVoters().contains(machine.id)
                    || one.conf().voters().contains(machine.id)
                    || one.conf().old().contains(machine.id));
  }

  private boolean isPart(Machine machine) {
    return since.containsKey(machine.id) || FOUNDERS.contains(machine.id);
  }

  private boolean mayStart(Machine machine) {
    return !machine.up && !machine.empty && !machine.removed && isPart(machine);
  }

  /** A node whose disk is empty asks to join again, whoever it was. */
  private void joinAgain(Machine machine) {
    Optional<Machine> leader = leader();
    if (!machine.empty || leader.isEmpty() || !chance(6)) {
      return;
    }
    ClusterState known = leader.get().state;
    if (FOUNDERS.contains(machine.id)) {
      propose(leader.get(), new MetaCommand.RegisterNode(spec(leader.get(), machine)));
      return;
    }
    if (mutant == Mutant.TAKES_BACK_EMPTY_VOTERS
        || !known.metadataVoters().contains(machine.id)
        || known.hasRemoved(machine.id)) {
      admit(leader.get(), machine);
    }
  }

  /** It is admitted by the entry when that is committed, see {@link #advance}. */
  private void admit(Machine leader, Machine machine) {
    propose(leader, new MetaCommand.JoinNode(spec(leader, machine)));
  }

  private static NodeSpec spec(Machine leader, Machine machine) {
    int number = Integer.parseInt(machine.id.substring(1));
    NodeSpec before = leader.state.node(machine.id).map(NodeInfo::spec).orElse(null);
    long incarnation = before == null ? 1 : before.incarnation() + 1;
    return Samples.node(number, incarnation);
  }

  /** A founder is told what has become of it, by the state as of its entry. */
  private void answered(Machine leader, String founder) {
    Machine machine = machines.get(founder);
    if (!machine.empty) {
      return;
    }
    machine.empty = false;
    machine.removed = leader.state.isGone(founder);
    if (!machine.removed) {
      machine.beginAnew(leader.term, pastOf(machine));
      machine.start();
    }
  }

  /** Up to where the log speaks of the time before a node without data came. */
  private int pastOf(Machine machine) {
    Machine leader = leader().orElseThrow();
    return leader.conf().has(machine.id)
        ? Math.min(leader.confIndex(), committed.size() - 1)
        : committed.size() - 1;
  }

  /** The same is not noted again and again when nothing else happens. */
  private void forgetNotes(Machine leader) {
    List<String> up = machines.keySet().stream().filter(this::isUp).toList();
    String now =
        "%s %s %s %s".formatted(leader.conf(), pauses.keySet(), up, leader.state.nodes().values());
    if (!now.equals(whenNoted)) {
      noted.clear();
      whenNoted = now;
    }
  }

  private void admitted(ClusterState before, ClusterState after, MetaCommand.JoinNode join) {
    Machine machine = machines.get(join.node().id());
    boolean refused = after.version() == before.version();
    boolean takesBack = mutant == Mutant.TAKES_BACK_EMPTY_VOTERS && !before.hasRemoved(machine.id);
    if (!machine.empty || (refused && !takesBack)) {
      return;
    }
    since.put(machine.id, after.node(machine.id).orElseThrow().memberSince());
    machine.empty = false;
    machine.removed = false;
    machine.arrived = false;
    machine.term = leader().map(leader -> leader.term).orElse(machine.term);
    Conf known = leader().map(Machine::conf).orElseThrow();
    check(
        !known.voters().contains(machine.id) && !known.old().contains(machine.id),
        machine.id + " votes and has lost what it acknowledged");
    machine.leftAt = pastOf(machine);
    machine.start();
  }

  // ---- Raft ----

  private void elect(Machine candidate) {
    Conf conf = candidate.conf();
    boolean stands =
        candidate.up && candidate.role == Role.FOLLOWER && conf.voters().contains(candidate.id);
    if (!stands) {
      return;
    }
    Set<String> likely = new TreeSet<>(Set.of(candidate.id));
    machines.values().stream()
        .filter(voter -> voter.up && mayGrant(voter, candidate))
        .forEach(voter -> likely.add(voter.id));
    if (!conf.isMajority(likely)) {
      return; // whom it asks first, and its term stays
    }
    candidate.term++;
    candidate.votedFor = candidate.id;
    Set<String> votes = new TreeSet<>(Set.of(candidate.id));
    for (Machine voter : machines.values()) {
      boolean asked = conf.voters().contains(voter.id) || conf.old().contains(voter.id);
      if (voter != candidate && asked && voter.up && !(faulty && chance(8))) {
        if (grants(voter, candidate)) {
          votes.add(voter.id);
        }
      }
    }
    if (!conf.isMajority(votes)) {
      return;
    }
    String other = leaders.putIfAbsent(candidate.term, candidate.id);
    check(other == null || other.equals(candidate.id), "two leaders in term " + candidate.term);
    for (int i = 0; i < committed.size(); i++) {
      check(
          i < candidate.log.size() && candidate.log.get(i).is(committed.get(i)),
          "%s leads without entry %d of %d".formatted(candidate.id, i, committed.size()));
    }
    candidate.role = Role.LEADER;
    candidate.match.clear();
    candidate.staging = "";
    candidate.log.add(
        new Entry(
            candidate.term,
            ++numbers,
            new Conf(conf.voters(), Set.of(), conf.listeners()), // not the joint one
            null));
  }

  private boolean isAsked(Machine voter, Machine candidate) {
    boolean past = voter.confIndex() < voter.leftAt && mutant != Mutant.STARTS_WITH_A_PART;
    return voter.role != Role.INITIALIZING
        && voter.role != Role.LISTENER
        && !past
        && voter.conf().has(candidate.id);
  }

  /** But for its term. */
  private boolean mayGrant(Machine voter, Machine candidate) {
    return isAsked(voter, candidate) && compare(voter.log, candidate.log) <= 0;
  }

  private boolean grants(Machine voter, Machine candidate) {
    if (!isAsked(voter, candidate) || candidate.term < voter.term) {
      return false; // terms stay as they are
    }
    if (candidate.term > voter.term) {
      voter.term = candidate.term;
      voter.votedFor = "";
      voter.role = Role.FOLLOWER;
    }
    if (!mayGrant(voter, candidate)
        || !(voter.votedFor.isEmpty() || voter.votedFor.equals(candidate.id))) {
      return false;
    }
    voter.votedFor = candidate.id;
    return true;
  }

  private static int compare(List<Entry> one, List<Entry> other) {
    long a = one.isEmpty() ? 0 : one.get(one.size() - 1).term();
    long b = other.isEmpty() ? 0 : other.get(other.size() - 1).term();
    return a != b ? Long.compare(a, b) : Integer.compare(one.size(), other.size());
  }

  private void lead(Machine leader) {
    Set<String> followers = new TreeSet<>(leader.conf().voters());
    followers.addAll(leader.conf().old());
    followers.addAll(leader.conf().listeners());
    if (!leader.staging.isEmpty()) {
      followers.add(leader.staging);
    }
    for (String id : followers) {
      if (leader.role == Role.LEADER && !id.equals(leader.id) && !(faulty && chance(3))) {
        send(leader, machines.get(id));
      }
    }
    if (leader.role != Role.LEADER) {
      return;
    }
    advance(leader);
    if (!leader.staging.isEmpty()) {
      int has = leader.match.getOrDefault(leader.staging, 0);
      if (has > leader.confIndex() && has + CATCH_UP_GAP > leader.commit) {
        leader.staging = "";
        leader.log.add(new Entry(leader.term, ++numbers, leader.staged, null));
      } else if (!isUp(leader.staging) || (faulty && chance(30))) {
        leader.staging = "";
      }
    }
    for (String id : leader.conf().voters()) {
      check(!isUp(id) || machines.get(id).role != Role.LISTENER, id + " votes and has no vote");
    }
    if (chance(4)) {
      leader.log.add(new Entry(leader.term, ++numbers, null, null));
    }
  }

  private void send(Machine leader, Machine follower) {
    if (!follower.up) {
      return;
    }
    boolean caughtUp = !follower.id.equals(leader.staging);
    if (leader.term < follower.term) {
      if (caughtUp) {
        leader.term = follower.term;
        leader.votedFor = "";
        leader.role = Role.FOLLOWER;
      }
      return;
    }
    if (follower.term < leader.term) {
      follower.term = leader.term;
      follower.votedFor = "";
    }
    if (follower.role == Role.LEADER || (follower.role == Role.INITIALIZING && caughtUp)) {
      follower.role = Role.FOLLOWER;
    }
    int same = Math.min(follower.log.size(), leader.log.size());
    while (same > 0 && !follower.log.get(same - 1).is(leader.log.get(same - 1))) {
      same--; // who have an entry in common have all before it in common
    }
    int end = Math.min(leader.log.size(), same + 1 + random.nextInt(MAX_SENT));
    if (end > same) {
      follower.log = new ArrayList<>(follower.log.subList(0, same));
      follower.log.addAll(leader.log.subList(same, end));
    }
    Conf conf = follower.conf();
    if (follower.role == Role.LISTENER
        && conf.old().isEmpty()
        && conf.voters().contains(follower.id)) {
      follower.role = Role.FOLLOWER;
    }
    follower.commit = Math.max(follower.commit, Math.min(leader.commit, end));
    follower.applyCommitted();
    if (!(faulty && chance(4))) {
      leader.match.put(follower.id, end);
    }
  }

  private void advance(Machine leader) {
    for (int end = leader.log.size(); end > leader.commit; end--) {
      int wanted = end;
      Set<String> have = new TreeSet<>(Set.of(leader.id));
      leader.match.forEach(
          (id, has) -> {
            if (has >= wanted) {
              have.add(id);
            }
          });
      if (leader.log.get(end - 1).term() == leader.term && leader.conf().isMajority(have)) {
        commit(leader, end);
        return;
      }
    }
  }

  private void commit(Machine leader, int end) {
    Set<String> have = new TreeSet<>();
    for (Machine machine : machines.values()) {
      // Who has lost its disk, and stays away, did have it.
      boolean has =
          machine.log.size() >= end && machine.log.get(end - 1).is(leader.log.get(end - 1));
      if (has || machine.empty) {
        have.add(machine.id);
      }
    }
    check(
        leader.conf().isMajority(have),
        "entry %d is committed and only on %s".formatted(end - 1, have));
    boolean joint = false;
    for (int i = 0; i < end; i++) {
      Entry entry = leader.log.get(i);
      boolean isNew = i >= committed.size();
      if (!isNew) {
        check(entry.is(committed.get(i)), "another entry is committed at " + i);
      } else {
        committed.add(entry);
        joint |= entry.conf() != null && i == leader.confIndex() && !entry.conf().old().isEmpty();
      }
      if (i >= leader.applied) {
        ClusterState before = leader.state;
        leader.commit = i + 1;
        leader.applyCommitted();
        if (entry.command() instanceof MetaCommand.JoinNode join) {
          admitted(before, leader.state, join);
        } else if (isNew
            && entry.command() instanceof MetaCommand.SetMetadataVoters note
            && !before.metadataVoters().equals(leader.state.metadataVoters())) {
          check(noted.add(note), "noted once more: " + note);
        } else if (entry.command() instanceof MetaCommand.RegisterNode founder) {
          answered(leader, founder.node().id());
        }
      }
    }
    leader.commit = end;
    if (joint) {
      Conf conf = leader.conf();
      leader.log.add(
          new Entry(
              leader.term, ++numbers, new Conf(conf.voters(), Set.of(), conf.listeners()), null));
    }
  }

  /** Ratis makes nobody a listener that was none when it was started. */
  private void settle(Machine machine) {
    Conf conf = machine.conf();
    boolean past = machine.confIndex() < machine.leftAt && mutant != Mutant.SETTLES_THE_PAST;
    if (machine.role != Role.LISTENER
        && conf.old().isEmpty()
        && conf.listeners().contains(machine.id)
        && machine.confIndex() < machine.applied
        && !past) {
      machine.startRole();
    }
    if (machine.state.hasRemoved(machine.id, since.getOrDefault(machine.id, 0L))) {
      machine.up = false;
      machine.removed = true;
    }
  }

  // ---- the leader's work, and the operator's ----

  private void propose(Machine leader, MetaCommand command) {
    if (leader.role == Role.LEADER) {
      leader.log.add(new Entry(leader.term, ++numbers, null, command));
    }
  }

  private static Members members(Machine leader) {
    return new Members(
        new TreeSet<>(leader.conf().voters()), new TreeSet<>(leader.conf().listeners()));
  }

  private void operate(Machine leader) {
    boolean ready = leader.log.get(leader.commit - 1).term() == leader.term;
    if (!ready || leader.log.size() > leader.commit + 4) {
      return;
    }
    for (NodeInfo node : leader.state.members()) {
      Machine machine = machines.get(node.id());
      NodeState verdict =
          machine.silentTicks > LOST_TICKS
              ? NodeState.OFFLINE
              : isAnswering(machine.id)
                      && (leader.conf().has(node.id()) || node.state() == NodeState.ONLINE)
                  ? NodeState.ONLINE
                  : node.state();
      boolean same =
          verdict == node.state()
              || (verdict == NodeState.ONLINE && node.state() == NodeState.DRAINING);
      if (!same) {
        propose(
            leader,
            new MetaCommand.SetNodeState(node.id(), Optional.of(node.state()), verdict, ""));
      }
      if (node.state() != NodeState.REMOVED && machine.removed) {
        throw wrong(node.id() + " has ended and is a member");
      }
    }
    for (Machine machine : machines.values()) {
      // Whoever is told that it was removed ends.
      if (isAnswering(machine.id)
          && leader.state.hasRemoved(machine.id, since.getOrDefault(machine.id, 0L))
          && chance(3)) {
        machine.up = false;
        machine.failed = false;
        machine.removed = true;
      }
    }
    if (leader.settled()) {
      next(leader).ifPresent(step -> take(leader, step));
    }
    for (JobInfo job : leader.state.jobs().values()) {
      if (!job.state().isFinal()
          && JobRunner.next(leader.state, job, facts(leader)) instanceof JobAction.Advance done) {
        propose(leader, done.command());
      }
    }
    if (faulty && chance(8)) {
      command(leader);
    }
  }

  private ClusterFacts facts(Machine leader) {
    Map<String, ClusterFacts.NodeFacts> heard = new TreeMap<>();
    for (NodeInfo node : leader.state.members()) {
      if (isAnswering(node.id())) {
        ClusterFacts.ReplicaFacts replica =
            new ClusterFacts.ReplicaFacts(
                isUp(node.id()),
                node.id().equals(leader.id),
                leader.term,
                members(leader),
                !leader.settled(),
                0,
                ClusterFacts.SlotFacts.UNKNOWN);
        heard.put(
            node.id(),
            new ClusterFacts.NodeFacts(
                1, 0, true, "", Map.of(DerivedIds.METADATA_GROUP, replica), Map.of()));
      }
    }
    return new ClusterFacts(heard);
  }

  private void command(Machine leader) {
    ClusterState state = leader.state;
    Machine machine = any(machines.values());
    if (machine.id.equals(BYSTANDER)) {
      return;
    }
    try {
      if (state.node(machine.id).isEmpty() || state.hasRemoved(machine.id)) {
        if (!machine.up) {
          machine.empty = true;
          machine.failed = false;
          machine.removed = false; // with its data it forgets that
          joinAgain(machine);
        }
      } else if (state.jobOfNode(machine.id).isPresent()) {
        return;
      } else if (state.members().size() > 4 && chance(2)) {
        propose(leader, JobPlans.remove(state, machine.id, true));
        replaced++;
      } else if (chance(2)) {
        propose(leader, JobPlans.drain(state, machine.id));
      } else {
        propose(leader, new MetaCommand.ResumeNode(machine.id));
      }
    } catch (JobRefusedException refused) {
      throw wrong(refused.toString());
    }
  }

  private void take(Machine leader, MetadataPlan.Step step) {
    if (step instanceof MetadataPlan.Note note) {
      propose(leader, note.command());
      return;
    }
    MetadataPlan.Change change = (MetadataPlan.Change) step;
    Machine machine = machines.get(change.nodeId());
    Members next = change.next();
    if (mutant == Mutant.PROMOTES_LISTENERS
        && change.kind() == MetadataPlan.Kind.LEAVES
        && leader.state.metadataVoters().contains(machine.id)
        && !leader.conf().voters().contains(machine.id)) {
      next = members(leader).withVoter(machine.id);
    }
    if (change.nodeId().equals(leader.id) && !next.voters().contains(leader.id)) {
      elect(machines.get(any(next.voters())));
      return;
    }
    Conf conf = new Conf(next.voters(), leader.conf().voters(), next.listeners());
    if (!change.joins()) {
      Set<String> up = machines.keySet().stream().filter(this::isUp).collect(Collectors.toSet());
      check(
          next.voters().equals(members(leader).voters()) || Conf.isMajority(next.voters(), up),
          "the vote of %s is taken and no majority is left".formatted(machine.id));
      leader.log.add(new Entry(leader.term, ++numbers, conf, null));
      return;
    }
    if (!machine.up || (faulty && chance(3))) {
      if (isUnchanged()) {
        pauses.put(machine.id + change.kind(), 5 + random.nextInt(PAUSE_TICKS));
      }
      return;
    }
    if (change.kind() == MetadataPlan.Kind.VOTES) {
      int leftAt = leader.confIndex();
      if (faulty && chance(2)) {
        late.addLast(new Late(machine.id, leader.term, leftAt));
      }
      if (!machine.arrived || (faulty && chance(4))) {
        return;
      }
      beginAnew(machine, leader.term, leftAt);
      if (faulty && chance(4)) {
        return; // the answer is lost
      }
    }
    leader.staging = machine.id;
    leader.staged = conf;
    leader.match.remove(machine.id);
  }

  private void beginAnew(Machine machine, long term, long leftAt) {
    boolean knows = Math.max(machine.leftAt, machine.confIndex()) >= leftAt;
    if (knows
        && machine.role == Role.LISTENER
        && !machine.conf().listeners().contains(machine.id)) {
      machine.start(); // as Ratis has it, it is a listener until then
    }
    if (machine.arrived && (!knows || mutant == Mutant.FORGETS_AT_ANY_REQUEST)) {
      machine.beginAnew(term, leftAt);
    }
  }
}
