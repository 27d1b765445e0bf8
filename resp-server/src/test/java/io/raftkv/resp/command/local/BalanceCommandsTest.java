package io.raftkv.resp.command.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.meta.Balancing;
import io.raftkv.meta.JobInfo;
import io.raftkv.meta.MetaCommand;
import io.raftkv.meta.balance.BalanceReport;
import io.raftkv.meta.balance.BalanceReport.Imbalance;
import io.raftkv.meta.balance.BalanceReport.NodeFigures;
import io.raftkv.meta.job.JobPlans;
import io.raftkv.meta.job.JobRefusedException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class BalanceCommandsTest {
  private final FakeNode node = FakeNode.ofCluster(4, 4, 3);
  private final LocalClient client = new LocalClient(node);

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '`',
      textBlock =
          """
          raftkv.balance                ~ -ERR wrong number of arguments for 'raftkv.balance' command|
          raftkv.balance on now         ~ -ERR wrong number of arguments for 'raftkv.balance|on' command|
          raftkv.balance dry-run 0      ~ -ERR the number of entries must be from 1 to 1000|
          raftkv.balance dry-run 5 6    ~ -ERR wrong number of arguments for 'raftkv.balance|dry-run' command|
          raftkv.balance status         ~ -CLUSTERDOWN the leader of the metadata group does not answer (silent)|
          raftkv.balance dry-run        ~ -CLUSTERDOWN the leader of the metadata group does not answer (silent)|
          """)
  void mistakesAreNamedAndChangeNothing(String command, String reply) {
    long version = node.cluster().version();
    assertThat(client.send(command)).isEqualTo(reply);
    assertThat(node.cluster().version()).isEqualTo(version);
  }

  @ParameterizedTest
  @EnumSource
  void modeIsSet(Balancing mode) {
    assertThat(client.send("raftkv.balance " + mode.text())).isEqualTo("+OK|");
    assertThat(node.cluster().balancing()).isEqualTo(mode);
    assertThat(client.send("raftkv.balance " + mode.text())).as("again").isEqualTo("+OK|");
  }

  @Test
  void modeThatIsNotAgreedOnIsUncertain() {
    node.isMetadataReachable = false;
    assertThat(client.send("raftkv.balance on")).startsWith("-UNCERTAIN ");
  }

  @Test
  void statusTellsOfNodesAndOfWhatWasDone() throws JobRefusedException {
    node.balance =
        new BalanceReport(
            List.of(new NodeFigures("n1", 3, 1, 1_000, 70), new NodeFigures("n9", 0, 0, 0, 0)),
            new Imbalance(5, 6),
            new Imbalance(7, 8),
            "j1 goes on",
            List.of(),
            "");
    MetaCommand.StartJob move =
        JobPlans.migrate(node.cluster(), "s1", Optional.of("n1"), Optional.of("n4"));
    node.apply(
        new MetaCommand.StartJob(
            move.plan()
                .withArguments(
                    new TreeMap<>(
                        Map.of(
                            JobInfo.ORIGIN,
                            JobInfo.REPAIR,
                            JobInfo.REASON,
                            "n1 is lost",
                            JobInfo.AFTER,
                            ""))),
            move.edits()));

    String status = client.send("raftkv.balance status");

    assertThat(node.maxMoves).isZero();
    assertThat(status)
        .contains("$4|mode|$6|repair|")
        .contains("$4|node|$2|n1|$5|state|$6|online|$8|replicas|:3|$5|bytes|:1000|")
        .contains("$7|leaders|:1|$14|ops-per-second|:70|")
        .contains("$4|node|$2|n9|$5|state|$-1|")
        .contains("$15|imbalance-bytes|:5|$15|threshold-bytes|:6|")
        .contains("$13|imbalance-ops|:7|$13|threshold-ops|:8|")
        .contains("$4|next|$10|j1 goes on|")
        .contains("j1 migrate of s1 by repair, running: n1 is lost|");
    assertThat(client.send("raftkv.job status j1"))
        .contains("$2|by|$6|repair|", "$6|reason|$10|n1 is lost|");
  }

  @Test
  void dryRunListsMoves() {
    node.balance =
        new BalanceReport(
            List.of(),
            new Imbalance(0, 0),
            new Imbalance(0, 0),
            "",
            List.of("replica of s1 from n1 to n4: x"),
            "");
    assertThat(client.send("raftkv.balance dry-run 7"))
        .contains("$5|moves|*1|$30|replica of s1 from n1 to n4: x|", "$8|obstacle|$-1|");
    assertThat(node.maxMoves).isEqualTo(7);
    client.send("raftkv.balance dry-run");
    assertThat(node.maxMoves).isEqualTo(100);
  }
}
