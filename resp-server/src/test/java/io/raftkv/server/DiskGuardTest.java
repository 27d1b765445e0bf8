package io.raftkv.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.shard.Admission;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class DiskGuardTest {
  private long free = 10_000;
  private long own;
  private boolean broken;
  private boolean writable = true;
  private final DiskGuard guard =
      new DiskGuard(
          Path.of("data"),
          () -> {
            if (broken) {
              throw new IOException("gone");
            }
            return free;
          },
          1_600,
          () -> own,
          () -> writable);

  private Admission after(long bytes) throws IOException {
    free = bytes;
    guard.check();
    return guard.admission();
  }

  @Test
  void writesThatStoreSomethingAreRefusedFirst() throws IOException {
    assertThat(guard.admission()).isEqualTo(Admission.EVERYTHING);
    assertThat(after(1_600)).isEqualTo(Admission.EVERYTHING);
    assertThat(after(1_599)).isEqualTo(Admission.NO_GROWTH);
    assertThat(after(0)).isEqualTo(Admission.NOTHING);
    assertThat(after(5_000)).isEqualTo(Admission.EVERYTHING);
  }

  @Test
  void whatTheStoresWriteByThemselvesIsNotFreeForOthers() throws IOException {
    own = 3_000;
    assertThat(after(4_600)).isEqualTo(Admission.EVERYTHING);
    assertThat(after(4_599)).isEqualTo(Admission.NO_GROWTH);
    assertThat(after(400)).as("it is free to delete").isEqualTo(Admission.NO_GROWTH);
    assertThat(after(399)).isEqualTo(Admission.NOTHING);
    own = 0;
    assertThat(after(1_700)).isEqualTo(Admission.EVERYTHING);
  }

  @Test
  void allWritesAreRefusedBelowAQuarterOfTheBound() throws IOException {
    assertThat(after(400)).isEqualTo(Admission.NO_GROWTH);
    assertThat(after(399)).isEqualTo(Admission.NOTHING);
    assertThat(after(424)).isEqualTo(Admission.NOTHING);
    assertThat(after(425)).isEqualTo(Admission.NO_GROWTH);
    assertThat(after(400)).isEqualTo(Admission.NO_GROWTH);
  }

  @Test
  void writesDoNotFlickerAtTheBound() throws IOException {
    assertThat(after(1_599)).isEqualTo(Admission.NO_GROWTH);
    assertThat(after(1_600)).isEqualTo(Admission.NO_GROWTH);
    assertThat(after(1_699)).isEqualTo(Admission.NO_GROWTH);
    assertThat(after(1_700)).isEqualTo(Admission.EVERYTHING);
    assertThat(after(1_600)).isEqualTo(Admission.EVERYTHING);
  }

  @Test
  void aStoreThatCannotWriteRefusesToo() throws IOException {
    writable = false;
    assertThat(after(10_000)).isEqualTo(Admission.NOTHING);
    writable = true;
    assertThat(after(10_000)).isEqualTo(Admission.EVERYTHING);
  }

  @Test
  void aDiskThatCannotBeLookedAtLeavesThingsAsTheyAre() throws IOException {
    assertThat(after(0)).isEqualTo(Admission.NOTHING);
    broken = true;
    assertThatThrownBy(guard::check).isInstanceOf(IOException.class);
    assertThat(guard.admission()).isEqualTo(Admission.NOTHING);
  }
}
