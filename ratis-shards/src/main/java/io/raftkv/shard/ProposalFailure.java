package io.raftkv.shard;

/** Why a proposal has no result. Only {@link #UNCERTAIN} leaves open whether it is applied. */
public enum ProposalFailure {
  /** It may have been applied, or may still be. */
  UNCERTAIN,
  /** Nothing happened: no leader with a majority was found before the deadline. */
  NO_LEADER,
  /** Nothing happened: the leader takes no writes now. */
  READ_ONLY,
  /** Nothing happened: the leader had no room for it before the deadline. */
  OVERLOADED
}
