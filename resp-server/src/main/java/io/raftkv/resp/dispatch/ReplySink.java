package io.raftkv.resp.dispatch;

import io.raftkv.resp.reply.Reply;

/** Takes the reply of one operation, on the event loop of the connection that it belongs to. */
@FunctionalInterface
interface ReplySink {
  void reply(Reply reply);
}
