package io.raftkv.it.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.tools.ToolProvider;

/**
 * The server with classes of {@code src/test/mutants} in place of its own: a test that passes for
 * such a server has not looked. They are compiled against the jar when they are needed, so that
 * they are on no class path but that of the nodes which run them.
 */
final class Mutant {
  private static final String SOURCES = "src/test/mutants";

  /** What stands in the jar's manifest, which is not read if the jar is only on the class path. */
  private static final List<String> OPENS =
      List.of(
          "--add-opens",
          "java.base/java.nio=ALL-UNNAMED",
          "--add-opens",
          "java.base/jdk.internal.misc=ALL-UNNAMED");

  private Mutant() {}

  /** The words that start it, instead of {@code -jar}. */
  static List<String> command(Path jar, Path directory) {
    Path classes = directory.resolve("mutant");
    compile(jar, classes);
    List<String> words = new ArrayList<>(OPENS);
    words.addAll(List.of("-cp", classes + System.getProperty("path.separator") + jar));
    words.add("io.raftkv.server.Main");
    return words;
  }

  private static void compile(Path jar, Path classes) {
    List<String> words = new ArrayList<>(List.of("-nowarn", "-proc:none"));
    words.addAll(List.of("-cp", jar.toString(), "-d", classes.toString()));
    try (Stream<Path> sources = Files.walk(Path.of(SOURCES))) {
      Files.createDirectories(classes);
      sources.map(Path::toString).filter(name -> name.endsWith(".java")).forEach(words::add);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + SOURCES, e);
    }
    int result =
        ToolProvider.getSystemJavaCompiler().run(null, null, null, words.toArray(String[]::new));
    if (result != 0) {
      throw new IllegalStateException(
          "the mutant does not compile: does the server look as it did?");
    }
  }
}
