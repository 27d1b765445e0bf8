package io.raftkv.meta.balance;

import java.util.Locale;

/**
 * A replica that goes to another node, or a leadership that does.
 *
 * @param leader true if it is the leadership alone
 * @param shardId of which shard
 * @param from node that has it; empty if nobody is the preferred leader
 * @param to node that gets it
 * @param reason for people
 */
public record Move(boolean leader, String shardId, String from, String to, String reason) {
  /** As texts say it. */
  public String text() {
    return String.format(
        Locale.ROOT,
        "%s of %s%s to %s: %s",
        leader ? "leadership" : "replica",
        shardId,
        from.isEmpty() ? "" : " from " + from,
        to,
        reason);
  }
}
