package io.raftkv.resp.command.local;

import io.raftkv.resp.command.Connection;
import io.raftkv.resp.command.ReadConsistency;
import io.raftkv.resp.reply.Reply;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** A connection that only remembers what commands do to it. */
final class FakeConnection implements Connection {
  final Map<String, String> library = new TreeMap<>();
  CompletableFuture<Boolean> writes = CompletableFuture.completedFuture(true);
  long waitedMillis;
  String flags = "N";
  boolean closing;
  String localHost = "10.0.0.1";

  private final long id;
  private final boolean startsAuthenticated;
  private int protocol = 2;
  private int database;
  private String name = "";
  private boolean authenticated;
  private ReadConsistency consistency = ReadConsistency.LINEARIZABLE;

  FakeConnection(long id, boolean authenticated) {
    this.id = id;
    this.startsAuthenticated = authenticated;
    this.authenticated = authenticated;
  }

  @Override
  public long id() {
    return id;
  }

  @Override
  public String localHost() {
    return localHost;
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
    library.put(attribute, value);
  }

  @Override
  public boolean isAuthenticated() {
    return authenticated;
  }

  @Override
  public void authenticated(boolean value) {
    authenticated = value;
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
  public void closeAfterReply() {
    closing = true;
  }

  @Override
  public void reset() {
    protocol = 2;
    database = 0;
    name = "";
    authenticated = startsAuthenticated;
    consistency = ReadConsistency.LINEARIZABLE;
  }

  @Override
  public String describe() {
    return "id=" + id + " addr=10.0.0.9:" + id + " laddr=10.0.0.1:6379 flags=" + flags + " user=x";
  }

  @Override
  public CompletionStage<Boolean> writesAnswered(long timeoutMillis) {
    waitedMillis = timeoutMillis;
    return writes;
  }

  @Override
  public void push(Reply reply) {
    throw new UnsupportedOperationException("no command here pushes");
  }

  @Override
  public void becomeLink(String nodeId) {
    throw new UnsupportedOperationException("no command here makes links");
  }
}
