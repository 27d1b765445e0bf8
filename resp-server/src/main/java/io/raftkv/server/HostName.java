package io.raftkv.server;

import java.util.regex.Pattern;

/** What can be the host part of an address: a name as DNS has them, or an IPv4 or IPv6 address. */
final class HostName {
  private static final int MAX_LENGTH = 253;
  private static final String LABEL = "[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?";
  private static final Pattern NAME = Pattern.compile(LABEL + "(?:\\." + LABEL + ")*\\.?");
  private static final String OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
  private static final Pattern IPV4 = Pattern.compile(OCTET + "(?:\\." + OCTET + "){3}");

  /** What else it may be is found out where it is used; it is no name in any case. */
  private static final Pattern IPV6 =
      Pattern.compile("(?=.*:.*:)[0-9A-Fa-f:]+[0-9.]*(?:%[A-Za-z0-9_.-]+)?");

  private HostName() {}

  /**
   * The host itself, if it is one. Looks nothing up.
   *
   * @throws IllegalArgumentException if it is none, with a sentence for the operator
   */
  static String check(String host) {
    boolean digits = host.chars().allMatch(c -> c == '.' || (c >= '0' && c <= '9'));
    Pattern form = host.indexOf(':') >= 0 ? IPV6 : digits ? IPV4 : NAME;
    if (host.length() > MAX_LENGTH || !form.matcher(host).matches()) {
      throw new IllegalArgumentException("'" + host + "' is not a host name or address");
    }
    return host;
  }
}
