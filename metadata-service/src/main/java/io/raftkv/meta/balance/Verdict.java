package io.raftkv.meta.balance;

import io.raftkv.meta.MetaCommand;
import java.util.Optional;

/**
 * What the balancer says.
 *
 * @param action the beginning of a job, or the end of one; to be proposed to the metadata group
 * @param split if the action splits a shard in the middle of its slots, as it may be done better
 * @param reason why that is to be done, or why nothing is; for people
 */
public record Verdict(Optional<MetaCommand> action, Optional<Split> split, String reason) {
  /**
   * A split, whose halves should be alike.
   *
   * @param shardId of which shard
   * @param large true if they should be alike in bytes, false if in what they are asked for
   */
  public record Split(String shardId, boolean large) {}

  static Verdict nothing(String reason) {
    return new Verdict(Optional.empty(), Optional.empty(), reason);
  }

  static Verdict of(MetaCommand action, String reason) {
    return new Verdict(Optional.of(action), Optional.empty(), reason);
  }
}
