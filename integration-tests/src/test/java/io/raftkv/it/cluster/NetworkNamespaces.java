package io.raftkv.it.cluster;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A small network for one test: every node in a network namespace of its own, all joined by a
 * bridge that also carries the test's own address. Any direction between two nodes can be cut
 * without touching what the clients, which sit at the bridge, see of either.
 *
 * <p>A cut makes one namespace send frames for the other to a hardware address nobody has: packets
 * vanish in silence, as on a broken switch, and established connections stay open. It needs no
 * kernel module beyond the bridge itself.
 *
 * <p>Needs root and the {@code ip} tool: ask {@link #unavailable} first. Names carry the process id
 * of the test, so that leftovers of a killed run are found and removed by the next one. Not
 * thread-safe.
 */
public final class NetworkNamespaces implements AutoCloseable {
  private static final String PREFIX = "rkv";
  private static final String NOBODY = "02:00:de:ad:00:01";
  private static final String DEVICE = "eth0";
  private static final int FIRST_HOST = 11;

  private final String bridge;
  private final String subnet;
  private final Map<String, String> addresses = new HashMap<>();
  private final List<String> names = new ArrayList<>();
  private final Thread cleanup = new Thread(this::remove, "remove network namespaces");

  private NetworkNamespaces(int number) {
    this.bridge = PREFIX + "br" + number;
    this.subnet = "10.77." + number + ".";
  }

  /** Why namespaces cannot be used here, or null if they can. */
  public static String unavailable() {
    if (!Shell.has("ip")) {
      return "no ip tool on the path";
    }
    String probe = PREFIX + "-" + ProcessHandle.current().pid() + "-probe";
    if (!Shell.succeeds("ip", "netns", "add", probe)) {
      return "network namespaces are not permitted";
    }
    try {
      return Shell.succeeds("ip", "netns", "exec", probe, "true")
          ? bridgeUnavailable()
          : "programs cannot be run in a network namespace";
    } finally {
      Shell.run("ip", "netns", "del", probe);
    }
  }

  private static String bridgeUnavailable() {
    String probe = PREFIX + "probe";
    if (!Shell.succeeds("ip", "link", "add", probe, "type", "bridge")) {
      return "bridges are not permitted";
    }
    Shell.run("ip", "link", "del", probe);
    return null;
  }

  /** Makes the network. Only after {@link #unavailable} said null. */
  public static NetworkNamespaces create(List<String> nodes) {
    removeLeftovers();
    String taken = Shell.run("ip", "-o", "addr") + Shell.run("ip", "-o", "link");
    int number = (int) (ProcessHandle.current().pid() % 250);
    while (taken.contains("10.77." + number + ".") || taken.contains(PREFIX + "br" + number)) {
      number = (number + 1) % 250;
    }
    NetworkNamespaces network = new NetworkNamespaces(number);
    Runtime.getRuntime().addShutdownHook(network.cleanup);
    try {
      network.build(nodes);
      return network;
    } catch (RuntimeException e) {
      network.close();
      throw e;
    }
  }

  private void build(List<String> nodes) {
    long pid = ProcessHandle.current().pid();
    Shell.run("ip", "link", "add", bridge, "type", "bridge");
    Shell.run("ip", "link", "set", bridge, "alias", "raftkv-it-" + pid);
    Shell.run("ip", "addr", "add", subnet + "1/24", "dev", bridge);
    Shell.run("ip", "link", "set", bridge, "up");
    for (int i = 0; i < nodes.size(); i++) {
      String namespace = PREFIX + "-" + pid + "-" + nodes.get(i);
      String address = subnet + (FIRST_HOST + i);
      String outside = bridge + "-" + (i + 1);
      Shell.run("ip", "netns", "add", namespace);
      names.add(namespace);
      addresses.put(nodes.get(i), address);
      Shell.run(
          "ip", "link", "add", outside, "type", "veth", "peer", "name", DEVICE, "netns", namespace);
      Shell.run("ip", "link", "set", outside, "master", bridge, "up");
      Shell.run("ip", "-n", namespace, "addr", "add", address + "/24", "dev", DEVICE);
      Shell.run("ip", "-n", namespace, "link", "set", DEVICE, "up");
      Shell.run("ip", "-n", namespace, "link", "set", "lo", "up");
    }
  }

  /** The address a node listens on, for other nodes and for clients. */
  public String addressOf(String node) {
    return addresses.get(node);
  }

  /** The words to put before a command so that it runs in the node's namespace. */
  public List<String> prefixFor(String node) {
    return List.of("ip", "netns", "exec", namespaceOf(node));
  }

  /** Lets nothing through between the node and any other node, in both directions. */
  public void isolate(String node) {
    for (String other : addresses.keySet()) {
      if (!other.equals(node)) {
        cut(node, other);
        cut(other, node);
      }
    }
  }

  /** Lets nothing through from one node to the other; the way back stays open. */
  public void cut(String from, String to) {
    Shell.run(
        "ip",
        "-n",
        namespaceOf(from),
        "neigh",
        "replace",
        addressOf(to),
        "lladdr",
        NOBODY,
        "nud",
        "permanent",
        "dev",
        DEVICE);
  }

  /** Undoes every cut. */
  public void heal() {
    for (String from : addresses.keySet()) {
      String cuts = Shell.run("ip", "-n", namespaceOf(from), "neigh", "show", "nud", "permanent");
      for (String to : addresses.keySet()) {
        if (cuts.contains(addressOf(to) + " ")) {
          Shell.run("ip", "-n", namespaceOf(from), "neigh", "del", addressOf(to), "dev", DEVICE);
        }
      }
    }
  }

  private String namespaceOf(String node) {
    if (!addresses.containsKey(node)) {
      throw new IllegalArgumentException("no node " + node + " in this network");
    }
    return PREFIX + "-" + ProcessHandle.current().pid() + "-" + node;
  }

  /** Removes what tests that no longer run have left behind. */
  private static void removeLeftovers() {
    for (String line : Shell.run("ip", "netns", "list").split("\n", -1)) {
      String name = line.split(" ", -1)[0];
      String[] parts = name.split("-", 3);
      if (parts.length == 3 && parts[0].equals(PREFIX) && isDead(parts[1])) {
        Shell.tryRun(Duration.ofSeconds(5), List.of("ip", "netns", "del", name));
      }
    }
    String[] lines = Shell.run("ip", "link", "show", "type", "bridge").split("\n", -1);
    String device = "";
    for (String line : lines) {
      if (line.matches("\\d+: .*")) {
        device = line.split(": ", 3)[1];
      } else if (line.trim().startsWith("alias raftkv-it-")
          && isDead(line.trim().substring("alias raftkv-it-".length()))) {
        Shell.tryRun(Duration.ofSeconds(5), List.of("ip", "link", "del", device));
      }
    }
  }

  private static boolean isDead(String pid) {
    return pid.matches("\\d+") && ProcessHandle.of(Long.parseLong(pid)).isEmpty();
  }

  private synchronized void remove() {
    for (String name : names) {
      Shell.succeeds("ip", "netns", "del", name);
    }
    names.clear();
    Shell.succeeds("ip", "link", "del", bridge);
  }

  /** Removes the network. Processes that still run in it lose their connections. */
  @Override
  public void close() {
    remove();
    Runtime.getRuntime().removeShutdownHook(cleanup);
  }
}
