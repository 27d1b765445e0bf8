package io.raftkv.it.compare;

import io.raftkv.it.cluster.RawReply;
import java.util.List;

/** Strings byte for byte, but for the estimate that a HyperLogLog may hold, and its mark. */
final class HyperLogLogBytes implements Rule {
  private static final String MAGIC = "HYLL";
  private static final int ESTIMATE_AT = 8;
  private static final int REGISTERS_AT = 16;

  @Override
  public boolean agree(List<String> words, RawReply redis, RawReply raftkv) {
    return redis.text() != null
        && raftkv.text() != null
        && redis.text().startsWith(MAGIC)
        && redis.text().length() > REGISTERS_AT
        && withoutEstimate(redis.text()).equals(withoutEstimate(raftkv.text()));
  }

  private static String withoutEstimate(String text) {
    return text.length() < REGISTERS_AT
        ? text
        : text.substring(0, ESTIMATE_AT) + text.substring(REGISTERS_AT);
  }
}
