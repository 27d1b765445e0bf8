package io.raftkv.it.cluster;

/** An error reply; the text starts with its code, such as {@code WRONGTYPE}. */
public record RespError(String text) {
  public String code() {
    int end = text.indexOf(' ');
    return end < 0 ? text : text.substring(0, end);
  }
}
