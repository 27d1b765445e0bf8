package io.raftkv.resp.command;

import java.util.concurrent.CompletionStage;

/**
 * A client's connection as a command sees it. Only to be used on the connection's event loop, but
 * for {@link #id} and {@link #describe}.
 */
public interface Connection {
  /** Unique and ascending on this node. From any thread. */
  long id();

  /** This node's address that the client came by, as text without a port; empty if it has left. */
  String localHost();

  /** 2 or 3. */
  int protocol();

  /** Replies to commands after this one are written in that version. */
  void protocol(int version);

  int database();

  void database(int index);

  /** Set by CLIENT SETNAME; empty if unset. */
  String name();

  void name(String name);

  /** Set by CLIENT SETINFO: {@code lib-name} or {@code lib-ver}. */
  void libraryInfo(String attribute, String value);

  /** True after AUTH, or if no password is needed. */
  boolean isAuthenticated();

  void authenticated(boolean value);

  ReadConsistency consistency();

  void consistency(ReadConsistency consistency);

  /** Closes the connection once all replies up to that of this command are sent. */
  void closeAfterReply();

  /** Back to the state of a new connection, as RESET does. */
  void reset();

  /** One line of CLIENT LIST, without a line break. From any thread, then perhaps a bit old. */
  String describe();

  /**
   * When all writes of this connection so far have been answered, or the time is over.
   *
   * @param timeoutMillis 0 for none: the writes have deadlines of their own
   * @return true if all of them that nobody has asked about before were done; false if one was
   *     refused, has an unknown outcome or is late
   */
  CompletionStage<Boolean> writesAnswered(long timeoutMillis);

  /** Sends out-of-band data now. */
  void push(io.raftkv.resp.reply.Reply reply);

  /** Marks this connection as one from another node. */
  void becomeLink(String nodeId);
}
