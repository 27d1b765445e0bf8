package io.raftkv.meta;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class NodeSpecTest {
  /** Its clock was set back, or it is another machine's: it would be taken for an older process. */
  @Test
  void processWhoseClockIsBehindStartedAfterTheOneBeforeAllTheSame() {
    NodeSpec before = Samples.node(1, 100);
    assertThat(Samples.node(1, 50).startedAfter(before)).isEqualTo(Samples.node(1, 101));
    for (long same : new long[] {100, 170}) {
      assertThat(Samples.node(1, same).startedAfter(before)).isEqualTo(Samples.node(1, same));
    }
  }
}
