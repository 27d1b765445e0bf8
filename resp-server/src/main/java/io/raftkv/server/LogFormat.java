package io.raftkv.server;

/** How a log line looks. */
public enum LogFormat {
  /** Text for people. */
  HUMAN,
  /** One JSON object per line. */
  JSON
}
