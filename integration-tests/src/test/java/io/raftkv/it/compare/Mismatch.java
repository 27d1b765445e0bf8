package io.raftkv.it.compare;

import io.raftkv.it.cluster.RawReply;
import java.util.List;
import java.util.Locale;

/**
 * A command that Redis and RaftKV do not agree on.
 *
 * @param sequence the sequence it is in; its last step is the command, unless this was asked after
 *     it
 * @param index where in the sequence
 * @param note what else is to be said; may be empty
 */
record Mismatch(
    Sequence sequence,
    int index,
    List<String> words,
    RawReply redis,
    RawReply raftkv,
    String note) {

  /** Two mismatches with the same one are most likely the same bug. */
  String kind() {
    return words.get(0).toUpperCase(Locale.ROOT)
        + gist(redis)
        + gist(raftkv)
        + (note.isEmpty() ? "" : " with a note");
  }

  /** Not what an error quotes: that is different each time. */
  private static String gist(RawReply reply) {
    return " " + reply.kind() + (reply.isError() ? reply.text().split("'", 2)[0] : "");
  }

  /** The commands that led to it, both replies, and how to see it again. */
  String describe(long seed, String test, String protocol) {
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            "---- seed %d, %s, sequence %d, command %d, %s%n",
            seed, sequence.family(), sequence.number(), index, protocol));
    List<Sequence.Step> history =
        sequence.steps().subList(0, Math.min(index, sequence.steps().size()));
    for (Sequence.Step step : history) {
      text.append("  ").append(RawReply.quoteAll(step.words())).append('\n');
    }
    text.append("> ").append(RawReply.quoteAll(words)).append('\n');
    text.append("redis:  ").append(redis).append('\n');
    text.append("raftkv: ").append(raftkv).append('\n');
    if (!note.isEmpty()) {
      text.append(note).append('\n');
    }
    text.append(
        String.format(
            "mvn verify -pl integration-tests -am -Dsurefire.failIfNoSpecifiedTests=false"
                + " -Dit.test=%s -Draftkv.seed=%d -Draftkv.compare.family=%s"
                + " -Draftkv.compare.sequence=%d%n",
            test, seed, sequence.family(), sequence.number()));
    return text.toString();
  }
}
