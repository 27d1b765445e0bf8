package io.raftkv.server;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LogBuffersTest {
  private static final long MB = 1 << 20;

  @Test
  void asManyReplicasAsHaveBuffersAndOneMoreForEverythingElse() {
    LogBuffers buffers = new LogBuffers((int) (64 * MB));
    assertThat(buffers.noRoom(4, 2, 500 * MB)).isEmpty();
    assertThat(buffers.noRoom(4, 3, 500 * MB))
        .startsWith("it has direct memory for the log buffers of 2 more replicas, not of 3, 6");
    assertThat(buffers.noRoom(4, 1, 100 * MB)).contains("of 0 more replicas, not of 1");
  }

  @Test
  void whatThisProcessMayHaveIsKnown() {
    LogBuffers buffers = new LogBuffers(1 << 20);
    assertThat(buffers.noRoom(1, 1)).isEmpty();
    assertThat(buffers.noRoom(1, 1_000_000)).contains("not of 1000000");
  }
}
