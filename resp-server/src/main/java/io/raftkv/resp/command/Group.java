package io.raftkv.resp.command;

import java.util.Locale;

/** The family of a command: its group in COMMAND DOCS and the tag of its metrics. */
public enum Group {
  STRING("string"),
  BITMAP("bitmap"),
  GENERIC("keyspace"),
  HASH("hash"),
  LIST("list"),
  SET("set"),
  SORTED_SET("sortedset"),
  HYPERLOGLOG("hyperloglog"),
  GEO("geo"),
  STREAM("stream"),
  CONNECTION("connection"),
  SERVER("admin"),
  CLUSTER("admin");

  private final String aclCategory;

  Group(String aclCategory) {
    this.aclCategory = aclCategory;
  }

  /** The name in COMMAND DOCS. */
  public String redisName() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The ACL category that all commands of the group have. */
  public String aclCategory() {
    return aclCategory;
  }
}
