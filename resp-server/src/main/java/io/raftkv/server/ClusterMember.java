package io.raftkv.server;

import java.util.regex.Pattern;

/**
 * One node of the cluster as {@code --cluster} names it: {@code id=host:raftport:respport}. The
 * ports are those that other nodes and clients connect to.
 */
public record ClusterMember(String id, String host, int raftPort, int respPort) {
  private static final Pattern ID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_-]{0,63}");

  public ClusterMember {
    checkId(id);
    if (raftPort == respPort) {
      throw new IllegalArgumentException("node " + id + " has one port for two purposes");
    }
  }

  /**
   * Reads one node.
   *
   * @throws IllegalArgumentException if the text has another form, with a sentence for the operator
   */
  public static ClusterMember parse(String text) {
    int equals = text.indexOf('=');
    int lastColon = text.lastIndexOf(':');
    if (equals < 0 || lastColon < equals) {
      throw new IllegalArgumentException("'" + text + "' is not id=host:raftport:respport");
    }
    HostPort raft = HostPort.parse(text.substring(equals + 1, lastColon));
    HostPort resp = new HostPort(raft.host(), HostPort.portOf(text.substring(lastColon + 1)));
    return new ClusterMember(text.substring(0, equals), raft.host(), raft.port(), resp.port());
  }

  /** Where the Raft traffic of this node goes. */
  public HostPort raftAddress() {
    return new HostPort(host, raftPort);
  }

  /** Where clients and the other nodes' links connect. */
  public HostPort respAddress() {
    return new HostPort(host, respPort);
  }

  /** The id itself, if it is one. */
  static String checkId(String id) {
    if (!ID.matcher(id).matches()) {
      throw new IllegalArgumentException(
          "'" + id + "' is not a node id (letters, digits, '-' and '_', at most 64)");
    }
    return id;
  }

  @Override
  public String toString() {
    return id + "=" + HostPort.bracketed(host) + ":" + raftPort + ":" + respPort;
  }
}
