package io.raftkv.it.compare;

import io.raftkv.it.cluster.RawReply;
import io.raftkv.it.cluster.RespConnection;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** Compares what two servers hold under keys. */
final class Values {
  /** A question and two answers that differ. */
  record Difference(List<String> words, RawReply redis, RawReply raftkv) {}

  private Values() {}

  /** The first difference in types, values and times to live of these keys, or null. */
  static Difference first(RespConnection redis, RespConnection raftkv, Collection<String> keys)
      throws IOException {
    for (String key : keys) {
      for (List<String> question : questions(redis, key)) {
        RawReply theirs = Duel.ask(redis, question);
        RawReply ours = Duel.ask(raftkv, question);
        if (!Differences.agree(question, theirs, ours)) {
          return new Difference(question, theirs, ours);
        }
      }
    }
    return null;
  }

  /** Questions about a key, for the type that it has on this server. */
  private static List<List<String>> questions(RespConnection server, String key)
      throws IOException {
    List<List<String>> questions = new ArrayList<>();
    questions.add(List.of("TYPE", key));
    questions.add(List.of("PTTL", key));
    switch ((String) server.call("TYPE", key)) {
      case "string" -> questions.add(List.of("GET", key));
      case "list" -> questions.add(List.of("LRANGE", key, "0", "-1"));
      case "set" -> questions.add(List.of("SMEMBERS", key));
      case "hash" -> questions.add(List.of("HGETALL", key));
      case "zset" -> questions.add(List.of("ZRANGE", key, "0", "-1", "WITHSCORES"));
      case "stream" -> questions.add(List.of("XINFO", "STREAM", key, "FULL", "COUNT", "0"));
      default -> questions.add(List.of("EXISTS", key));
    }
    return questions;
  }
}
