package io.raftkv.resp.command.local;

import io.raftkv.resp.reply.CommandException;
import java.util.Locale;

/** What kind of client a connection is from, as CLIENT LIST and CLIENT KILL tell them apart. */
enum ClientType {
  NORMAL,
  /** Another node of the cluster. */
  MASTER,
  REPLICA,
  PUBSUB;

  /** The type that follows from the flags in a line of CLIENT LIST. */
  static ClientType ofFlags(String flags) {
    if (flags.indexOf('M') >= 0) {
      return MASTER;
    }
    if (flags.indexOf('S') >= 0) {
      return REPLICA;
    }
    return flags.indexOf('P') >= 0 ? PUBSUB : NORMAL;
  }

  /** The type a user names, in any case. */
  static ClientType parse(String name) {
    return switch (name.toLowerCase(Locale.ROOT)) {
      case "normal" -> NORMAL;
      case "master" -> MASTER;
      case "replica", "slave" -> REPLICA;
      case "pubsub" -> PUBSUB;
      default -> throw new CommandException(LocalErrors.clientType(name));
    };
  }
}
