package io.raftkv.it.compare;

import io.raftkv.it.cluster.RawReply;
import io.raftkv.it.cluster.RespConnection;
import java.io.IOException;
import java.util.List;

/**
 * How the replies of Redis and of RaftKV to one command are compared when they are not the same
 * bytes. Errors always have to be the same.
 */
interface Rule {
  /** True if the replies mean the same, as far as can be said from them alone. */
  boolean agree(List<String> words, RawReply redis, RawReply raftkv);

  /** True if {@link #follow} has to be asked before the next command is sent. */
  default boolean hasFollowUp() {
    return false;
  }

  /** False if the reply, or what the command does, is not the same each time. */
  default boolean isDeterministic() {
    return !hasFollowUp();
  }

  /**
   * Asks both servers for more, and makes Redis' data those of RaftKV if chance made them differ.
   *
   * @return null, or what is wrong
   */
  default String follow(
      List<String> words,
      RawReply redis,
      RawReply raftkv,
      RespConnection redisConnection,
      RespConnection raftkvConnection)
      throws IOException {
    return null;
  }
}
