package io.raftkv.resp.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.KeyHandle;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.row.MetaRow;
import io.raftkv.storage.type.ObjectEncoding;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.Function;

/**
 * OBJECT and its subcommands. Access times and frequencies are not kept: keys are never evicted.
 */
final class ObjectCommand {
  private static final int WORDS_WITH_KEY = 3;
  private static final int WORDS_OF_HELP = 2;

  /** What Redis answers for the small numbers that it keeps once for all keys. */
  private static final Reply SHARED = Reply.integer(Integer.MAX_VALUE);

  private static final String[] HELP = {
    "OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
    "ENCODING <key>",
    "    Return the kind of internal representation used in order to store the value",
    "    associated with a <key>.",
    "FREQ <key>",
    "    Return the access frequency index of the <key>. The returned integer is",
    "    proportional to the logarithm of the recent access frequency of the key.",
    "IDLETIME <key>",
    "    Return the idle time of the <key>, that is the approximated number of",
    "    seconds elapsed since the last access to the key.",
    "REFCOUNT <key>",
    "    Return the number of references of the value associated with the specified",
    "    <key>.",
    "HELP",
    "    Prints this help."
  };

  private ObjectCommand() {}

  static Reply run(Args args, Keyspace keys) {
    String subcommand = args.text(1).toUpperCase(Locale.ROOT);
    return switch (subcommand) {
      case "ENCODING" -> ofKey(args, keys, meta -> Reply.bulk(ObjectEncoding.of(meta)));
      case "REFCOUNT" ->
          ofKey(args, keys, meta -> ObjectEncoding.isShared(meta) ? SHARED : Reply.ONE);
      case "IDLETIME" -> ofKey(args, keys, meta -> Reply.ZERO);
      case "FREQ" ->
          ofKey(
              args,
              keys,
              meta -> {
                throw new CommandException(RespErrors.NO_LFU);
              });
      case "HELP" -> {
        requireWords(args, WORDS_OF_HELP);
        yield Reply.array(Arrays.stream(HELP).map(Reply::simple).toList());
      }
      default -> throw new CommandException(RespErrors.unknownSubcommand("OBJECT", args.text(1)));
    };
  }

  private static Reply ofKey(Args args, Keyspace keys, Function<MetaRow, Reply> answer) {
    requireWords(args, WORDS_WITH_KEY);
    KeyHandle key = keys.key(args.bytes(2));
    return key.exists() ? answer.apply(key.meta()) : Reply.NULL;
  }

  private static void requireWords(Args args, int words) {
    if (args.size() != words) {
      throw new CommandException(RespErrors.wrongArity("object|" + args.text(1)));
    }
  }
}
