package io.raftkv.resp.dispatch;

import io.raftkv.resp.reply.Reply;

/** Takes the reply of one operation, on the event loop of the connection that it belongs to. */
@FunctionalInterface
interface ReplySink {
  /** Takes a reply that is whole. */
  void reply(Reply reply);

  /** Whether a reply that is too large to be held may come as a stream. */
  default boolean takesStreams() {
    return false;
  }

  /** Takes a large reply, and with it the duty to close it. */
  default void stream(ReplyStream reply) {
    reply.close();
    throw new UnsupportedOperationException("this reply has to be whole");
  }
}
