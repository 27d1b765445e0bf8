package io.raftkv.server;

import java.util.List;

/** The configuration cannot be used. Each problem names the setting and where its value is from. */
public final class ConfigException extends Exception {
  private static final long serialVersionUID = 1L;

  private final List<String> problems;

  public ConfigException(List<String> problems) {
    super(String.join(System.lineSeparator(), problems));
    this.problems = List.copyOf(problems);
  }

  /** One sentence each; at least one. */
  public List<String> problems() {
    return problems;
  }
}
