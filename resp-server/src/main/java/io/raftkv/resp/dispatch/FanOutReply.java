package io.raftkv.resp.dispatch;

import io.raftkv.resp.command.CommandSpec.FanOut;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Joins the replies of the parts of one command. Event-loop confined.
 *
 * <p>A failure of any part is the reply. What it says must hold for the whole: a write of which
 * some part may be done is never answered as if nothing had happened.
 */
final class FanOutReply {
  private static final Logger LOG = LoggerFactory.getLogger(FanOutReply.class);

  private final FanOut kind;
  private final boolean isWrite;
  private final ReplySink whole;
  private final Reply[] parts;
  private final int[][] positions;
  private int missing;

  /**
   * @param isWrite whether parts change data
   * @param positions for {@link FanOut#JOIN_BY_KEY}: where the elements of each part belong; else
   *     unused
   */
  FanOutReply(FanOut kind, boolean isWrite, int parts, int[][] positions, ReplySink whole) {
    this.kind = kind;
    this.isWrite = isWrite;
    this.whole = whole;
    this.parts = new Reply[parts];
    this.positions = positions;
    this.missing = parts;
  }

  /** Where the reply of part {@code index} goes. */
  ReplySink part(int index) {
    return reply -> {
      parts[index] = reply;
      if (--missing == 0) {
        whole.reply(join());
      }
    };
  }

  private Reply join() {
    Reply.Failure failure = failure();
    if (failure != null) {
      return failure;
    }
    try {
      return joinGood();
    } catch (RuntimeException bug) {
      LOG.error("replies of kind {} cannot be joined", kind, bug);
      return Reply.error(RespErrors.INTERNAL);
    }
  }

  /** The failure that says the most, or null if there is none. */
  private Reply.Failure failure() {
    Reply.Failure first = null;
    boolean anyDone = false;
    for (Reply part : parts) {
      if (!(part instanceof Reply.Failure failure)) {
        anyDone = true;
      } else if (RespErrors.isUncertain(failure.line())) {
        return failure;
      } else if (first == null) {
        first = failure;
      }
    }
    return first != null && anyDone && isWrite
        ? new Reply.Failure(RespErrors.uncertain("on some shards only; elsewhere " + first.line()))
        : first;
  }

  private Reply joinGood() {
    return switch (kind) {
      case SUM_BY_KEY, SUM_ALL_SHARDS -> sum();
      case JOIN_BY_KEY -> joinByKey();
      case CONCAT_ALL_SHARDS -> concatenate();
      case ALL_OK_BY_KEY, ALL_OK_ALL_SHARDS -> parts[0];
      case FIRST_NON_NULL -> firstNonNull();
      case NONE, BY_CURSOR -> throw new IllegalStateException(kind + " has no parts");
    };
  }

  private Reply sum() {
    long sum = 0;
    for (Reply part : parts) {
      sum += ((Reply.Int) part).value();
    }
    return Reply.integer(sum);
  }

  private Reply joinByKey() {
    int total = 0;
    for (int[] of : positions) {
      total += of.length;
    }
    Reply[] joined = new Reply[total];
    for (int part = 0; part < parts.length; part++) {
      List<Reply> items = ((Reply.Array) parts[part]).items();
      for (int i = 0; i < items.size(); i++) {
        joined[positions[part][i]] = items.get(i);
      }
    }
    return Reply.array(List.of(joined));
  }

  private Reply concatenate() {
    List<Reply> all = new ArrayList<>();
    for (Reply part : parts) {
      all.addAll(((Reply.Array) part).items());
    }
    return Reply.array(all);
  }

  private Reply firstNonNull() {
    for (Reply part : parts) {
      if (!(part instanceof Reply.Null)) {
        return part;
      }
    }
    return Reply.NULL;
  }
}
