package io.raftkv.it;

import io.raftkv.it.cluster.Admin;
import io.raftkv.it.cluster.RespConnection;
import io.raftkv.it.cluster.TestCluster;
import io.raftkv.it.cluster.TestNode;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Runs jobs and kills the leader of the metadata group in the middle of their steps. Some steps
 * take a few milliseconds only, so whether a kill fell into one is read from the cluster's history
 * afterwards; and a job that goes on while the killed node starts is past its next steps by then.
 * So each run of a job aims at the first step that none before it has hit.
 */
final class LeaderKills {
  /** What there is to be hit. */
  private static final Map<String, List<String>> STEPS =
      new TreeMap<>(
          Map.of(
              "create", List.of("start", "open"),
              "delete", List.of("close", "drop", "clean"),
              "migrate", List.of("start", "join", "leave", "clean"),
              "split", List.of("note", "cut", "open", "release"),
              "merge", List.of("note", "cut", "open", "close"),
              "transfer", List.of("hand-over"),
              "drain", List.of("move"),
              "remove", List.of("leave"),
              "replace", List.of("move", "leave")));

  private static final long POLL_NANOS = TimeUnit.MICROSECONDS.toNanos(300);
  private static final Pattern STEP = Pattern.compile("\\S+ (being undone at )?step ([a-z-]+).*");

  private final TestCluster cluster;
  private final Admin admin;
  private final Duration patience;
  private final NavigableMap<String, Integer> hits = new TreeMap<>();
  private int kills;

  LeaderKills(TestCluster cluster, Admin admin, Duration patience) {
    this.cluster = cluster;
    this.admin = admin;
    this.patience = patience;
  }

  /** When a process was alive for the last time, and gone for sure; of the clock of the machine. */
  private record Kill(long begunMillis, long overMillis) {}

  /**
   * Begins a job and sees it to its end.
   *
   * @return the job as it is then, or why it did not begin
   */
  Object run(String... words) {
    TestNode asked = admin.metadataLeader();
    Object begun = admin.ask(asked, words);
    if (!begun.toString().matches("j\\d+")) {
      return begun;
    }
    String id = begun.toString();
    List<Kill> done = new ArrayList<>();
    String last = "";
    long deadline = System.nanoTime() + patience.toNanos();
    while (true) {
      Optional<Map<String, Object>> job = follow(asked, id, last, deadline);
      if (job.isPresent() && isOver(job.get())) {
        count((String) job.get().get("kind"), id, done);
        return job.get();
      }
      if (job.isPresent()) {
        last = place(job.get());
        done.add(kill(asked));
        deadline = System.nanoTime() + patience.toNanos();
      }
      asked = admin.metadataLeader();
    }
  }

  /** From the first step on that was not hit yet; any if all were. */
  private boolean isAimedAt(Map<String, Object> job) {
    String kind = (String) job.get("kind");
    List<String> steps = STEPS.get(kind);
    int missed = 0;
    while (missed < steps.size() && hits.containsKey(kind + " " + steps.get(missed))) {
      missed++;
    }
    return missed == steps.size() || (Long) job.get("steps-taken") >= missed;
  }

  private Kill kill(TestNode leader) {
    long begun = System.currentTimeMillis();
    leader.kill();
    Kill kill = new Kill(begun, System.currentTimeMillis());
    kills++;
    leader.start();
    cluster.await(leader.id() + " is ready", patience, leader::isReady);
    return kill;
  }

  /**
   * The job as a leader of the metadata group sees it when it is where it was not last, or over;
   * empty if that node does not lead any more.
   */
  private Optional<Map<String, Object>> follow(
      TestNode leader, String id, String last, long deadline) {
    try (RespConnection connection = leader.connect(patience)) {
      while (true) {
        connection.send("RAFTKV.JOB", "STATUS", id);
        connection.send("RAFTKV.NODE", "STATUS", leader.id());
        connection.flush();
        Object reply = connection.read();
        boolean leads = "yes".equals(Admin.map(connection.read()).get("metadata-leader"));
        if (reply instanceof List<?>) { // a new leader may not have got to it yet
          Map<String, Object> job = Admin.map(reply);
          if (isOver(job) || (leads && !place(job).equals(last) && isAimedAt(job))) {
            return Optional.of(job);
          }
        }
        if (System.nanoTime() - deadline > 0) {
          throw new AssertionError("job " + id + " does not go on: " + reply);
        }
        if (!leads) {
          return Optional.empty();
        }
        LockSupport.parkNanos(POLL_NANOS);
      }
    } catch (IOException lost) {
      return Optional.empty(); // it was removed from the cluster, or nobody leads and this ends
    }
  }

  private static boolean isOver(Map<String, Object> job) {
    return List.of("done", "failed", "cancelled").contains((String) job.get("state"));
  }

  private static String place(Map<String, Object> job) {
    return job.get("state") + " " + job.get("step");
  }

  /** Notes in which step each kill fell: the one that had begun before, and ended only after it. */
  private void count(String kind, String id, List<Kill> done) {
    NavigableMap<Long, String> began = new TreeMap<>(); // ends before the first that is no event
    List<Map<String, Object>> events = admin.list("RAFTKV.EVENTS", "1000");
    for (int i = events.size() - 1; i >= 0; i--) { // the oldest one first
      Map<String, Object> event = events.get(i);
      if (id.equals(event.get("subject"))) {
        began.put(
            Instant.parse((String) event.get("time")).toEpochMilli(),
            step(kind, (String) event.get("kind"), (String) event.get("text")));
      }
    }
    for (Kill kill : done) {
      Map.Entry<Long, String> step = began.floorEntry(kill.begunMillis());
      Long end = step == null ? null : began.higherKey(step.getKey());
      boolean hit = end != null && end > kill.overMillis();
      hits.merge(hit ? kind + " " + step.getValue() : "between two steps", 1, Integer::sum);
    }
  }

  private static String step(String kind, String event, String text) {
    Matcher step = STEP.matcher(text);
    if (event.equals("job-started")) {
      return STEPS.get(kind).get(0);
    }
    return step.matches() ? step.group(2) + (step.group(1) == null ? "" : " (undone)") : "";
  }

  /** True if a kill fell into each step of such jobs. */
  boolean isEachStepHit(String kind) {
    return STEPS.get(kind).stream().allMatch(step -> hits.containsKey(kind + " " + step));
  }

  /** True if one fell into each step of all jobs. */
  boolean isEachStepHit() {
    return STEPS.keySet().stream().allMatch(this::isEachStepHit);
  }

  @Override
  public String toString() {
    return kills
        + " leaders of the metadata killed: "
        + hits.entrySet().stream()
            .map(hit -> hit.getKey() + " " + hit.getValue())
            .collect(Collectors.joining(", "));
  }
}
