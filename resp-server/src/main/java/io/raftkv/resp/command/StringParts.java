package io.raftkv.resp.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.KeyHandle;
import io.raftkv.storage.KeyType;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.type.StringType;
import java.util.ArrayList;
import java.util.List;

/** Commands that look at, or change, parts of a string. */
final class StringParts {
  /** Ends what is said of the cost of a read of a part. */
  static final String OR_OF_WHOLE = ", or of a string of at most 1 MiB that was written whole.";

  /** Follows what is said of the cost of a change of a part. */
  static final String AFTER_WHOLE =
      " The first such change of one that was written whole costs its length, at most 1 MiB.";

  private StringParts() {}

  static Reply append(Args args, Keyspace keys) {
    StringType string = string(args, keys);
    byte[] more = args.bytes(2);
    ValueLimit.require(args, 3, string.length(), more.length);
    string.write(string.length(), more);
    string.save();
    return Reply.integer(string.length());
  }

  static Reply strlen(Args args, Keyspace keys) {
    return Reply.integer(string(args, keys).length());
  }

  static Reply getRange(Args args, Keyspace keys) {
    long start = args.int64(2);
    long end = args.int64(3);
    return Reply.bulk(string(args, keys).range(start, end));
  }

  static Reply setRange(Args args, Keyspace keys) {
    long offset = args.int64(2);
    if (offset < 0) {
      throw new CommandException(RespErrors.OFFSET_OUT_OF_RANGE);
    }
    StringType string = string(args, keys);
    int length = string.length();
    byte[] bytes = args.bytes(3);
    if (bytes.length == 0) {
      return Reply.integer(length);
    }
    ValueLimit.require(args, 4, offset, bytes.length);
    string.write((int) offset, bytes);
    string.save();
    return Reply.integer(string.length());
  }

  static Reply lcs(Args args, Keyspace keys) {
    KeyHandle first = keys.key(args.bytes(1));
    KeyHandle second = keys.key(args.bytes(2));
    for (KeyHandle key : List.of(first, second)) {
      if (key.exists() && key.meta().type() != KeyType.STRING) {
        throw new CommandException(RespErrors.LCS_NOT_STRINGS);
      }
    }
    boolean onlyLength = false;
    boolean indexes = false;
    boolean withLength = false;
    long minLength = 0;
    for (int i = 3; i < args.size(); i++) {
      if (args.is(i, "IDX")) {
        indexes = true;
      } else if (args.is(i, "LEN")) {
        onlyLength = true;
      } else if (args.is(i, "WITHMATCHLEN")) {
        withLength = true;
      } else if (args.is(i, "MINMATCHLEN") && i + 1 < args.size()) {
        minLength = args.int64(++i);
      } else {
        throw new CommandException(RespErrors.SYNTAX);
      }
    }
    if (indexes && onlyLength) {
      throw new CommandException(RespErrors.LCS_LENGTH_AND_INDEXES);
    }
    StringType a = new StringType(first);
    StringType b = new StringType(second);
    Lcs.requireLengths(a.length(), b.length());
    keys.mayTakeLong((long) a.length() * b.length());
    Lcs lcs = new Lcs(a.getOrEmpty(), b.getOrEmpty());
    if (onlyLength) {
      return Reply.integer(lcs.length());
    }
    if (!indexes) {
      return Reply.bulk(lcs.text());
    }
    List<Reply> matches = new ArrayList<>();
    for (Lcs.Match match : lcs.matches()) {
      if (match.length() >= minLength) {
        matches.add(match.reply(withLength));
      }
    }
    return Reply.map(
        List.of(
            Reply.bulk("matches"),
            Reply.array(matches),
            Reply.bulk("len"),
            Reply.integer(lcs.length())));
  }

  private static StringType string(Args args, Keyspace keys) {
    return new StringType(keys.key(args.bytes(1)));
  }
}
