package io.raftkv.meta;

/**
 * What a node says of itself.
 *
 * @param id its name, unique for ever; also its Raft peer id
 * @param host name or address under which other nodes reach it
 * @param respPort where it serves clients and other nodes' links
 * @param raftPort where it serves Raft
 * @param httpPort where it serves health and metrics; 0 if it does not
 * @param softwareVersion release it runs, for people; empty if unknown
 * @param incarnation grows with every start of its process; 0 as long as it has not started
 */
public record NodeSpec(
    String id,
    String host,
    int respPort,
    int raftPort,
    int httpPort,
    String softwareVersion,
    long incarnation) {
  private static final int MAX_PORT = 65_535;
  private static final int MAX_TEXT = 255;

  public NodeSpec {
    Ids.requireNodeId(id);
    if (host.isBlank() || host.length() > MAX_TEXT) {
      throw new IllegalArgumentException("node " + id + " needs a host of 1 to 255 characters");
    }
    requirePort(id, "RESP", respPort, 1);
    requirePort(id, "Raft", raftPort, 1);
    requirePort(id, "HTTP", httpPort, 0);
    if (softwareVersion.length() > MAX_TEXT) {
      throw new IllegalArgumentException("software version of node " + id + " is too long");
    }
    if (incarnation < 0) {
      throw new IllegalArgumentException("incarnation of node " + id + ": " + incarnation);
    }
  }

  /** True if both claim a port on one host, which two live nodes cannot. */
  public boolean sharesAddressWith(NodeSpec other) {
    return host.equals(other.host) && (raftPort == other.raftPort || respPort == other.respPort);
  }

  /** The same of a process that certainly did not start before another one, as its clock says. */
  public NodeSpec startedAfter(NodeSpec other) {
    return new NodeSpec(
        id,
        host,
        respPort,
        raftPort,
        httpPort,
        softwareVersion,
        incarnation < other.incarnation ? other.incarnation + 1 : incarnation);
  }

  /** True if both are at one place. */
  boolean hasAddressOf(NodeSpec other) {
    return host.equals(other.host) && raftPort == other.raftPort && respPort == other.respPort;
  }

  private static void requirePort(String id, String name, int port, int lowest) {
    if (port < lowest || port > MAX_PORT) {
      throw new IllegalArgumentException(name + " port of node " + id + ": " + port);
    }
  }
}
