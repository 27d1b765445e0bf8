package io.raftkv.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A file under {@code docs/} that is generated from the code. A test that finds it out of date
 * fails, unless the build runs with {@code -Draftkv.docs.update=true}, which writes it anew.
 */
public final class GeneratedDocument {
  private static final String UPDATE = "raftkv.docs.update";

  private GeneratedDocument() {}

  /** Checks, or writes, the file of this name. */
  public static void check(String name, String content) throws IOException {
    Path file = Path.of("..", "docs", name);
    if (Boolean.getBoolean(UPDATE)) {
      Files.createDirectories(file.getParent());
      Files.writeString(file, content);
    }
    assertThat(file)
        .as("docs/%s: to write it anew run the build with -D%s=true", name, UPDATE)
        .exists();
    assertThat(Files.readString(file))
        .as("docs/%s is out of date: run the build with -D%s=true", name, UPDATE)
        .isEqualTo(content);
  }
}
