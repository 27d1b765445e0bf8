package io.raftkv.meta.job;

import io.raftkv.meta.MetaCommand;
import java.util.UUID;

/** What is to be done next for a job. Each may be done again without harm. */
public sealed interface JobAction {
  /**
   * Nothing, until the facts have changed.
   *
   * @param reason for people
   * @param bytesDone what the step has moved of {@code bytesTotal}
   * @param bytesTotal what the step has to move; 0 if not known
   */
  record Await(String reason, long bytesDone, long bytesTotal) implements JobAction {}

  /**
   * The step is taken: to be proposed.
   *
   * @param command refused if another leader was faster
   */
  record Advance(MetaCommand.AdvanceJob command) implements JobAction {}

  /**
   * A node is to start a replica, which a change of members will make a voter.
   *
   * @param node which
   * @param group of the replica
   * @param term the leader's: the replica follows none of an earlier term
   */
  record StartJoining(String node, UUID group, long term) implements JobAction {}

  /**
   * The leader of a group is to change its members. A new voter gets all that it lacks before it
   * counts: that may take long.
   *
   * @param leader node of the leader
   * @param group which
   * @param expected members that the change is for; others mean that somebody was faster
   * @param next members to have
   */
  record ChangeMembers(String leader, UUID group, Members expected, Members next)
      implements JobAction {}

  /**
   * The leader of a group is to hand over.
   *
   * @param leader node of the leader
   * @param group which
   * @param to node of the next leader
   */
  record HandOver(String leader, UUID group, String to) implements JobAction {}
}
