package io.raftkv.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.storage.CorruptStoreException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class MainTest {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private final Map<String, String> environment = new HashMap<>();
  private final FakeServer server = new FakeServer();
  private ServerConfig started;

  private static final class FakeServer implements RunningServer {
    final CompletableFuture<Void> terminated = new CompletableFuture<>();
    int closed;

    @Override
    public String describe() {
      return "a fake";
    }

    @Override
    public CompletionStage<Void> terminated() {
      return terminated;
    }

    @Override
    public void close() {
      closed++;
    }
  }

  private int run(String... args) {
    return runWith(
        config -> {
          started = config;
          return server;
        },
        args);
  }

  private int runWith(ServerFactory factory, String... args) {
    return new Main(
            factory,
            environment,
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8))
        .run(args);
  }

  private String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  private String err() {
    return err.toString(StandardCharsets.UTF_8);
  }

  @Test
  void helpNamesEverySettingWithItsDefaultAndFitsTheScreen() {
    assertThat(run("--help")).isEqualTo(Main.OK);
    assertThat(ServerSettings.ALL)
        .allSatisfy(setting -> assertThat(out()).contains("  " + setting.flag() + " "));
    assertThat(out().lines()).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(100));
    assertThat(out()).contains("[./raftkv-data]", "redis-cli");
    assertThat(started).isNull();
  }

  @Test
  void helpAndVersionWorkBehindASubcommandToo() {
    assertThat(run("server", "-h")).isEqualTo(Main.OK);
    assertThat(out()).startsWith("RaftKV");
    assertThat(run("healthcheck", "--version")).isEqualTo(Main.OK);
    assertThat(out())
        .contains("Ratis 3.", "RocksDB ", "Netty 4.", "Java " + Runtime.version().feature());
  }

  @Test
  void aServerThatStopsAsAskedGivesZero() {
    server.terminated.complete(null);
    environment.put("RAFTKV_DATABASES", "5");

    assertThat(run("--port", "7000", "--bind", "-::1")).isEqualTo(Main.OK);

    assertThat(started.listen().port()).isEqualTo(7000);
    assertThat(started.listen().bind()).containsExactly(new BindAddress("::1", true));
    assertThat(started.clients().databases()).isEqualTo(5);
  }

  @Test
  void theSubcommandServerMayBeWrittenOut() {
    server.terminated.complete(null);

    assertThat(run("server", "--port=7000", "--requirepass", "@\"quoted\"")).isEqualTo(Main.OK);

    assertThat(started.listen().port()).isEqualTo(7000);
    assertThat(started.security().password().map(Secret::value)).contains("@\"quoted\"");
  }

  @Test
  void aNodeThatWasRemovedIsToldApartFromAFault() {
    server.terminated.completeExceptionally(new RemovedException("node n2 says so"));
    assertThat(run()).isEqualTo(Main.REMOVED);
  }

  /** Else the line "stopped" may find the log closed. */
  @Test
  void theLogEndsWhenTheMainThreadHasSaidItsLastLine() throws InterruptedException {
    CountDownLatch told = new CountDownLatch(1);
    BlockingQueue<Long> stillToTell = new LinkedBlockingQueue<>();
    Thread hook =
        new Thread(
            () ->
                Main.stopAtSignal(
                    server,
                    LoggerFactory.getLogger(MainTest.class),
                    told,
                    () -> stillToTell.add(told.getCount())));
    hook.start();
    assertThat(stillToTell.poll(500, TimeUnit.MILLISECONDS)).as("it waits").isNull();
    told.countDown();
    hook.join();
    assertThat(server.closed).isEqualTo(1);
    assertThat(stillToTell).containsExactly(0L);
  }

  @Test
  void aFaultIsClosedAndGivesThree() {
    server.terminated.completeExceptionally(new IllegalStateException("a disk broke"));

    assertThat(run()).isEqualTo(Main.FAULT);
    assertThat(server.closed).isEqualTo(1);
  }

  @Test
  void aRefusedStartGivesOneAndItsReason() {
    int code =
        runWith(
            config -> {
              throw new StartupException("the directory is taken");
            });

    assertThat(code).isEqualTo(Main.FAILED);
    assertThat(err()).contains("raftkv: the directory is taken");
  }

  /** A port that is taken, say. What is not foreseen is told with its place in the program. */
  @Test
  void onlyAFaultOfTheProgramIsToldWithAStack() {
    IOException taken = new IOException("cannot listen", new BindException("in use"));
    assertThat(StartupException.isTrouble(new StartupException("cannot listen", taken))).isTrue();
    assertThat(
            StartupException.isTrouble(
                new IOException(
                    "Ratis did not do it",
                    new ExecutionException(new CorruptStoreException("000012.sst is damaged")))))
        .isTrue();
    assertThat(StartupException.isTrouble(new UncheckedIOException(taken))).isTrue();
    for (Throwable bug :
        List.of(
            new IllegalStateException("a bug"),
            new IOException("Ratis did not do it", new ExecutionException(new Error("a bug"))))) {
      assertThat(StartupException.isTrouble(new StartupException("cannot start", bug))).isFalse();
    }
    assertThat(StartupException.isTrouble(null)).isFalse();
  }

  @Test
  void wrongSettingsGiveTwoAndEveryReason() {
    assertThat(run("--prot", "1", "--databases", "0")).isEqualTo(Main.MISUSED);
    assertThat(err())
        .contains("raftkv: unknown flag --prot, did you mean --port?")
        .contains("raftkv: databases must be a number from 1 to 16, not '0' (flag --databases)")
        .contains("raftkv --help");
    assertThat(started).isNull();
  }

  @Test
  void anUnknownSubcommandGivesTwo() {
    assertThat(run("serve")).isEqualTo(Main.MISUSED);
    assertThat(err()).contains("serve");
  }

  @Test
  void healthcheckOfNoServerGivesOne() {
    assertThat(run("healthcheck", "--http-port", "off")).isEqualTo(Main.FAILED);
    assertThat(err()).contains("http-port is off");
  }
}
