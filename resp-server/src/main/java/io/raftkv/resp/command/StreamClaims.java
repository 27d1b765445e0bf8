package io.raftkv.resp.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.ReplySize;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.StreamId;
import io.raftkv.storage.type.StreamDelivery;
import io.raftkv.storage.type.StreamDelivery.Claim;
import io.raftkv.storage.type.StreamDelivery.Claimed;
import io.raftkv.storage.type.StreamEntry;
import io.raftkv.storage.type.StreamGroup;
import io.raftkv.storage.type.StreamType;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** XCLAIM and XAUTOCLAIM: pending entries change their consumer. */
final class StreamClaims {
  private static final long AUTO_COUNT = 100;

  /** XAUTOCLAIM looks at so many entries for each one that it may take. */
  private static final long LOOKS_PER_ENTRY = 10;

  /** The largest COUNT that Redis takes. */
  private static final long MAX_AUTO_COUNT = Long.MAX_VALUE / 16;

  /**
   * For a larger COUNT Redis has no memory on any machine: it asks for 16 bytes of each, of which
   * 96 TiB are the next size, and has 85 TiB of addresses in one piece.
   */
  private static final long MAX_ALLOCATED_COUNT = 5L << 40;

  /** Behind the last word of a call with such a COUNT; from a client it is a syntax error. */
  private static final String TOO_MANY = "!";

  private StreamClaims() {}

  /** The options of XCLAIM, which follow the ids. */
  private static final class Options {
    final long nowMillis;
    long deliveredMillis;
    long deliveries = -1;
    boolean force;
    boolean justId;
    StreamId lastId = StreamId.MIN;

    Options(Args args, int from, long nowMillis) {
      this.nowMillis = nowMillis;
      this.deliveredMillis = nowMillis;
      for (int i = from; i < args.size(); i++) {
        boolean hasValue = i + 1 < args.size();
        if (args.is(i, "FORCE")) {
          force = true;
        } else if (args.is(i, "JUSTID")) {
          justId = true;
        } else if (hasValue && args.is(i, "IDLE")) {
          deliveredMillis = nowMillis - number(args, ++i, "IDLE");
        } else if (hasValue && args.is(i, "TIME")) {
          deliveredMillis = number(args, ++i, "TIME");
        } else if (hasValue && args.is(i, "RETRYCOUNT")) {
          deliveries = number(args, ++i, "RETRYCOUNT");
        } else if (hasValue && args.is(i, "LASTID")) {
          lastId = StreamIds.parse(args.bytes(++i));
        } else {
          throw new CommandException(RespErrors.unknownClaimOption(args.text(i)));
        }
      }
    }

    private static long number(Args args, int at, String option) {
      return args.int64(at, RespErrors.invalidClaim(option + " option", "XCLAIM"));
    }

    /** A time that cannot be is now: the clocks of clients may differ from ours. */
    Claim claim(long minIdle) {
      boolean sane = deliveredMillis >= 0 && deliveredMillis <= nowMillis;
      return new Claim(minIdle, sane ? deliveredMillis : nowMillis, deliveries, !justId, force);
    }
  }

  static Reply xclaim(Args args, Keyspace db) {
    StreamType stream = StreamCommands.stream(args, db);
    StreamGroup group = StreamGroupCommands.requireGroup(stream, args);
    long minIdle = minIdle(args, "XCLAIM");
    List<StreamId> ids = new ArrayList<>();
    int at = 5;
    while (at < args.size() && StreamIds.isId(args.bytes(at))) {
      ids.add(StreamIds.parse(args.bytes(at++)));
    }
    long now = db.timeMillis();
    Options options = new Options(args, at, now);
    if (options.lastId.isAfter(group.lastDelivered())) {
      group.moveTo(options.lastId, group.entriesRead());
    }
    StreamDelivery delivery =
        new StreamDelivery(stream, group, group.askedBy(args.bytes(3), now), now);
    Claim claim = options.claim(minIdle);
    List<StreamEntry> claimed = new ArrayList<>();
    for (StreamId id : ids) {
      StreamEntry entry = delivery.claim(id, claim);
      if (entry != null) {
        // An id may be named again and again.
        db.charge(ReplySize.of(entries(List.of(entry), options.justId)));
        claimed.add(entry);
      }
    }
    stream.save();
    return entries(claimed, options.justId);
  }

  /** What XAUTOCLAIM is asked for. */
  private record AutoClaim(long minIdle, StreamId from, long count, boolean justId) {
    /** Reads the words before {@code end}. */
    static AutoClaim of(Args args, int end) {
      long minIdle = StreamClaims.minIdle(args, "XAUTOCLAIM");
      StreamId from = StreamIds.rangeStart(args.bytes(5));
      long count = AUTO_COUNT;
      boolean justId = false;
      for (int i = 6; i < end; i++) {
        if (i + 1 < end && args.is(i, "COUNT")) {
          count = args.int64(++i, 1, MAX_AUTO_COUNT, RespErrors.XAUTOCLAIM_COUNT);
        } else if (args.is(i, "JUSTID")) {
          justId = true;
        } else {
          throw new CommandException(RespErrors.SYNTAX);
        }
      }
      return new AutoClaim(minIdle, from, count, justId);
    }
  }

  /**
   * A {@link CommandSpec.Admission}: marks what Redis has no memory for, which it only looks at
   * when it knows the group. Not by the COUNT alone, which apply takes from logs that have it.
   */
  static byte[][] admitAuto(byte[][] words, CommandSpec.Limits limits) {
    if (AutoClaim.of(new Args(words), words.length).count() <= MAX_ALLOCATED_COUNT) {
      return words;
    }
    byte[][] marked = Arrays.copyOf(words, words.length + 1);
    marked[words.length] = TOO_MANY.getBytes(StandardCharsets.US_ASCII);
    return marked;
  }

  static Reply xautoclaim(Args args, Keyspace db) {
    boolean tooMany = args.is(args.size() - 1, TOO_MANY) && args.size() > 6;
    AutoClaim asked = AutoClaim.of(args, args.size() - (tooMany ? 1 : 0));
    StreamType stream = StreamCommands.stream(args, db);
    StreamGroup group = StreamGroupCommands.requireGroup(stream, args);
    if (tooMany) {
      throw new CommandException(RespErrors.XAUTOCLAIM_COUNT_TOO_HIGH);
    }
    long now = db.timeMillis();
    StreamDelivery delivery =
        new StreamDelivery(stream, group, group.askedBy(args.bytes(3), now), now);
    Claim claim = new Claim(asked.minIdle(), now, -1, !asked.justId(), false);
    Claimed claimed =
        delivery.claimFrom(asked.from(), claim, asked.count(), asked.count() * LOOKS_PER_ENTRY);
    stream.save();
    return Reply.array(
        StreamReplies.id(claimed.next()),
        entries(claimed.claimed(), asked.justId()),
        StreamReplies.ids(claimed.deleted()));
  }

  private static long minIdle(Args args, String command) {
    return Math.max(0, args.int64(4, RespErrors.invalidClaim("min-idle-time", command)));
  }

  private static Reply entries(List<StreamEntry> claimed, boolean justId) {
    return justId ? StreamReplies.idsOf(claimed) : StreamReplies.entries(claimed);
  }
}
