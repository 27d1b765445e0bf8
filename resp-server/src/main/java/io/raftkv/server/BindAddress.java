package io.raftkv.server;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Locale;

/**
 * An address to listen on. As in Redis, one written with a leading minus sign is optional: that the
 * machine does not have it (no IPv6, say) is no error.
 */
public record BindAddress(String host, boolean optional) {
  public BindAddress {
    HostName.check(host);
  }

  /** Reads {@code 127.0.0.1}, {@code -::1}, {@code *}, {@code ::*}. */
  public static BindAddress parse(String text) {
    boolean optional = text.startsWith("-");
    String host = optional ? text.substring(1) : text;
    return switch (host) {
      case "*" -> new BindAddress("0.0.0.0", optional);
      case "::*" -> new BindAddress("::", optional);
      default -> new BindAddress(host, optional);
    };
  }

  /** True if only this machine can connect here. Looks nothing up: an unknown name is not local. */
  public boolean isLoopback() {
    String lower = host.toLowerCase(Locale.ROOT);
    if (lower.equals("localhost")) {
      return true;
    }
    return isLiteral() && literal().isLoopbackAddress();
  }

  /** True for {@code 0.0.0.0} and {@code ::}, of which the latter takes IPv4, too. */
  public boolean isWildcard() {
    return isLiteral() && literal().isAnyLocalAddress();
  }

  /** True if a socket here takes, too, what comes to the other address. */
  boolean covers(BindAddress other) {
    return isWildcard() && (isIpv6() || !other.isIpv6());
  }

  private boolean isIpv6() {
    return host.indexOf(':') >= 0;
  }

  private boolean isLiteral() {
    return host.indexOf(':') >= 0 || host.chars().allMatch(c -> c == '.' || Character.isDigit(c));
  }

  private InetAddress literal() {
    try {
      return InetAddress.getByName(host);
    } catch (UnknownHostException notAnAddress) {
      throw new IllegalArgumentException("'" + host + "' is not an address", notAnAddress);
    }
  }

  @Override
  public String toString() {
    return (optional ? "-" : "") + host;
  }
}
