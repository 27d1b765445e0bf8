package io.raftkv.server;

/** A host name or address and a port; an IPv6 address stands in brackets: {@code [::1]:6379}. */
public record HostPort(String host, int port) {
  private static final int MAX_PORT = 65_535;

  public HostPort {
    HostName.check(host);
    if (port < 1 || port > MAX_PORT) {
      throw new IllegalArgumentException("port " + port + " is not from 1 to " + MAX_PORT);
    }
  }

  /**
   * Reads {@code host:port}.
   *
   * @throws IllegalArgumentException if the text is anything else, with a sentence for the operator
   */
  public static HostPort parse(String text) {
    int colon = text.lastIndexOf(':');
    if (colon < 0) {
      throw new IllegalArgumentException("'" + text + "' is not host:port");
    }
    return new HostPort(unbracketed(text.substring(0, colon)), portOf(text.substring(colon + 1)));
  }

  static int portOf(String digits) {
    if (digits.isEmpty()
        || digits.length() > 5
        || !digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
      throw new IllegalArgumentException("'" + digits + "' is not a port number");
    }
    return Integer.parseInt(digits);
  }

  static String unbracketed(String host) {
    if (host.startsWith("[") && host.endsWith("]")) {
      return host.substring(1, host.length() - 1);
    }
    if (host.indexOf(':') >= 0) {
      throw new IllegalArgumentException("an IPv6 address needs brackets: [" + host + "]");
    }
    return host;
  }

  static String bracketed(String host) {
    return host.indexOf(':') >= 0 ? "[" + host + "]" : host;
  }

  @Override
  public String toString() {
    return bracketed(host) + ":" + port;
  }
}
