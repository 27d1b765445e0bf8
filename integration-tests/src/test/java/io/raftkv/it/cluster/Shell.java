package io.raftkv.it.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Runs programs to their end, with a deadline. */
public final class Shell {
  private static final Duration DEADLINE = Duration.ofSeconds(20);

  private Shell() {}

  /** What a finished program left. */
  public record Result(int exitCode, String output) {}

  /** Runs the program and fails unless it exits with 0; returns what it printed. */
  public static String run(String... command) {
    Result result = tryRun(DEADLINE, List.of(command));
    if (result.exitCode() != 0) {
      throw new IllegalStateException(
          String.join(" ", command) + " exited with " + result.exitCode() + ": " + result.output());
    }
    return result.output();
  }

  /** Runs the program and tells whether it exited with 0. */
  public static boolean succeeds(String... command) {
    return tryRun(DEADLINE, Arrays.asList(command)).exitCode() == 0;
  }

  /** Runs the program; one that cannot be started counts as exit code 127. */
  public static Result tryRun(Duration deadline, List<String> command) {
    return tryRun(deadline, Path.of(""), Map.of(), command);
  }

  /** The same in a directory, with these variables added to the environment. */
  public static Result tryRun(
      Duration deadline, Path directory, Map<String, String> environment, List<String> command) {
    Path output = null;
    try {
      output = Files.createTempFile("raftkv-it", ".out");
      Process process;
      try {
        ProcessBuilder builder =
            new ProcessBuilder(command)
                .directory(directory.toAbsolutePath().toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        builder.environment().putAll(environment);
        process = builder.start();
      } catch (IOException notFound) {
        return new Result(127, notFound.getMessage());
      }
      process.getOutputStream().close();
      if (!process.waitFor(deadline.toMillis(), TimeUnit.MILLISECONDS)) {
        process.destroyForcibly();
        throw new IllegalStateException(String.join(" ", command) + " ran over " + deadline);
      }
      return new Result(process.exitValue(), Files.readString(output, StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while running " + command, e);
    } finally {
      if (output != null) {
        output.toFile().delete();
      }
    }
  }

  /** True if a program of this name is on the path. */
  public static boolean has(String program) {
    return Arrays.stream(System.getenv().getOrDefault("PATH", "").split(":", -1))
        .anyMatch(directory -> Files.isExecutable(Path.of(directory, program)));
  }
}
