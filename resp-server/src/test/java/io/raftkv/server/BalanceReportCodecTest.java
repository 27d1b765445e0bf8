package io.raftkv.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.meta.balance.BalanceReport;
import io.raftkv.meta.balance.BalanceReport.Imbalance;
import io.raftkv.meta.balance.BalanceReport.NodeFigures;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class BalanceReportCodecTest {
  private static final BalanceReport REPORT =
      new BalanceReport(
          List.of(new NodeFigures("n1", 3, 1, 1L << 40, 70), new NodeFigures("n2", 0, 0, 0, 0)),
          new Imbalance(1L << 40, 5),
          new Imbalance(1_070, 500),
          "all is balanced: \u00fc",
          List.of("x".repeat(100_000), ""),
          "job j1 goes on");

  @Test
  void reportComesBackAsItWas() {
    assertThat(BalanceReportCodec.decode(BalanceReportCodec.encode(REPORT))).isEqualTo(REPORT);
  }

  @Test
  void reportThatIsCutOffIsRefused() {
    byte[] whole = BalanceReportCodec.encode(REPORT);
    for (int length = 0; length < whole.length; length += length < 200 ? 1 : 997) {
      byte[] cut = Arrays.copyOf(whole, length);
      assertThatThrownBy(() -> BalanceReportCodec.decode(cut))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }
}
