package io.raftkv.meta.job;

import io.raftkv.meta.MetaCommand;
import io.raftkv.meta.SlotRange;
import java.util.List;
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
   * Something for another job, which does a part of this one: to be proposed.
   *
   * @param command refused if things are not as they were seen any more
   */
  record Propose(MetaCommand command) implements JobAction {}

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
   * @param heir to whom a leader that is to leave hands over if that one is there and up to date;
   *     empty if to whoever has most
   */
  record ChangeMembers(String leader, UUID group, Members expected, Members next, String heir)
      implements JobAction {}

  /**
   * The leader of a group is to hand over.
   *
   * @param leader node of the leader
   * @param group which
   * @param to node of the next leader
   */
  record HandOver(String leader, UUID group, String to) implements JobAction {}

  /**
   * The leader of a group is to put a fence around slots: nobody reads or writes them, and each
   * replica that applies this keeps a cut for the group they go to.
   *
   * @param leader node of the leader
   * @param group which
   * @param epoch of its slots that this is for; at any other it does nothing
   * @param target group that the slots shall go to
   * @param slots which
   * @param atOnce whether another group has its fence already, and clients wait; else the stores
   *     are flushed first, so that little is left to do then
   */
  record Fence(
      String leader, UUID group, long epoch, UUID target, List<SlotRange> slots, boolean atOnce)
      implements JobAction {
    public Fence(String leader, UUID group, long epoch, UUID target, List<SlotRange> slots) {
      this(leader, group, epoch, target, slots, false);
    }
  }

  /**
   * A node is to make its cuts a replica of the group that they were made for.
   *
   * @param node which
   * @param target group of the replica
   * @param sources groups that were cut; if there are several, what the others had is copied into
   *     the store of the first one
   */
  record Seed(String node, UUID target, List<UUID> sources) implements JobAction {
    public Seed {
      sources = List.copyOf(sources);
    }
  }

  /**
   * The leader of a group is to keep these slots and let go of all others, with what is in them;
   * its fence, if there is one, is gone then.
   *
   * @param leader node of the leader
   * @param group which
   * @param epoch of its slots that this is for; at any other it does nothing
   * @param routingVersion commands to all shards that were routed by an older table are not for the
   *     group as it is then
   * @param slots to keep
   */
  record Keep(String leader, UUID group, long epoch, long routingVersion, List<SlotRange> slots)
      implements JobAction {}

  /**
   * The leader of a group is to take its fence away. It counts as a change without a fence, too:
   * then no order for this epoch can be carried out any more.
   *
   * @param leader node of the leader
   * @param group which
   * @param epoch of its slots that this is for; at any other it does nothing
   * @param routingVersion by which commands must have been routed from then on: the next one
   */
  record Unfence(String leader, UUID group, long epoch, long routingVersion) implements JobAction {}

  /**
   * A node is to stand for election in a group that never had a leader.
   *
   * @param node which
   * @param group of the replica
   */
  record Lead(String node, UUID group) implements JobAction {}

  /**
   * Several things, at the same time and in no order.
   *
   * @param parts what is to be asked of nodes
   */
  record Together(List<JobAction> parts) implements JobAction {
    public Together {
      parts = List.copyOf(parts);
    }
  }
}
