package io.raftkv.raft;

import static io.raftkv.raft.TestCluster.GROUP;
import static io.raftkv.raft.TestCluster.waitUntil;
import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.storage.ShardStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskUsageTest {
  @TempDir Path directory;

  @Test
  void everyFileCountsOnceHoweverManyNamesItHas() throws IOException {
    Path store = Files.createDirectories(directory.resolve("store"));
    Path snapshot = Files.createDirectories(directory.resolve("group/sm/checkpoint"));
    Path table = Files.write(store.resolve("000001.sst"), new byte[1_000]);
    Files.createLink(snapshot.resolve("000001.sst"), table);
    Files.write(snapshot.resolve("CURRENT"), new byte[10]);
    assertThat(DiskUsage.of(store, directory.resolve("group"))).isEqualTo(1_010);
    Files.delete(table);
    assertThat(DiskUsage.of(store, directory.resolve("group"))).isEqualTo(1_010);
    assertThat(DiskUsage.of(directory.resolve("none"))).isZero();
  }

  @Test
  void aReplicaTakesTheRoomOfItsLogToo() throws IOException {
    try (TestCluster cluster = TestCluster.start(directory, 1, 1_000_000)) {
      TestCluster.Node node = cluster.node(0);
      cluster.writeLarge(LongStream.rangeClosed(1, 20).toArray());
      long log = logBytes(node);
      long store = node.replica().withStore(ShardStore::diskUsageBytes);
      assertThat(log).isGreaterThan(store);
      assertThat(node.replica().diskUsageBytes()).isGreaterThanOrEqualTo(log + store / 2);
      Replica stopped = node.replica();
      node.stop();
      waitUntil("stop", () -> !stopped.isAlive());
      assertThat(stopped.diskUsageBytes())
          .as("its files are still there")
          .isGreaterThan(logBytes(node));
    }
  }

  /** An open segment is longer than what is in it. */
  private static long logBytes(TestCluster.Node node) throws IOException {
    return DurableFiles.list(node.groupDirectory(GROUP).resolve("current")).stream()
        .mapToLong(file -> file.toFile().length())
        .sum();
  }
}
