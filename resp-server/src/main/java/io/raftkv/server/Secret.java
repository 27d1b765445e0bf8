package io.raftkv.server;

import java.nio.charset.StandardCharsets;

/** A password. Its text form hides it, so that no log line or reply can show it by accident. */
public record Secret(String value) {
  /** What is shown in a secret's place. */
  public static final String MASK = "********";

  public Secret {
    if (value.isEmpty()) {
      throw new IllegalArgumentException("must not be empty");
    }
  }

  /** The bytes a client sends to match it. */
  public byte[] bytes() {
    return value.getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public String toString() {
    return MASK;
  }
}
