package io.raftkv.resp.command.local;

import io.raftkv.resp.command.Connection;
import java.util.HashMap;
import java.util.Map;

/** One line of CLIENT LIST, with what can be asked of it. Immutable. */
final class ClientLine {
  private final long id;
  private final String text;
  private final Map<String, String> fields = new HashMap<>();

  ClientLine(Connection connection) {
    this.id = connection.id();
    this.text = connection.describe();
    for (String field : text.split(" ", -1)) {
      int equals = field.indexOf('=');
      if (equals > 0) {
        fields.put(field.substring(0, equals), field.substring(equals + 1));
      }
    }
  }

  long id() {
    return id;
  }

  String text() {
    return text;
  }

  String address() {
    return fields.getOrDefault("addr", "");
  }

  String localAddress() {
    return fields.getOrDefault("laddr", "");
  }

  ClientType type() {
    return ClientType.ofFlags(fields.getOrDefault("flags", ""));
  }
}
