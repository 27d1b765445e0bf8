package io.raftkv.meta;

import java.util.Objects;

/**
 * One copy of a shard.
 *
 * @param nodeId where it lives
 * @param role whether it counts towards a majority
 */
public record Replica(String nodeId, Role role) {
  /** A replica's part in its Raft group. */
  public enum Role implements Coded {
    /** Votes, and may lead. */
    VOTER(0),
    /** Only follows the log. */
    LISTENER(1);

    private final int code;

    Role(int code) {
      this.code = code;
    }

    @Override
    public int code() {
      return code;
    }
  }

  public Replica {
    Ids.requireNodeId(nodeId);
    Objects.requireNonNull(role, "role");
  }

  /** A replica that votes. */
  public static Replica voter(String nodeId) {
    return new Replica(nodeId, Role.VOTER);
  }

  /** A replica that only follows. */
  public static Replica listener(String nodeId) {
    return new Replica(nodeId, Role.LISTENER);
  }

  /** True for a replica that counts towards a majority. */
  public boolean isVoter() {
    return role == Role.VOTER;
  }
}
