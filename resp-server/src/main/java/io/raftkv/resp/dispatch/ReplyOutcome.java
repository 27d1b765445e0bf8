package io.raftkv.resp.dispatch;

import io.raftkv.metrics.Outcome;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;

/** What a reply says of its command's fate. */
final class ReplyOutcome {
  private ReplyOutcome() {}

  static Outcome of(Reply reply) {
    if (!(reply instanceof Reply.Failure failure)) {
      return Outcome.OK;
    }
    String line = failure.line();
    if (RespErrors.isUncertain(line)) {
      return Outcome.UNCERTAIN;
    }
    return line.startsWith("TRYAGAIN") || line.startsWith("CLUSTERDOWN") || line.startsWith("OOM")
        ? Outcome.REFUSED
        : Outcome.ERROR;
  }
}
