package io.raftkv.it.cluster;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class QuietLogTest {
  private static final String INFO = "2026-11-21 17:58:55.405 INFO  [server] RaftKV starts, pid=1";

  @Test
  void linesOfLevelInfoAreQuiet() {
    List<String> lines =
        List.of(
            "---- java -jar raftkv.jar",
            INFO,
            "2026-11-21 17:58:56.001 WARN  [JvmPauseMonitor] JvmPauseMonitor-n1: Detected pause in"
                + " JVM or host machine approximately 0.4s without any GCs.",
            "2026-11-21 17:58:57.861 WARN  [FollowerState] Unexpected long sleep: sleep 269ms but"
                + " took extra 538948956ns (> threshold = 300ms)");
    assertThatCode(() -> QuietLog.check("n1", lines)).doesNotThrowAnyException();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "2026-11-21 17:58:55.405 WARN  [raft] no leader for long shard=s1",
        "2026-11-21 17:58:55.405 ERROR [server] replica stopped shard=s1",
        "\tat io.raftkv.server.Main.main(Main.java:57)",
        "OpenJDK 64-Bit Server VM warning: something",
        "SLF4J: no providers were found",
      })
  void everythingElseIsNamedWithItsNode(String line) {
    assertThatThrownBy(() -> QuietLog.check("n2", List.of(INFO, line, INFO)))
        .isInstanceOf(AssertionError.class)
        .hasMessageContainingAll("n2", line);
  }
}
