package io.raftkv.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.it.cluster.TestCluster;
import io.raftkv.it.cluster.TestNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A process that has no memory for another replica's log buffer: it would end if it began one. */
class LogMemoryIT {
  /** Enough for the buffers of the metadata and of two shards, of 69 MB each, and for the rest. */
  @RegisterExtension
  static final TestCluster CLUSTER =
      TestCluster.ofNodes(1).shards(1).jvm("-XX:MaxDirectMemorySize=300m");

  @Test
  void shardForWhichThereIsNoMemoryIsNotMadeAndNothingElseSuffers() {
    TestNode node = CLUSTER.node("n1");
    assertThat(node.call("SET", "k", "v")).isEqualTo("OK");
    assertThat(create("s2")).contains("done");
    String refusal = create("s3");
    assertThat(refusal).contains("failed", "node n1 cannot take a replica: it has direct memory");
    assertThat(node.call("GET", "k")).isEqualTo("v");
    assertThat(String.valueOf(node.call("RAFTKV.SHARD", "LIST")))
        .contains("s2")
        .doesNotContain("s3");

    assertThat(String.valueOf(node.call("RAFTKV.SHARD", "DELETE", "s2", "SYNC"))).contains("done");
    assertThat(create("s4")).contains("done"); // a number is given once
  }

  private static String create(String shard) {
    return String.valueOf(CLUSTER.node("n1").call("RAFTKV.SHARD", "CREATE", shard, "SYNC"));
  }
}
