package io.raftkv.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.grpc.GrpcConfigKeys;
import org.apache.ratis.server.RaftServerConfigKeys;
import org.apache.ratis.server.RaftServerConfigKeys.Log;
import org.junit.jupiter.api.Test;

class RaftSettingsTest {
  private static RaftProperties properties(int maxEntryBytes) {
    return RaftSettings.of(
        new RaftOptions(
            "n",
            List.of("127.0.0.1"),
            1,
            Path.of("data"),
            Duration.ofSeconds(1),
            Duration.ofSeconds(2),
            maxEntryBytes,
            RaftOptions.smallestSegmentBytes(maxEntryBytes),
            100,
            1 << 30,
            10,
            0));
  }

  /** Each contains the one before with what is wrapped around it. */
  @Test
  void limitsOfSizesFitIntoEachOther() {
    for (int largest : new int[] {1, 4 << 20, 64 << 20, 512 << 20}) {
      RaftProperties p = properties(largest);
      int entry = Log.Appender.bufferByteLimit(p).getSizeInt();
      int buffer = Log.writeBufferSize(p).getSizeInt();
      assertThat(entry).isGreaterThan(largest);
      assertThat(buffer).isGreaterThan(entry + 8);
      assertThat(Log.queueByteLimit(p).getSize()).isGreaterThan(buffer);
      int message = GrpcConfigKeys.messageSizeMax(p, ignored -> {}).getSizeInt();
      assertThat(message).isGreaterThan(entry);
      assertThat(Log.segmentSizeMax(p).getSize())
          .isEqualTo(RaftOptions.smallestSegmentBytes(largest))
          .isGreaterThanOrEqualTo(buffer);
    }
  }

  @Test
  void nothingIsAcknowledgedThatIsNotOnDisk() {
    RaftProperties p = properties(1);
    assertThat(Log.unsafeFlushEnabled(p)).isFalse();
    assertThat(Log.asyncFlushEnabled(p)).isFalse();
  }

  /** Ratis closes its server for good when the process was stopped for longer than this. */
  @Test
  void pausedProcessComesBack() {
    assertThat(RaftServerConfigKeys.closeThreshold(properties(1)).toLong(TimeUnit.DAYS))
        .isGreaterThan(100);
  }
}
