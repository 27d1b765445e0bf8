package io.raftkv.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DataDirectoryTest {
  @TempDir Path temp;

  /** Run as a process of its own: holds a lock until its standard input ends. */
  static final class LockHolder {
    public static void main(String[] args) throws Exception {
      try (DataDirectory held = DataDirectory.open(Path.of(args[0]), "n1")) {
        System.out.print(held.nodeId());
        System.out.flush();
        System.in.read();
      }
    }
  }

  @Test
  void directoryIsCreatedAndKeepsNodeClusterAndTimeOfCreation() throws StartupException {
    Path path = temp.resolve("deep").resolve("data");
    Instant created;
    try (DataDirectory first = DataDirectory.open(path, "n1")) {
      assertThat(first.clusterId()).isEmpty();
      first.rememberClusterId("c-7");
      first.rememberClusterId("c-7");
      created = first.created();
    }
    try (DataDirectory again = DataDirectory.open(path, "n1")) {
      assertThat(again.nodeId()).isEqualTo("n1");
      assertThat(again.clusterId()).contains("c-7");
      assertThat(again.created()).isEqualTo(created);
      assertThat(again.path()).isAbsolute();
    }
  }

  @Test
  void anotherProcessIsRefusedWithThePidOfTheHolder() throws Exception {
    Path path = temp.resolve("data");
    Process holder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                LockHolder.class.getName(),
                path.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try {
      InputStream out = holder.getInputStream();
      assertThat(new String(out.readNBytes(2), StandardCharsets.US_ASCII)).isEqualTo("n1");

      assertThatThrownBy(() -> DataDirectory.open(path, "n1"))
          .isInstanceOf(StartupException.class)
          .hasMessageContaining(path.toString())
          .hasMessageContaining("pid " + holder.pid());

      holder.getOutputStream().close();
      assertThat(holder.waitFor(30, TimeUnit.SECONDS)).isTrue();
      DataDirectory.open(path, "n1").close();
    } finally {
      holder.destroyForcibly();
    }
  }

  @Test
  void thisProcessIsRefusedToo() throws StartupException {
    try (DataDirectory held = DataDirectory.open(temp, "n1")) {
      assertThatThrownBy(() -> DataDirectory.open(held.path(), "n1"))
          .isInstanceOf(StartupException.class)
          .hasMessageContaining("in use by this very process");
    }
  }

  @Test
  void afterARefusalTheDirectoryCanBeOpened() throws StartupException {
    DataDirectory.open(temp, "n1").close();
    assertThatThrownBy(() -> DataDirectory.open(temp, "n2"))
        .isInstanceOf(StartupException.class)
        .hasMessageContaining("belongs to node n1, not n2")
        .hasMessageContaining("--node-id n1");
    DataDirectory.open(temp, "n1").close();
  }

  @Test
  void anotherClusterIsRefused() throws StartupException {
    try (DataDirectory data = DataDirectory.open(temp, "n1")) {
      data.rememberClusterId("c-1");
      assertThatThrownBy(() -> data.rememberClusterId("c-2"))
          .isInstanceOf(StartupException.class)
          .hasMessageContaining("c-1")
          .hasMessageContaining("c-2");
      assertThat(data.clusterId()).contains("c-1");
    }
  }

  @Test
  void aNewerFormatIsRefused() throws Exception {
    Files.writeString(temp.resolve("NODE"), "format 4\nsomething new\n");
    assertThatThrownBy(() -> DataDirectory.open(temp, "n1"))
        .isInstanceOf(StartupException.class)
        .hasMessageContaining("has format 4, this version reads up to 3");
  }

  @Test
  void nodeThatJoinsRemembersWhereAndIsNoFounderAnyMore() throws Exception {
    HostPort seed = new HostPort("::1", 7001);
    try (DataDirectory data = DataDirectory.open(temp, "n4")) {
      assertThat(data.joinedBy()).isEmpty();
      data.rememberJoining(new HostPort("old", 1));
      data.rememberJoining(seed);
    }
    try (DataDirectory data = DataDirectory.open(temp, "n4")) {
      assertThat(data.joinedBy()).contains(seed);
      data.rememberClusterId("c-7");
      data.rememberJoining(new HostPort("later", 1));
      data.forgetJoining();
    }
    assertThat(Files.readAllLines(temp.resolve("NODE")))
        .startsWith("format 2", "node-id n4", "cluster-id c-7", "joined-by later:1");
  }

  @Test
  void nodeThatJoinedHasArrivedWhenThatIsNoted() throws Exception {
    try (DataDirectory founder = DataDirectory.open(temp.resolve("founder"), "n1")) {
      assertThat(founder.hasArrived()).isTrue();
      assertThat(founder.memberSince()).isZero();
    }
    Path joiner = temp.resolve("joiner");
    try (DataDirectory data = DataDirectory.open(joiner, "n4")) {
      data.rememberJoining(new HostPort("h", 1));
      assertThat(data.hasArrived()).isFalse();
      data.rememberArrival(300);
    }
    try (DataDirectory data = DataDirectory.open(joiner, "n4")) {
      assertThat(data.hasArrived()).isTrue();
      assertThat(data.memberSince()).isEqualTo(300);
      assertThat(Files.readAllLines(joiner.resolve("NODE")))
          .startsWith("format 3", "node-id n4", "joined-by h:1", "member-since 300");
      data.forgetArrival();
      assertThat(data.hasArrived()).isFalse();
    }
    assertThat(Files.readAllLines(joiner.resolve("NODE"))).startsWith("format 2");
  }

  @Test
  void directoryOfARemovedNodeIsNotUsedAgain() throws Exception {
    try (DataDirectory data = DataDirectory.open(temp, "n1")) {
      data.rememberClusterId("c-1");
      data.rememberRemoval("node n2 says so");
    }
    assertThat(Files.readAllLines(temp.resolve("NODE"))).startsWith("format 3");
    assertThatThrownBy(() -> DataDirectory.open(temp, "n1"))
        .isInstanceOf(StartupException.class)
        .hasMessageContaining("was removed from its cluster: node n2 says so")
        .hasMessageContaining("node n1 needs an empty --data-dir");
  }

  @Test
  void whoHasNotJoinedKeepsAnUsedDirectoryFromJoining() throws Exception {
    try (DataDirectory data = DataDirectory.open(temp.resolve("founder"), "n1")) {
      data.rememberClusterId("c-1");
      assertThatThrownBy(() -> data.rememberJoining(new HostPort("h", 1)))
          .isInstanceOf(StartupException.class)
          .hasMessageContaining("c-1")
          .hasMessageContaining("--data-dir")
          .hasMessageContaining("--join");
    }
    try (DataDirectory data = DataDirectory.open(temp.resolve("unformed"), "n1")) {
      Files.createDirectories(data.resolve("raft").resolve("groups"));
      data.rememberJoining(new HostPort("h", 1));
      data.forgetJoining();
      assertThat(data.joinedBy()).isEmpty();
      assertThat(Files.readAllLines(data.resolve("NODE"))).startsWith("format 1");
      Files.createDirectories(data.resolve("raft").resolve("groups").resolve("g"));
      assertThatThrownBy(() -> data.rememberJoining(new HostPort("h", 1)))
          .isInstanceOf(StartupException.class)
          .hasMessageContaining("has been used");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "format 2\nnode-id n1\njoined-by nowhere\ncreated 2026-11-21T07:01:02Z\n",
        "format 3\nnode-id n1\nmember-since x\ncreated 2026-11-21T07:01:02Z\n",
        "format one\n",
        "format 1\nnode-id n1\n",
        "format 1\nnode-id n1\ncreated never\n",
        "format 1\nformat 1\n",
        "\0\0\0"
      })
  void aDamagedNodeFileIsRefusedAndLeftAsItIs(String content) throws Exception {
    Path file = Files.writeString(temp.resolve("NODE"), content);
    assertThatThrownBy(() -> DataDirectory.open(temp, "n1"))
        .isInstanceOf(StartupException.class)
        .hasMessageContaining("is damaged");
    assertThat(file).hasContent(content);
  }

  @Test
  void aDirectoryOfSomethingElseIsRefused() throws Exception {
    Files.writeString(temp.resolve("holiday.jpg"), "");
    assertThatThrownBy(() -> DataDirectory.open(temp, "n1"))
        .isInstanceOf(StartupException.class)
        .hasMessageContaining("holiday.jpg");
    assertThat(temp.resolve("NODE")).doesNotExist();
  }

  @Test
  void aCrashBeforeTheNodeFileWasInPlaceIsRepaired() throws Exception {
    Files.writeString(temp.resolve("LOCK"), "1\n");
    Files.writeString(temp.resolve("NODE.tmp"), "format 1\nnode-");
    try (DataDirectory data = DataDirectory.open(temp, "n1")) {
      assertThat(data.nodeId()).isEqualTo("n1");
    }
  }

  @Test
  void aFileInTheDirectorysPlaceIsRefused() throws Exception {
    Path file = temp.resolve("file");
    FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE).close();
    assertThatThrownBy(() -> DataDirectory.open(file, "n1"))
        .isInstanceOf(StartupException.class)
        .hasMessageContaining("cannot use data directory");
  }
}
