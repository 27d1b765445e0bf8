package io.raftkv.server;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;

/** Which addresses of {@code --bind} a node listens on, with each of its ports. */
final class ListenHosts {
  private ListenHosts() {}

  /**
   * All that are not optional, and the optional ones that this machine has; without those that
   * another one covers, since two sockets would quarrel about the port. That a port of an optional
   * address is taken is an error like any other, so ports are not looked at here.
   *
   * @throws IOException if none is left
   */
  static List<String> of(List<BindAddress> bind) throws IOException {
    List<BindAddress> here = new ArrayList<>();
    for (BindAddress address : bind) {
      if (!address.optional() || isHere(address.host())) {
        here.add(address);
      }
    }
    if (here.isEmpty()) {
      throw new IOException("this machine has none of the addresses of bind, " + bind);
    }
    List<String> hosts = new ArrayList<>();
    for (BindAddress address : here) {
      boolean covered =
          here.stream()
              .anyMatch(other -> !other.host().equals(address.host()) && other.covers(address));
      if (!covered) {
        hosts.add(address.host());
      }
    }
    return List.copyOf(hosts);
  }

  private static boolean isHere(String host) {
    try (ServerSocket probe = new ServerSocket()) {
      probe.bind(new InetSocketAddress(host, 0));
      return true;
    } catch (IOException absent) {
      return false;
    }
  }
}
