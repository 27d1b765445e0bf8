package io.raftkv.server;

import com.beust.jcommander.ParameterException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.logging.log4j.LogManager;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The program: reads the command line, runs one node and turns its end into an exit code.
 *
 * <p>No logger is made before the configuration is read, for it says how to log.
 */
public final class Main {
  /** Stopped as asked, or healthy. */
  static final int OK = 0;

  /** Could not start, or is not healthy. */
  static final int FAILED = 1;

  /** The command line or a setting is wrong. */
  static final int MISUSED = 2;

  /** A fault stopped the node. */
  static final int FAULT = 3;

  /** The node was removed from its cluster. */
  static final int REMOVED = 4;

  private static final Duration MAX_STOP = Duration.ofSeconds(30);

  /** For the main thread to say so, once the node has stopped. */
  private static final Duration MAX_LAST_LINE = Duration.ofSeconds(5);

  private final ServerFactory factory;
  private final Map<String, String> environment;
  private final PrintStream out;
  private final PrintStream err;

  /** With the environment of the process. */
  public Main(ServerFactory factory, PrintStream out, PrintStream err) {
    this(factory, System.getenv(), out, err);
  }

  Main(ServerFactory factory, Map<String, String> environment, PrintStream out, PrintStream err) {
    this.factory = factory;
    this.environment = environment;
    this.out = out;
    this.err = err;
  }

  /** Runs the program. */
  public static void main(String[] args) {
    // gRPC logs by java.util.logging: its lines go the same way as all others.
    setUnlessGiven("java.util.logging.manager", "org.apache.logging.log4j.jul.LogManager");
    useFastBuffers();
    useFewRaftThreads();
    trustInReleasedBuffers();
    Main program = new Main(Main::startToLiveOrDie, System.out, System.err);
    int code = program.run(args);
    LogManager.shutdown(); // its own shutdown hook is off: the last lines come from ours
    System.exit(code);
  }

  private static RunningServer startToLiveOrDie(ServerConfig config) throws StartupException {
    OutOfMemoryStop.install();
    return ServerAssembly.start(config);
  }

  /**
   * Lets both copies of Netty (Ratis has its own) take direct memory without the JDK clearing it
   * first. The jar's manifest opens what this needs.
   */
  private static void useFastBuffers() {
    String property = "io.netty.tryReflectionSetAccessible";
    setUnlessGiven(property, "true");
    setUnlessGiven("org.apache.ratis.thirdparty." + property, "true");
  }

  /** One event loop carries the Raft traffic of many groups; more only wake each other up. */
  private static void useFewRaftThreads() {
    setUnlessGiven("org.apache.ratis.thirdparty.io.netty.eventLoopThreads", "1");
  }

  /** Netty would note the stack of one buffer in a hundred, which is for its tests and ours. */
  private static void trustInReleasedBuffers() {
    String property = "io.netty.leakDetection.level";
    setUnlessGiven(property, "disabled");
    setUnlessGiven("org.apache.ratis.thirdparty." + property, "disabled");
  }

  private static void setUnlessGiven(String property, String value) {
    if (System.getProperty(property) == null) {
      System.setProperty(property, value);
    }
  }

  /** Does what the arguments ask for; for a server, returns when it has stopped. */
  public int run(String... args) {
    CommandLine line;
    ServerConfig config;
    try {
      line = CommandLine.parse(args);
      if (line.action() == CommandLine.Action.HELP) {
        out.print(HelpText.text());
        return OK;
      }
      if (line.action() == CommandLine.Action.VERSION) {
        out.print(Version.describe());
        return OK;
      }
      config = ConfigLoader.load(line.settings(), environment);
    } catch (ParameterException wrongShape) {
      return misused(wrongShape.getMessage());
    } catch (ConfigException wrongSettings) {
      return misused(wrongSettings.problems().toArray(String[]::new));
    }
    return line.action() == CommandLine.Action.SERVE
        ? serve(config)
        : check(config, line.action() == CommandLine.Action.CHECK_READY);
  }

  private int misused(String... problems) {
    for (String problem : problems) {
      err.println("raftkv: " + problem);
    }
    err.println("Try 'raftkv --help'.");
    return MISUSED;
  }

  private int check(ServerConfig config, boolean readiness) {
    HealthCheck.Result result = HealthCheck.ask(config.listen(), readiness);
    (result.healthy() ? out : err).println(result.text());
    return result.healthy() ? OK : FAILED;
  }

  private int serve(ServerConfig config) {
    setUpLogging(config.logging());
    Logger log = LoggerFactory.getLogger(Main.class);
    log.info("RaftKV {} starts, pid={}", Version.current(), ProcessHandle.current().pid());
    log.info("settings {}", config.toMap());
    RunningServer server;
    try {
      server = factory.start(config);
    } catch (StartupException refused) {
      err.println("raftkv: " + refused.getMessage());
      if (refused.getCause() == null || StartupException.isTrouble(refused)) {
        log.debug("cannot start", refused);
      } else {
        log.error("cannot start", refused);
      }
      return FAILED;
    }
    CountDownLatch told = new CountDownLatch(1);
    Thread hook =
        new Thread(() -> stopAtSignal(server, log, told, LogManager::shutdown), "raftkv-shutdown");
    Runtime.getRuntime().addShutdownHook(hook);
    log.info("started: {}", server.describe());
    try {
      server.terminated().toCompletableFuture().join();
      log.info("stopped");
      return OK;
    } catch (CompletionException | CancellationException fault) {
      if (fault.getCause() instanceof RemovedException removed) {
        log.error("stopped, and not to be started with this data again: {}", removed.getMessage());
        closeWithin(server, log);
        return REMOVED;
      }
      log.error("stopped by a fault", fault.getCause() == null ? fault : fault.getCause());
      closeWithin(server, log);
      return FAULT;
    } finally {
      told.countDown();
      removeQuietly(hook);
    }
  }

  private static void setUpLogging(ServerConfig.Logging logging) {
    // Read by log4j2.xml when the first logger is made.
    System.setProperty("raftkv.log.format", logging.format().name().toLowerCase(Locale.ROOT));
    System.setProperty("raftkv.log.level", logging.level().name());
  }

  /**
   * Stops the server and then the log, whose last line is the main thread's.
   *
   * @param told when the main thread has nothing more to log
   */
  static void stopAtSignal(
      RunningServer server, Logger log, CountDownLatch told, Runnable endOfLog) {
    log.info("stopping");
    try {
      if (closeWithin(server, log)
          && !told.await(MAX_LAST_LINE.toMillis(), TimeUnit.MILLISECONDS)) {
        log.warn("stopped, but the main thread does not say so");
      }
    } catch (InterruptedException hurry) {
      Thread.currentThread().interrupt();
    }
    endOfLog.run();
  }

  /** A node that cannot stop must not keep a faulty process alive. True if it has stopped. */
  private static boolean closeWithin(RunningServer server, Logger log) {
    Thread closer = new Thread(server::close, "raftkv-close");
    closer.setDaemon(true);
    closer.start();
    try {
      closer.join(MAX_STOP.toMillis());
    } catch (InterruptedException hurry) {
      Thread.currentThread().interrupt();
      return false;
    }
    if (closer.isAlive()) {
      log.error("still not stopped after {}, giving up", MAX_STOP);
      return false;
    }
    return true;
  }

  private static void removeQuietly(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException shuttingDown) {
      // The hook is running: it is what made the server stop.
    }
  }
}
