package io.raftkv.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.resp.reply.RespErrors;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class DiskGuardTest {
  private long free = 10_000;
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
          () -> writable);

  private String after(long bytes) throws IOException {
    free = bytes;
    guard.check();
    return guard.readOnlyReason();
  }

  @Test
  void writesAreRefusedWhileTheDiskIsNearlyFull() throws IOException {
    assertThat(guard.readOnlyReason()).isNull();
    assertThat(after(1_600)).isNull();
    assertThat(after(1_599)).isEqualTo(RespErrors.DISK_FULL);
    assertThat(after(0)).isEqualTo(RespErrors.DISK_FULL);
    assertThat(after(5_000)).isNull();
  }

  @Test
  void writesDoNotFlickerAtTheBound() throws IOException {
    assertThat(after(1_599)).isNotNull();
    assertThat(after(1_600)).isNotNull();
    assertThat(after(1_699)).isNotNull();
    assertThat(after(1_700)).isNull();
    assertThat(after(1_600)).isNull();
  }

  @Test
  void aStoreThatCannotWriteRefusesToo() throws IOException {
    writable = false;
    assertThat(after(10_000)).isEqualTo(RespErrors.DISK_FULL);
    writable = true;
    assertThat(after(10_000)).isNull();
  }

  @Test
  void aDiskThatCannotBeLookedAtLeavesThingsAsTheyAre() throws IOException {
    assertThat(after(0)).isNotNull();
    broken = true;
    assertThatThrownBy(guard::check).isInstanceOf(IOException.class);
    assertThat(guard.readOnlyReason()).isNotNull();
  }
}
