package io.raftkv.server;

import java.io.IOException;
import java.nio.channels.UnresolvedAddressException;
import java.util.Locale;

/** Why this node cannot listen, with what can be done about it. */
final class ListenTrouble {
  private ListenTrouble() {}

  /**
   * @param setting the one that says which port it is
   * @param cause its text alone tells what it is, alike for NIO and epoll
   */
  static IOException of(Setting<?> setting, String host, int port, Throwable cause) {
    String text = String.valueOf(cause.getMessage());
    String lower = text.toLowerCase(Locale.ROOT);
    String remedy;
    if (lower.contains("already in use")) {
      remedy =
          "the port is in use: stop what uses it, or choose another one with " + setting.flag();
    } else if (lower.contains("cannot assign")
        || lower.contains("unresolved")
        || cause instanceof UnresolvedAddressException) {
      remedy = "this machine has no such address: see " + NodeSettings.BIND.flag();
    } else if (lower.contains("permission denied")) {
      remedy = "this user may not use that port: choose another one with " + setting.flag();
    } else {
      remedy = text + ": see " + NodeSettings.BIND.flag() + " and " + setting.flag();
    }
    String message = "cannot listen on " + host + " " + setting.name() + " " + port + ", " + remedy;
    return new IOException(message, cause);
  }
}
