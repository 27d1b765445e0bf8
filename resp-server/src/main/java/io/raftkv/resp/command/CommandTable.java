package io.raftkv.resp.command;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** All commands by name. Immutable after construction. */
public final class CommandTable {
  private static final int MAX_NAME = 64;

  private final Map<String, CommandSpec> byName = new TreeMap<>();
  private final CommandSpec[] hashed;

  /** A table of these families; two entries with one name are refused. */
  public CommandTable(List<List<CommandSpec>> families) {
    for (List<CommandSpec> family : families) {
      for (CommandSpec spec : family) {
        if (byName.put(spec.name(), spec) != null) {
          throw new IllegalArgumentException("two entries for " + spec.name());
        }
      }
    }
    hashed = new CommandSpec[Integer.highestOneBit(byName.size() * 4 + 1) * 2];
    for (CommandSpec spec : byName.values()) {
      int at = hash(spec.name()) & (hashed.length - 1);
      while (hashed[at] != null) {
        at = (at + 1) & (hashed.length - 1);
      }
      hashed[at] = spec;
    }
  }

  /** The entry for a name as sent, in any case; null if there is none. Allocates nothing. */
  public CommandSpec find(byte[] name) {
    if (name.length > MAX_NAME) {
      return null;
    }
    int at = hash(name) & (hashed.length - 1);
    while (hashed[at] != null) {
      if (Args.equalsIgnoreCase(name, hashed[at].name())) {
        return hashed[at];
      }
      at = (at + 1) & (hashed.length - 1);
    }
    return null;
  }

  /** The entry for a name in upper case; null if there is none. */
  public CommandSpec find(String upperName) {
    return byName.get(upperName);
  }

  /** All entries, by name. */
  public Collection<CommandSpec> all() {
    return byName.values();
  }

  private static int hash(byte[] name) {
    int h = 0;
    for (byte b : name) {
      h = h * 31 + (b >= 'a' && b <= 'z' ? b - ('a' - 'A') : b);
    }
    return h ^ (h >>> 15);
  }

  private static int hash(String upperName) {
    int h = 0;
    for (int i = 0; i < upperName.length(); i++) {
      h = h * 31 + upperName.charAt(i);
    }
    return h ^ (h >>> 15);
  }
}
