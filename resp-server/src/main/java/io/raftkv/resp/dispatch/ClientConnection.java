package io.raftkv.resp.dispatch;

import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.NetUtil;
import io.raftkv.resp.codec.RespDecoder;
import io.raftkv.resp.command.CommandSpec;
import io.raftkv.resp.command.Connection;
import io.raftkv.resp.command.ReadConsistency;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Locale;

/** What a client has set on its connection, and what CLIENT LIST tells of it. */
abstract class ClientConnection extends ChannelInboundHandlerAdapter implements Connection {
  final SessionServices services;
  private final long id;
  private final RespDecoder decoder;
  private final long connectedMillis = System.currentTimeMillis();
  private int protocol = 2;
  private int database;
  private String name = "";
  private String libraryName = "";
  private String libraryVersion = "";
  private boolean authenticated;
  private ReadConsistency consistency;
  private volatile String linkedNode; // written by the event loop
  private String lastCommand = "NULL";
  private long lastActiveMillis = connectedMillis;

  /**
   * @param decoder is told how much this client may send
   */
  ClientConnection(SessionServices services, long id, RespDecoder decoder) {
    this.services = services;
    this.id = id;
    this.decoder = decoder;
    this.consistency = services.defaultConsistency();
    setAuthenticated(!services.needsPassword());
  }

  /** Notes that a command came; null stands for one that is not known. */
  final void heardOf(CommandSpec spec) {
    lastActiveMillis = System.currentTimeMillis();
    if (spec != null) {
      lastCommand = spec.name();
    }
  }

  /** True if this is another node's connection; from any thread. */
  public boolean isLink() {
    return linkedNode != null;
  }

  @Override
  public long id() {
    return id;
  }

  @Override
  public int protocol() {
    return protocol;
  }

  @Override
  public void protocol(int version) {
    protocol = version;
  }

  @Override
  public int database() {
    return database;
  }

  @Override
  public void database(int index) {
    database = index;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public void name(String value) {
    name = value;
  }

  @Override
  public void libraryInfo(String attribute, String value) {
    if (attribute.equals("lib-name")) {
      libraryName = value;
    } else {
      libraryVersion = value;
    }
  }

  @Override
  public boolean isAuthenticated() {
    return authenticated;
  }

  @Override
  public void authenticated(boolean value) {
    setAuthenticated(value);
  }

  private void setAuthenticated(boolean value) {
    authenticated = value;
    // Redis holds strangers to small commands.
    decoder.setUnauthenticated(!value);
  }

  @Override
  public ReadConsistency consistency() {
    return consistency;
  }

  @Override
  public void consistency(ReadConsistency value) {
    consistency = value;
  }

  @Override
  public void reset() {
    protocol = 2;
    database = 0;
    name = "";
    setAuthenticated(!services.needsPassword());
    consistency = services.defaultConsistency();
  }

  @Override
  public void becomeLink(String nodeId) {
    linkedNode = nodeId;
    decoder.setLimits(services.linkLimits());
  }

  /** The line of CLIENT LIST: {@code pending} commands of so many bytes are unanswered. */
  final String describe(Channel channel, long pendingBytes, int pending) {
    long now = System.currentTimeMillis();
    return "id="
        + id
        + " addr="
        + address(channel.remoteAddress())
        + " laddr="
        + address(channel.localAddress())
        + " fd=-1 name="
        + name
        + " age="
        + (now - connectedMillis) / 1000
        + " idle="
        + (now - lastActiveMillis) / 1000
        + " flags="
        + (linkedNode == null ? "N" : "M")
        + " db="
        + database
        + " sub=0 psub=0 ssub=0 multi=-1 qbuf="
        + pendingBytes
        + " qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=0 oll="
        + pending
        + " omem=0 tot-mem=0 events=r cmd="
        + lastCommand.toLowerCase(Locale.ROOT)
        + " user=default redir=-1 resp="
        + protocol
        + " lib-name="
        + libraryName
        + " lib-ver="
        + libraryVersion;
  }

  /** As Redis writes it: {@code 127.0.0.1:6379}, {@code [::1]:6379}. */
  static String address(SocketAddress address) {
    return address instanceof InetSocketAddress inet
        ? NetUtil.toSocketAddressString(inet)
        : String.valueOf(address);
  }
}
