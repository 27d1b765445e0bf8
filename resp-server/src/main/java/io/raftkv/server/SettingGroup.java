package io.raftkv.server;

/** The sections of the help text and of the table of settings. */
enum SettingGroup {
  NODE("Node"),
  NETWORK("Network"),
  CLUSTER("Cluster"),
  SECURITY("Security"),
  CLIENTS("Clients"),
  REQUESTS("Requests"),
  REPLICATION("Replication"),
  STORAGE("Storage"),
  BALANCING("Balancing"),
  LOGGING("Logging");

  private final String title;

  SettingGroup(String title) {
    this.title = title;
  }

  String title() {
    return title;
  }
}
