package io.raftkv.resp.command;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** The ACL categories of a command: those that follow from its entry, and those it names. */
public final class AclCategories {
  /** All there are, in the order in which Redis shows them; without the at sign. */
  public static final List<String> ALL =
      List.of(
          "keyspace",
          "read",
          "write",
          "set",
          "sortedset",
          "list",
          "hash",
          "string",
          "bitmap",
          "hyperloglog",
          "geo",
          "stream",
          "pubsub",
          "admin",
          "fast",
          "slow",
          "blocking",
          "dangerous",
          "connection",
          "transaction",
          "scripting");

  private AclCategories() {}

  /** The categories of this command, ordered as in {@link #ALL}. */
  public static Set<String> of(CommandSpec spec) {
    Set<String> found = new LinkedHashSet<>(spec.categories());
    if (!spec.isContainer() && !isOfTheServer(spec.group())) {
      found.add(spec.group().aclCategory());
    }
    if (!spec.isContainer()) {
      switch (spec.access()) {
        case READ -> found.add("read");
        case WRITE -> found.add("write");
        case LOCAL -> {
          // Touches no data.
        }
      }
    }
    if (spec.flags().contains(Flag.ADMIN)) {
      found.add("admin");
      found.add("dangerous");
    }
    if (spec.flags().contains(Flag.PUBSUB)) {
      found.add("pubsub");
    }
    if (spec.flags().contains(Flag.BLOCKING)) {
      found.add("blocking");
    }
    found.add(spec.flags().contains(Flag.FAST) ? "fast" : "slow");
    Set<String> ordered = new LinkedHashSet<>(ALL);
    ordered.retainAll(found);
    if (ordered.size() != found.size()) {
      throw new IllegalArgumentException(spec.name() + " has an unknown category in " + found);
    }
    return ordered;
  }

  /** Such commands are as different as TIME and SHUTDOWN: their flags alone decide. */
  private static boolean isOfTheServer(Group group) {
    return group == Group.SERVER || group == Group.CLUSTER;
  }
}
