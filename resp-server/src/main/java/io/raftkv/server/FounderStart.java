package io.raftkv.server;

import io.raftkv.raft.Member;
import io.raftkv.server.JoinExchange.Answer;
import io.raftkv.server.JoinExchange.Outcome;
import io.raftkv.shard.PeerTransport;
import java.io.IOException;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a node begins that its flags name as a founder of the cluster, and that has nothing of the
 * metadata: it is the cluster's first start, or its data are lost, or it was removed since. It
 * cannot tell, so it asks the others, and has no vote until it knows. For one thread.
 *
 * <p>If there is a cluster it waits, without members, for the leader to bring it the metadata. It
 * begins the group only with a majority of its first voters who know of no cluster either.
 */
final class FounderStart {
  private static final Logger LOG = LoggerFactory.getLogger(FounderStart.class);
  private static final long TIMEOUT_MILLIS = 15_000;
  private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  private static final String ADVICE =
      "this node has no metadata, and goes on asking the other founders (cluster). If they are"
          + " down: start them, with the data they had. If they were replaced: replace this node,"
          + " too, by one that joins (RAFTKV.NODE REPLACE ... WITH ... FORCE). If most of those that"
          + " vote have lost their data the cluster cannot go on: see 'Founders without metadata'"
          + " in docs/operations.md";

  private final Node node;
  private final String self;
  private final Map<String, Answer> answers = new ConcurrentHashMap<>();
  private CompletableFuture<?> asked;
  private long notBeforeNanos = System.nanoTime();
  private final Waiting waiting = new Waiting(System.nanoTime());
  private boolean begun;

  /** By which this node has begun to come back, which may have to be tried again. */
  private Answer returning;

  FounderStart(Node node) {
    this.node = node;
    this.self = node.config().node().id();
  }

  /** Asks, or does what follows from the answers; to be called often until there is a state. */
  void step() throws IOException, StartupException {
    if (begun || System.nanoTime() - notBeforeNanos < 0) {
      return;
    }
    if (asked == null) {
      asked = ask();
    }
    if (!asked.isDone()) {
      return;
    }
    asked = null;
    notBeforeNanos = System.nanoTime() + RETRY_NANOS;
    boolean belongs = node.directory().clusterId().isPresent();
    Verdict verdict = judge(self, node.founders(), belongs, answers);
    switch (verdict.next()) {
      case WAIT -> tell(verdict.why());
      case BEGIN -> {
        LOG.info("no founder knows of a cluster, of those who answer: {}", answers.keySet());
        node.raft().begin(node.founders());
        begun = true;
      }
      case RETURN -> comeBack(verdict.by(), answers.get(verdict.by()));
      case REMOVED -> {
        begun = true;
        node.removedFromCluster(verdict.by(), verdict.why());
      }
    }
  }

  private void comeBack(String by, Answer answer) throws IOException, StartupException {
    LOG.info("node {} knows cluster id={}: this node waits for its metadata", by, answer.text());
    node.directory().rememberClusterId(answer.text());
    node.addresses().tell(answer.members());
    returning = returning == null ? answer : returning;
    node.raft().startJoining(MetadataGroup.GROUP, returning.term(), returning.leftAt());
    begun = true;
  }

  private CompletableFuture<?> ask() {
    answers.clear();
    byte[] request =
        JoinExchange.encode(
            new JoinExchange.Request(
                node.controller().ownSpec(node.view().startedAtMillis()),
                node.directory().clusterId(),
                JoinExchange.settings(node.config()),
                true));
    return CompletableFuture.allOf(
        node.founders().stream()
            .map(Member::nodeId)
            .filter(id -> !id.equals(self))
            .map(id -> ask(id, request))
            .toArray(CompletableFuture[]::new));
  }

  private CompletableFuture<?> ask(String id, byte[] request) {
    return node.links()
        .call(id, PeerTransport.Kind.CONTROL, request)
        .orTimeout(TIMEOUT_MILLIS, TimeUnit.MILLISECONDS)
        .thenApply(JoinExchange::decodeAnswer)
        .handle(
            (answer, lost) -> {
              if (lost == null) {
                answers.put(id, answer);
              } else {
                LOG.debug("no answer of founder={}", id, lost);
              }
              return null;
            });
  }

  private void tell(String why) {
    if (waiting.isNew(why)) {
      LOG.info("metadata not begun yet, asking the other founders (cluster) again: {}", why);
    }
    if (waiting.isTooLong(System.nanoTime())) {
      LOG.warn("{}; the last reason: {}", ADVICE, why);
    }
  }

  /** Which reasons for waiting are new, and, once, that it takes long. */
  static final class Waiting {
    /** The others may take so long to start. */
    static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(30);

    private final long sinceNanos;
    private String told = "";
    private boolean advised;

    Waiting(long nowNanos) {
      sinceNanos = nowNanos;
    }

    boolean isNew(String why) {
      boolean isNew = !told.equals(why);
      told = why;
      return isNew;
    }

    boolean isTooLong(long nowNanos) {
      boolean tooLong = !advised && nowNanos - sinceNanos >= PATIENCE_NANOS;
      advised |= tooLong;
      return tooLong;
    }
  }

  /** What to do. */
  enum Next {
    WAIT,
    BEGIN,
    RETURN,
    REMOVED
  }

  /**
   * What follows from the answers.
   *
   * @param by whose answer it follows from, if it is one
   * @param why for people
   */
  record Verdict(Next next, String by, String why) {}

  /**
   * What a founder without metadata is to do.
   *
   * @param founders who begin the metadata group, itself among them
   * @param belongs whether it knows that there is a cluster
   * @param answers of the other founders that answered
   */
  static Verdict judge(
      String self, Collection<Member> founders, boolean belongs, Map<String, Answer> answers) {
    Map<String, Answer> sorted = new TreeMap<>(answers);
    Optional<String> removed = first(sorted, Outcome.REMOVED);
    if (removed.isPresent()) {
      return new Verdict(Next.REMOVED, removed.get(), sorted.get(removed.get()).text());
    }
    Optional<Map.Entry<String, Answer>> newest =
        sorted.entrySet().stream()
            .filter(answer -> answer.getValue().outcome() == Outcome.ADMITTED)
            .max(Comparator.comparingLong(answer -> answer.getValue().term()));
    if (newest.isPresent()) {
      return new Verdict(Next.RETURN, newest.get().getKey(), "");
    }
    Optional<String> later = first(sorted, Outcome.LATER).or(() -> first(sorted, Outcome.REFUSED));
    if (later.isPresent()) {
      return wait("node %s: %s".formatted(later.get(), sorted.get(later.get()).text()));
    }
    if (belongs) {
      return wait("none that is part of the cluster answers");
    }
    List<String> voters = founders.stream().filter(Member::voter).map(Member::nodeId).toList();
    long there = voters.stream().filter(id -> id.equals(self) || answers.containsKey(id)).count();
    return 2 * there > voters.size()
        ? new Verdict(Next.BEGIN, "", "")
        : wait("no majority of " + voters + " answers");
  }

  private static Verdict wait(String why) {
    return new Verdict(Next.WAIT, "", why);
  }

  private static Optional<String> first(Map<String, Answer> answers, Outcome outcome) {
    return answers.entrySet().stream()
        .filter(answer -> answer.getValue().outcome() == outcome)
        .map(Map.Entry::getKey)
        .findFirst();
  }
}
