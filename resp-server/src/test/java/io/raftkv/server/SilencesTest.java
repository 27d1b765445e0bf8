package io.raftkv.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class SilencesTest {
  private static final List<String> NODES = List.of("n1", "n2");

  private final Silences silences = new Silences();

  private static long millis(long millis) {
    return TimeUnit.MILLISECONDS.toNanos(millis);
  }

  @Test
  void whoMissesQuestionsForAWhileIsSilent() {
    silences.missed("n2", millis(0));
    silences.missed("n2", millis(700));
    assertThat(silences.among(NODES, millis(900))).as("two of them").isEmpty();
    silences.missed("n2", millis(900));
    assertThat(silences.among(NODES, millis(900))).containsExactly("n2");
    assertThat(silences.among(List.of("n1"), millis(900))).isEmpty();
    silences.answered("n2");
    assertThat(silences.among(NODES, millis(901))).isEmpty();
  }

  /** A link that is broken answers many questions in no time, and may be there again soon. */
  @Test
  void manyQuestionsAtOnceAreNoSilence() {
    for (int i = 0; i < 50; i++) {
      silences.missed("n1", millis(i));
    }
    assertThat(silences.among(NODES, millis(599))).isEmpty();
    assertThat(silences.among(NODES, millis(600))).containsExactly("n1");
  }
}
