package io.raftkv.resp.command;

import static io.raftkv.resp.command.CommandSpec.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.KeyHandle;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.row.MetaRow;
import io.raftkv.storage.type.ObjectEncoding;
import java.util.List;
import java.util.function.Function;

/**
 * OBJECT and its subcommands. Access times and frequencies are not kept: keys are never evicted.
 */
final class ObjectCommand {
  /** What Redis answers for the small numbers that it keeps once for all keys. */
  private static final Reply SHARED = Reply.integer(Integer.MAX_VALUE);

  /** The entries of OBJECT and its subcommands. */
  static final List<CommandSpec> ALL =
      new DataSubcommands("OBJECT", false)
          .add(
              entry("ENCODING", "2.2.3", "Returns how a value is kept.")
                  .differs(
                      "By RaftKV's limits: 128 elements, 64 bytes each, 4,096 in all. That of a"
                          + " string follows from its bytes; in Redis also from its history, as"
                          + " `raw` after APPEND."),
              (args, keys) -> ofKey(args, keys, meta -> Reply.bulk(ObjectEncoding.of(meta))))
          .add(
              entry("FREQ", "4.0.0", "Returns how often a key is used, under an LFU policy.")
                  .differs("Always the error of Redis without such a policy."),
              (args, keys) ->
                  ofKey(
                      args,
                      keys,
                      meta -> {
                        throw new CommandException(RespErrors.NO_LFU);
                      }))
          .add(
              entry("IDLETIME", "2.2.3", "Returns since when a key was not used.")
                  .differs("Always 0: keys are never evicted, so nobody counts."),
              (args, keys) -> ofKey(args, keys, meta -> Reply.ZERO))
          .add(
              entry("REFCOUNT", "2.2.3", "Returns the number of references to a value."),
              (args, keys) ->
                  ofKey(args, keys, meta -> ObjectEncoding.isShared(meta) ? SHARED : Reply.ONE))
          .all(
              Group.GENERIC,
              "2.2.3",
              "A container for commands that tell how a value is kept.",
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
              "    Prints this help.");

  private ObjectCommand() {}

  private static CommandSpec.Builder entry(String name, String since, String summary) {
    return command("OBJECT|" + name).arity(3).docs(Group.GENERIC, since, "O(1)", summary);
  }

  private static Reply ofKey(Args args, Keyspace keys, Function<MetaRow, Reply> answer) {
    KeyHandle key = keys.key(args.bytes(2));
    return key.exists() ? answer.apply(key.meta()) : Reply.NULL;
  }
}
