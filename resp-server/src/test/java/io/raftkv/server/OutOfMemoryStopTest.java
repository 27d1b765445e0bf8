package io.raftkv.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Marker;
import org.apache.logging.log4j.core.Filter;
import org.apache.logging.log4j.core.Logger;
import org.apache.logging.log4j.core.LoggerContext;
import org.apache.logging.log4j.core.filter.AbstractFilter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

/** In processes of their own, which have no flag that makes the JVM do it. */
class OutOfMemoryStopTest {
  /** How a want of memory comes to light. */
  enum Way {
    NOBODY_CATCHES_IT {
      @Override
      void happen() {
        new Thread(OutOfMemoryStopTest::fillTheHeap).start();
      }
    },
    AN_EVENT_LOOP_CATCHES_IT {
      @Override
      void happen() {
        new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory())
            .execute(OutOfMemoryStopTest::fillTheHeap);
      }
    },
    A_LIBRARY_WRAPS_IT_AND_LOGS_IT_AT_A_LEVEL_THAT_IS_OFF {
      @Override
      void happen() {
        try {
          fillTheHeap();
        } catch (OutOfMemoryError caught) {
          KEPT.clear();
          LoggerFactory.getLogger("org.apache.ratis.thirdparty.io.netty")
              .debug("task {} of {} failed", 1, 2, new CompletionException(caught));
        }
      }
    },
    THE_LOG_NEVER_TAKES_THE_LINE {
      @Override
      void happen() {
        ((LoggerContext) LogManager.getContext(false)).addFilter(new Blocking());
        new Thread(OutOfMemoryStopTest::fillTheHeap).start();
      }
    },
    NO_DIRECT_MEMORY {
      @Override
      void happen() {
        new Thread(() -> LoggerFactory.getLogger("io.raftkv").warn("no", new FromNetty())).start();
      }
    };

    abstract void happen();
  }

  /** As a log whose disk hangs. */
  private static final class Blocking extends AbstractFilter {
    Blocking() {
      start();
    }

    @Override
    public Filter.Result filter(
        Logger logger, Level level, Marker marker, Object message, Throwable fault) {
      while (true) {
        LockSupport.park();
      }
    }
  }

  /** As Netty's, which has no public constructor. */
  private static final class FromNetty extends OutOfMemoryError {
    private static final long serialVersionUID = 1;
  }

  private static final List<byte[]> KEPT = new ArrayList<>();

  private static void fillTheHeap() {
    for (int bytes = 1 << 20; ; ) {
      try {
        KEPT.add(new byte[bytes]);
      } catch (OutOfMemoryError full) {
        if (bytes == 64) {
          throw full;
        }
        bytes /= 2;
      }
    }
  }

  /** What the processes run: one that has a way named, and else one with another fault only. */
  public static void main(String[] args) throws InterruptedException {
    OutOfMemoryStop.install();
    if (args.length > 0) {
      Way.valueOf(args[0]).happen();
      new CountDownLatch(1).await(); // half living, until somebody ends it
    }
    Thread faulty =
        new Thread(
            () -> {
              throw new IllegalStateException("another fault");
            });
    faulty.start();
    faulty.join();
    LoggerFactory.getLogger("io.raftkv").warn("and one more", new StackOverflowError());
  }

  private record Ended(int code, String output) {}

  private static Ended run(String... args) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx32m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add(OutOfMemoryStopTest.class.getName());
    command.addAll(List.of(args));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try {
      boolean ended = process.waitFor(30, TimeUnit.SECONDS);
      assertThat(ended).as("the process ends").isTrue();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return new Ended(process.exitValue(), output);
    } finally {
      process.destroyForcibly();
    }
  }

  @ParameterizedTest
  @EnumSource
  void wantOfMemoryEndsTheProcessAndIsSaid(Way way) throws IOException, InterruptedException {
    Ended ended = run(way.name());

    assertThat(ended.code()).as(ended.output()).isEqualTo(Main.FAULT);
    assertThat(ended.output()).containsOnlyOnce("out of memory: this process ends");
  }

  @Test
  void otherFaultsAreLoggedOnly() throws IOException, InterruptedException {
    Ended ended = run();

    assertThat(ended.code()).as(ended.output()).isEqualTo(Main.OK);
    assertThat(ended.output()).contains("another fault", "and one more", "StackOverflowError");
  }
}
