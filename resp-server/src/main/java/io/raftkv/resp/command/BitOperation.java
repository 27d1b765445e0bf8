package io.raftkv.resp.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.KeyHandle;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.type.StringType;
import java.util.Arrays;

/** BITOP: strings combined bit by bit, the shorter ones as if they had zeros behind their end. */
enum BitOperation {
  AND {
    @Override
    void combine(byte[] result, byte[] with) {
      for (int i = 0; i < with.length; i++) {
        result[i] &= with[i];
      }
      Arrays.fill(result, with.length, result.length, (byte) 0);
    }
  },
  OR {
    @Override
    void combine(byte[] result, byte[] with) {
      for (int i = 0; i < with.length; i++) {
        result[i] |= with[i];
      }
    }
  },
  XOR {
    @Override
    void combine(byte[] result, byte[] with) {
      for (int i = 0; i < with.length; i++) {
        result[i] ^= with[i];
      }
    }
  },
  /** Of one string only. */
  NOT {
    @Override
    void combine(byte[] result, byte[] with) {
      for (int i = 0; i < with.length; i++) {
        result[i] = (byte) ~with[i];
      }
    }
  };

  private static final int FIRST_SOURCE = 3;

  /** Changes {@code result}, which is at least as long as {@code with}. */
  abstract void combine(byte[] result, byte[] with);

  static Reply run(Args args, Keyspace keys) {
    BitOperation operation = named(args);
    if (operation == NOT && args.size() > FIRST_SOURCE + 1) {
      throw new CommandException(RespErrors.BITOP_NOT_SOURCES);
    }
    byte[] result = source(args, keys, FIRST_SOURCE).clone();
    if (operation == NOT) {
      operation.combine(result, result);
    }
    for (int i = FIRST_SOURCE + 1; i < args.size(); i++) {
      byte[] with = source(args, keys, i);
      if (with.length > result.length) {
        result = Arrays.copyOf(result, with.length);
      }
      operation.combine(result, with);
    }
    KeyHandle target = keys.key(args.bytes(2));
    if (result.length == 0) {
      target.delete();
    } else {
      new StringType(target).set(result);
    }
    return Reply.integer(result.length);
  }

  private static BitOperation named(Args args) {
    for (BitOperation operation : values()) {
      if (args.is(1, operation.name())) {
        return operation;
      }
    }
    throw new CommandException(RespErrors.SYNTAX);
  }

  private static byte[] source(Args args, Keyspace keys, int index) {
    return new StringType(keys.key(args.bytes(index))).getOrEmpty();
  }
}
