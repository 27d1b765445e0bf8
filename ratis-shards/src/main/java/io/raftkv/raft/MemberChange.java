package io.raftkv.raft;

/**
 * What became of a change of a group's members. Whatever it is, to ask for the same change again,
 * of whoever leads by then, is safe: it is done once.
 */
public enum MemberChange {
  /** The members are those that were wanted; perhaps they were already. */
  DONE,
  /** This node does not lead the group, or not yet. Nothing was done. */
  NOT_LEADER,
  /** This node led, and is to leave: it has handed over to one that stays, which is to do it. */
  HANDED_OVER,
  /** This node leads, and is to leave, but nobody took over in time. Nothing was done. */
  NOT_HANDED_OVER,
  /** A change is under way: this one, if the time was too short for it, or another one. */
  UNDER_WAY,
  /** The members are neither those that were expected nor those that are wanted. */
  UNEXPECTED_MEMBERS,
  /** More than one voter would come or go at once. Nothing was done. */
  TOO_MANY_AT_ONCE,
  /** A new member could not be reached for too long. The members are what they were. */
  NOT_CAUGHT_UP,
  /** Leadership was lost meanwhile: the next leader has the old or the new members. */
  UNKNOWN
}
