package io.raftkv.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.shard.Admission;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class SpaceReclaimTest {
  private Admission admission = Admission.EVERYTHING;
  private long room = 1_000;
  private long given;
  private boolean fails;
  private int rounds;
  private final SpaceReclaim reclaim =
      new SpaceReclaim(
          () -> admission,
          () -> room,
          () -> {
            rounds++;
            room += given;
            if (fails) {
              throw new IOException("no space");
            }
          });

  private int roundsOf(int calls) throws IOException {
    rounds = 0;
    for (int i = 0; i < calls; i++) {
      reclaim.run();
    }
    return rounds;
  }

  @Test
  void nothingIsDoneWithEnoughRoom() throws IOException {
    assertThat(roundsOf(10)).isZero();
  }

  @Test
  void goesOnWhileThereIsLittleRoom() throws IOException {
    admission = Admission.NO_GROWTH;
    assertThat(roundsOf(10)).isEqualTo(10);
    admission = Admission.NOTHING;
    assertThat(roundsOf(10)).isEqualTo(10);
  }

  @Test
  void endsAfterTwoRoundsThatGaveNothing() throws IOException {
    admission = Admission.NO_GROWTH;
    roundsOf(1);
    admission = Admission.EVERYTHING;
    assertThat(roundsOf(10)).isEqualTo(2);
    assertThat(roundsOf(10)).isZero();
  }

  @Test
  void goesOnAsLongAsItGivesSomething() throws IOException {
    admission = Admission.NO_GROWTH;
    roundsOf(1);
    admission = Admission.EVERYTHING;
    given = 500;
    assertThat(roundsOf(5)).isEqualTo(5);
    given = 10; // what a busy log gives again and again
    assertThat(roundsOf(10)).isEqualTo(2);
  }

  @Test
  void aRoundThatFailsIsFollowedByOthers() throws IOException {
    admission = Admission.NO_GROWTH;
    fails = true;
    assertThatThrownBy(reclaim::run).isInstanceOf(IOException.class);
    fails = false;
    admission = Admission.EVERYTHING;
    assertThat(roundsOf(10)).isPositive();
  }
}
