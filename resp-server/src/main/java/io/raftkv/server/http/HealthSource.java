package io.raftkv.server.http;

/** What the HTTP server asks about the node's health. Called by several threads; must not block. */
public interface HealthSource {
  /** False if only a restart can help: a health check should then restart the process. */
  boolean live();

  /** Whether requests sent to this node will be answered. */
  Readiness ready();
}
