package io.raftkv.resp.command.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.meta.JobInfo;
import io.raftkv.meta.JobState;
import io.raftkv.meta.MetaCommand;
import io.raftkv.meta.MetaCommand.AdvanceJob;
import io.raftkv.meta.MetaCommand.AdvanceJob.Place;
import io.raftkv.meta.MetaCommand.AdvanceJob.Progress;
import io.raftkv.meta.NodeSpec;
import io.raftkv.meta.NodeState;
import io.raftkv.meta.Replica;
import io.raftkv.meta.ShardInfo;
import io.raftkv.meta.ShardState;
import io.raftkv.meta.StateEdit;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** RAFTKV.JOB, and those of RAFTKV.SHARD that begin a job. */
class JobCommandsTest {
  /** s1 is on n1, n2, n3; n4 is free. */
  private final FakeNode node = FakeNode.ofCluster(4, 4, 3);

  private final LocalClient client = new LocalClient(node);

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '`',
      textBlock =
          """
          raftkv.shard migrate s1                   ~ -ERR wrong number of arguments for 'raftkv.shard|migrate' command|
          raftkv.shard migrate s1 from              ~ -ERR wrong number of arguments for 'raftkv.shard|migrate' command|
          raftkv.shard migrate s1 from n1 to        ~ -ERR syntax error|
          raftkv.shard migrate s1 sync sync         ~ -ERR neither a node to leave nor one to come to is named|
          raftkv.shard migrate s9 from n1 to n4     ~ -ERR no shard s9|
          raftkv.shard migrate x from n1 to n4      ~ -ERR no shard x|
          raftkv.shard migrate s1 from n4 to n1     ~ -ERR shard s1 has no replica on node n4|
          raftkv.shard migrate s1 from n1 to n2     ~ -ERR shard s1 has a replica on node n2 already|
          raftkv.shard migrate s1 from n1 to n9     ~ -ERR no node n9|
          raftkv.shard migrate s1 to n_9            ~ -ERR no node n 9|
          raftkv.shard transfer-leader s1 from n1   ~ -ERR syntax error|
          raftkv.shard transfer-leader s1 to n4     ~ -ERR shard s1 has no voter on node n4|
          raftkv.shard create s1                    ~ -ERR shard s1 exists|
          raftkv.shard create x                     ~ -ERR shard id 'x' must be 's' and a number from 1|
          raftkv.shard create s5 n1                 ~ -ERR syntax error|
          raftkv.shard create s5 nodes n1 n1        ~ -ERR shard s5 has two replicas on node n1|
          raftkv.shard create s5 nodes n9           ~ -ERR no node n9|
          raftkv.shard create s5 slots 0-5          ~ -ERR slot 0 belongs to shard s1, with what is in it: split that|
          raftkv.shard create s5 slots 5-0          ~ -ERR Invalid slot|
          raftkv.shard create s5 slots x            ~ -ERR Invalid slot|
          raftkv.shard create s5 slots 99999        ~ -ERR Invalid slot|
          raftkv.shard create s4000                 ~ -ERR a new shard's number must be from 5 to 1004, not s4000|
          raftkv.shard split s9                     ~ -ERR no shard s9|
          raftkv.shard split s1 into                ~ -ERR syntax error|
          raftkv.shard split s1 at                  ~ -ERR syntax error|
          raftkv.shard split s1 5                   ~ -ERR syntax error|
          raftkv.shard split s1 into s2             ~ -ERR shard s2 exists|
          raftkv.shard split s1 into x              ~ -ERR shard id 'x' must be 's' and a number from 1|
          raftkv.shard split s1 into s4000          ~ -ERR a new shard's number must be from 5 to 1004, not s4000|
          raftkv.shard split s1 at x                ~ -ERR Invalid slot|
          raftkv.shard split s1 at 16384            ~ -ERR Invalid slot|
          raftkv.shard split s1 at 0                ~ -ERR slot 0 is not inside of shard s1, which has 0-4095|
          raftkv.shard split s1 at 4096             ~ -ERR slot 4096 is not inside of shard s1, which has 0-4095|
          raftkv.shard delete s1                    ~ -ERR shard s1 owns 4096 slots, whose data would be lost|
          raftkv.shard delete s1 now                ~ -ERR syntax error|
          raftkv.node drain                         ~ -ERR wrong number of arguments for 'raftkv.node|drain' command|
          raftkv.node drain n9                      ~ -ERR no node 'n9': see RAFTKV.NODE LIST|
          raftkv.node drain n1 now                  ~ -ERR syntax error|
          raftkv.node drain n1 sync sync            ~ -ERR syntax error|
          raftkv.node remove n9                     ~ -ERR no node 'n9': see RAFTKV.NODE LIST|
          raftkv.node remove n1 now                 ~ -ERR syntax error|
          raftkv.node resume n9                     ~ -ERR no node 'n9': see RAFTKV.NODE LIST|
          raftkv.job status j1                      ~ -ERR no job 'j1': see RAFTKV.JOB LIST|
          raftkv.job cancel j1                      ~ -ERR no job 'j1': see RAFTKV.JOB LIST|
          raftkv.job wait j1                        ~ -ERR no job 'j1': see RAFTKV.JOB LIST|
          raftkv.job list                           ~ *0|
          """)
  void mistakesAreNamedAndChangeNothing(String command, String reply) {
    long version = node.cluster().version();
    assertThat(client.send(command)).isEqualTo(reply);
    assertThat(node.cluster().version()).isEqualTo(version);
  }

  @Test
  void migrationBeginsAndCanBeSeen() {
    assertThat(client.send("raftkv.shard migrate s1 from n1 to n4")).isEqualTo("$2|j1|");

    ShardInfo shard = shard("s1");
    assertThat(shard.state()).isEqualTo(ShardState.MIGRATING);
    assertThat(shard.replicas()).contains(Replica.voter("n1"), Replica.listener("n4"));
    assertThat(job("j1").plan().steps()).containsExactly("start", "join", "leave", "clean");
    assertThat(client.send("raftkv.job status j1"))
        .contains("migrate", "s1", "running", "start", "steps");
    assertThat(client.send("raftkv.job status J1")).isEqualTo(client.send("raftkv.job status j1"));
    assertThat(client.send("raftkv.shard migrate s1 from n2"))
        .isEqualTo("-ERR shard s1 is migrating|");
  }

  @Test
  void nodeIsDrainedByOneJobHoweverOftenThatIsAskedFor() {
    assertThat(client.send("raftkv.node drain n1")).isEqualTo("$2|j1|");
    assertThat(client.send("raftkv.node drain n1")).isEqualTo("$2|j1|");
    assertThat(node.cluster().node("n1").orElseThrow().state()).isEqualTo(NodeState.DRAINING);
    assertThat(client.send("raftkv.node status n1"))
        .contains("$8|draining|$3|yes|", "$3|job|$2|j1|", "$4|note|$-1|");
    assertThat(client.send("raftkv.job status j1")).contains("drain", "$4|node|$2|n1|");
    assertThat(client.send("raftkv.shard migrate s4 to n1")).isEqualTo("-ERR node n1 is draining|");

    assertThat(client.send("raftkv.node resume n1")).isEqualTo("+OK|");
    assertThat(job("j1").state()).isEqualTo(JobState.UNDOING);
    assertThat(client.send("raftkv.node drain n1"))
        .isEqualTo("-ERR node n1 is busy with job j1 (drain)|");
    assertThat(client.send("raftkv.node resume n2")).as("it is not draining").isEqualTo("+OK|");
  }

  @Test
  void nodeWithoutReplicasIsRemovedByOneJobAndThenIsRemoved() {
    assertThat(client.send("raftkv.node remove n1"))
        .isEqualTo(
            "-ERR node n1 still has replicas, of s1, s2, s3:"
                + " RAFTKV.NODE DRAIN n1 moves them to other nodes|");
    node.apply(
        new MetaCommand.JoinNode(new NodeSpec("n5", "10.0.0.5", 7001, 17001, 0, "0.1.0", 9)));
    assertThat(client.send("raftkv.node remove n5"))
        .startsWith("-ERR node n5 is joining: FORCE removes it nevertheless");
    assertThat(client.send("raftkv.node remove n5 force")).isEqualTo("$2|j1|");
    assertThat(client.send("raftkv.node remove n5")).as("runs already").isEqualTo("$2|j1|");
    node.apply(
        new AdvanceJob(
            "j1",
            Place.of(job("j1")),
            new Progress(new Place(JobState.DONE, 1), 0, 0, ""),
            new TreeMap<>(),
            List.of(new StateEdit.RemoveNode())));
    assertThat(client.send("raftkv.node remove n5")).as("was removed").isEqualTo("+OK|");
    assertThat(client.send("raftkv.node drain n5")).isEqualTo("-ERR node n5 was removed|");
  }

  @Test
  void replicasAreAddedAndTakenAway() {
    assertThat(client.send("raftkv.shard migrate s1 to n4")).isEqualTo("$2|j1|");
    assertThat(job("j1").plan().steps()).containsExactly("start", "join");
    assertThat(client.send("raftkv.shard migrate s2 from n2")).isEqualTo("$2|j2|");
    assertThat(job("j2").plan().steps()).containsExactly("leave", "clean");

    FakeNode lone = FakeNode.ofCluster(1, 1, 1);
    assertThat(new LocalClient(lone).send("raftkv.shard migrate s1 from n1"))
        .isEqualTo("-ERR it is the only voter of shard s1|");
  }

  @Test
  void nodeThatIsNotOnlineGetsNothing() {
    node.become("n4", NodeState.UNHEALTHY);
    assertThat(client.send("raftkv.shard migrate s1 to n4"))
        .isEqualTo("-ERR node n4 is unhealthy|");
  }

  @Test
  void newShardGoesWhereThereIsLeast() {
    assertThat(client.send("raftkv.shard delete s4 force")).isEqualTo("$2|j1|");
    assertThat(shard("s4").state()).isEqualTo(ShardState.DELETING);
    assertThat(shard("s4").slots()).isEmpty();
    assertThat(client.send("raftkv.shard create s5 nodes n4 n2 slots 16000-16383 15000"))
        .isEqualTo("$2|j2|");
    assertThat(shard("s5").voters()).containsExactly("n4", "n2");
    assertThat(shard("s5").slots()).as("none until it has a leader").isEmpty();
    assertThat(job("j2").argument("slots")).isEqualTo("16000-16383 15000");
    assertThat(client.send("raftkv.shard create s6")).isEqualTo("$2|j3|");
    assertThat(shard("s6").voters()).hasSize(3).contains("n1", "n3");
  }

  @Test
  void aShardIsSplitInTheMiddleOrWhereItIsAsked() {
    assertThat(client.send("raftkv.shard split s1")).isEqualTo("$2|j1|");
    assertThat(shard("s1").state()).isEqualTo(ShardState.SPLITTING);
    assertThat(job("j1").shardIds()).containsExactly("s1", "s5");
    assertThat(job("j1").argument("slots")).isEqualTo("2048-4095");
    assertThat(client.send("raftkv.shard split S2 at 5000 into S9")).isEqualTo("$2|j2|");
    assertThat(job("j2").shardIds()).containsExactly("s2", "s9");
    assertThat(job("j2").argument("slots")).isEqualTo("5000-8191");
    assertThat(client.send("raftkv.shard split s1")).isEqualTo("-ERR shard s1 is splitting|");
    assertThat(client.send("raftkv.shard split s3 into s5"))
        .isEqualTo("-ERR shard s5 is busy with job j1 (split)|");
    assertThat(client.send("raftkv.shard create s8"))
        .isEqualTo("-ERR a new shard's number must be from 10 to 1009, not s8|");
  }

  @Test
  void aShardIsSplitWhereHalfOfItsLoadOrSizeIs() {
    node.splitPoints.put("s1 LOAD 2", CompletableFuture.completedFuture(List.of(7)));
    node.splitPoints.put("s2 SIZE 2", CompletableFuture.completedFuture(List.of(5000)));
    node.splitPoints.put(
        "s4 LOAD 4", CompletableFuture.completedFuture(List.of(13000, 14000, 15000)));
    node.splitPoints.put(
        "s3 SIZE 2", CompletableFuture.failedFuture(new TimeoutException("so long")));
    assertThat(client.send("raftkv.shard split s1 by load")).isEqualTo("$2|j1|");
    assertThat(job("j1").argument("slots")).isEqualTo("7-4095");
    assertThat(client.send("raftkv.shard split S2 BY size into s9")).isEqualTo("$2|j2|");
    assertThat(job("j2").argument("slots")).isEqualTo("5000-8191");
    assertThat(client.send("raftkv.shard split s1 by load"))
        .isEqualTo("-ERR shard s1 is splitting|");
    assertThat(client.send("raftkv.shard split s3 by size"))
        .isEqualTo("-TRYAGAIN the leader of shard s3 does not say where its parts are (so long)|");
    assertThat(client.send("raftkv.shard split s3 by load"))
        .isEqualTo(
            "-ERR clients used too few keys of shard s3 in the last minute"
                + " to tell where its parts are; use AT|");
    assertThat(client.send("raftkv.shard split s4 by size"))
        .isEqualTo("-ERR there is nothing in shard s4 to tell where its parts are; use AT|");
    assertThat(client.send("raftkv.shard split s4 by size at 3")).isEqualTo("-ERR syntax error|");
    assertThat(client.send("raftkv.shard split s4 by heart")).isEqualTo("-ERR syntax error|");
    assertThat(client.send("raftkv.shard split s77 by size")).startsWith("-ERR no shard 's77'");
    assertThat(client.send("raftkv.shard split s4 into s11 s12 s10 by load")).isEqualTo("$2|j3|");
    assertThat(job("j3").shardIds()).containsExactly("s4", "s10", "s11", "s12");
    assertThat(job("j3").argument("slots")).isEqualTo("15000-16383, 13000-13999, 14000-14999");
  }

  @Test
  void aShardIsSplitIntoAsManyAsAreNamed() {
    assertThat(client.send("raftkv.shard split s1 into s5 S6 S7 sync at 1000 2000 3000 force"))
        .startsWith("*");
    assertThat(job("j1").shardIds()).containsExactly("s1", "s5", "s6", "s7");
    assertThat(job("j1").argument("slots")).isEqualTo("1000-1999, 2000-2999, 3000-4095");
    assertThat(client.send("raftkv.shard split s2 into s8 s9 s10")).isEqualTo("$2|j2|");
    assertThat(job("j2").argument("slots")).isEqualTo("5120-6143, 6144-7167, 7168-8191");
    assertThat(client.send("raftkv.shard split s3 at 9000 10000")).isEqualTo("$2|j3|");
    assertThat(job("j3").shardIds()).containsExactly("s3", "s11", "s12");
    assertThat(client.send("raftkv.shard split s4 into s13 s14 at 13000"))
        .isEqualTo("-ERR 2 new shards begin at as many slots, not at 1|");
    assertThat(client.send("raftkv.shard split s4 into s13 s13"))
        .isEqualTo("-ERR shard s13 is named twice|");
    assertThat(client.send("raftkv.shard split s4 into s13 s2")).isEqualTo("-ERR shard s2 exists|");
    assertThat(client.send("raftkv.shard split s4 at 14000 13000"))
        .isEqualTo("-ERR slot 13000 does not come after 14000|");
    assertThat(client.send("raftkv.shard split s4 at 14000 14000"))
        .isEqualTo("-ERR slot 14000 does not come after 14000|");
    assertThat(client.send("raftkv.shard split s4 at" + " 14000".repeat(17)))
        .isEqualTo("-ERR 16 new shards at most are made at a time: clients of all of them wait|");
    assertThat(client.send("raftkv.shard split s4 into" + " s13".repeat(17) + " by size"))
        .isEqualTo("-ERR 16 new shards at most are made at a time: clients of all of them wait|");
    assertThat(client.send("raftkv.shard split s4 into s13 four"))
        .isEqualTo("-ERR shard id 'four' must be 's' and a number from 1|");
    for (String wrong : List.of("into", "at", "into s13 into s14", "at 13000 sync at 14000")) {
      assertThat(client.send("raftkv.shard split s4 " + wrong)).isEqualTo("-ERR syntax error|");
    }
  }

  @Test
  void shardsAreMergedIntoANewOne() {
    LocalClient three = new LocalClient(FakeNode.ofCluster(3, 4, 3)); // all on the same nodes
    assertThat(three.send("raftkv.shard merge S1 s3")).isEqualTo("$2|j1|");
    assertThat(three.send("raftkv.shard merge s2 s4 into S9")).isEqualTo("$2|j2|");
    assertThat(three.send("raftkv.shard merge s1 s2")).isEqualTo("-ERR shard s1 is merging|");
    assertThat(three.send("raftkv.shard transfer-leader s1 to n2"))
        .isEqualTo("-ERR shard s1 is merging|");
    assertThat(three.send("raftkv.shard create s8"))
        .isEqualTo("-ERR a new shard's number must be from 10 to 1009, not s8|");
    for (String wrong : List.of("s1 into", "s1 s2 sync s3", "s1 s2 into s8 s3")) {
      assertThat(three.send("raftkv.shard merge " + wrong)).isEqualTo("-ERR syntax error|");
    }
  }

  @Test
  void theOnlyShardIsSplitByForceOnly() {
    FakeNode lone = FakeNode.ofCluster(3, 1, 3);
    LocalClient one = new LocalClient(lone);
    assertThat(one.send("raftkv.shard split s1"))
        .isEqualTo(
            "-ERR shard s1 is the only one: with a second one, commands that use keys of several"
                + " slots together are refused, as is SWAPDB (FORCE splits it nevertheless)|");
    assertThat(one.send("raftkv.shard split s1 force at 1")).isEqualTo("$2|j1|");
    assertThat(lone.cluster().job("j1").orElseThrow().argument("slots")).isEqualTo("1-16383");
  }

  @Test
  void anotherLeaderIsPreferredFromThenOn() {
    assertThat(client.send("raftkv.shard transfer-leader s1 to n2")).isEqualTo("$2|j1|");
    assertThat(shard("s1").preferredLeader()).isEqualTo("n2");
  }

  @Test
  void cancelledUntilThePointOfNoReturn() {
    client.send("raftkv.shard migrate s1 from n1 to n4");
    assertThat(client.send("raftkv.job cancel j1")).isEqualTo("+OK|");
    assertThat(job("j1").state()).isEqualTo(JobState.UNDOING);
    assertThat(client.send("raftkv.job cancel j1")).as("it is being").isEqualTo("+OK|");

    client.send("raftkv.shard migrate s2 from n2");
    assertThat(client.send("raftkv.job cancel j2"))
        .isEqualTo("-ERR job j2 is beyond the step from which it can be undone|");
  }

  @Test
  void whoWaitsGetsTheJobWhenItHasEnded() {
    client.send("raftkv.shard transfer-leader s1 to n2");
    advance("j1", new Place(JobState.DONE, 1), "");
    assertThat(client.send("raftkv.job wait j1 50")).isEqualTo(client.send("raftkv.job status j1"));
    assertThat(client.send("raftkv.job wait j1 0"))
        .isEqualTo("-ERR timeout is not an integer or out of range|");
  }

  @Test
  void syncTellsOfFailure() {
    node.untilTheEnd = () -> advance("j1", new Place(JobState.FAILED, 0), "n2 is on fire");
    assertThat(client.send("raftkv.shard transfer-leader s1 to n2 sync"))
        .isEqualTo("-ERR job j1 was not done: failed, n2 is on fire|");
  }

  @Test
  void withoutMetadataTheOutcomeIsUncertain() {
    node.isMetadataReachable = false;
    assertThat(client.send("raftkv.shard transfer-leader s1 to n2"))
        .startsWith("-UNCERTAIN write may or may not have been applied: the metadata group");
  }

  private ShardInfo shard(String id) {
    return node.cluster().shard(id).orElseThrow();
  }

  private JobInfo job(String id) {
    return node.cluster().job(id).orElseThrow();
  }

  private void advance(String id, Place next, String note) {
    node.propose(
        new AdvanceJob(
            id, Place.of(job(id)), new Progress(next, 0, 0, note), new TreeMap<>(), List.of()));
  }
}
