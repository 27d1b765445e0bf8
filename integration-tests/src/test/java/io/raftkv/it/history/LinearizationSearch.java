package io.raftkv.it.history;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.PriorityQueue;
import java.util.Set;

/**
 * Searches an order of one key's operations that agrees with real time and with the model.
 *
 * <p>The search walks through the replies in time order. An operation is placed only when its own
 * reply, or that of an operation which needs it, is reached ("just in time"): every valid order can
 * be brought into this form, and far fewer orders are tried. A configuration is the state of the
 * key plus the set of operations placed before their reply was reached; one that was tried before
 * is never tried again. Operations under way at the same time occupy different bits of that set, so
 * its size is the concurrency, not the length of the history.
 *
 * <p>Three rules skip orders that another valid order always stands in for:
 *
 * <ul>
 *   <li>A read, or a write that answered that it changed nothing, is placed as soon as it fits.
 *   <li>Of uncertain operations with equal calls the earliest is used first.
 *   <li>An uncertain operation is used only if the next one depends on it, for otherwise it could
 *       as well have been lost.
 * </ul>
 */
final class LinearizationSearch<S> {
  private static final int MAX_REPORTED_STATES = 8;

  /** About 100 bytes each. */
  private static final int MAX_CONFIGS = 3_000_000;

  private final Model<S> model;
  private final long maxSteps;
  private final long deadlineNanos;

  /**
   * Completed operations in order of their replies, their bits, and what was under way then:
   * whoever replies first is tried first, and the uncertain last.
   */
  private final List<Operation> replies = new ArrayList<>();

  private final List<Integer> replySlots = new ArrayList<>();
  private final List<int[]> pending = new ArrayList<>();
  private final Operation[] operations;
  private final int[] slots;
  private int words;

  private final Set<Config<S>> tried = new HashSet<>();
  private long steps;
  private int furthest = -1;
  private final Set<S> statesAtFurthest = new LinkedHashSet<>();

  LinearizationSearch(Model<S> model, List<Operation> history, long maxSteps, long deadlineNanos) {
    this.model = model;
    this.maxSteps = maxSteps;
    this.deadlineNanos = deadlineNanos;
    List<Operation> relevant = new ArrayList<>(history);
    relevant.removeIf(op -> op.outcome() == Outcome.REFUSED);
    // Uncertain and removable: present or absent, the answer is the same.
    relevant.removeIf(op -> op.isUncertain() && model.isRemovable(op, relevant));
    this.operations =
        model.normalize(relevant).stream()
            .sorted(Comparator.comparingLong(Operation::invokedNanos))
            .toArray(Operation[]::new);
    this.slots = new int[operations.length];
    layOut();
  }

  /** Numbers the bits and notes, for every reply, which operations were under way. */
  private void layOut() {
    Integer[] byReply = new Integer[operations.length];
    Arrays.setAll(byReply, i -> i);
    Arrays.sort(byReply, Comparator.comparingLong(i -> operations[i].completedNanos()));
    PriorityQueue<Integer> free = new PriorityQueue<>();
    Set<Integer> open = new LinkedHashSet<>();
    int used = 0;
    int next = 0;
    for (int index : byReply) {
      Operation op = operations[index];
      // At the same instant calls come before replies: overlapping is the weaker claim.
      while (next < operations.length && operations[next].invokedNanos() <= op.completedNanos()) {
        slots[next] = free.isEmpty() ? used++ : free.remove();
        open.add(next++);
      }
      if (op.isUncertain()) {
        break;
      }
      open.remove(index);
      pending.add(
          open.stream()
              .sorted(Comparator.comparingLong(i -> operations[i].completedNanos()))
              .mapToInt(Integer::intValue)
              .toArray());
      free.add(slots[index]);
      replies.add(op);
      replySlots.add(slots[index]);
    }
    words = Math.max(1, (used + Long.SIZE - 1) / Long.SIZE);
  }

  Verdict run() {
    ArrayDeque<Frame> path = new ArrayDeque<>();
    path.push(new Frame(new Config<>(0, model.initial(), new long[words])));
    while (!path.isEmpty()) {
      Frame frame = path.peek();
      if (frame.reply == replies.size()) {
        return Verdict.LINEARIZABLE;
      }
      Config<S> child = frame.nextChild();
      if (steps > maxSteps || tried.size() > MAX_CONFIGS || System.nanoTime() - deadlineNanos > 0) {
        return Verdict.UNDECIDED;
      }
      if (child == null) {
        path.pop();
      } else {
        path.push(new Frame(child));
      }
    }
    return Verdict.NOT_LINEARIZABLE;
  }

  /** The reply no order got past, after a failed run. */
  Operation stuckAt() {
    return replies.get(furthest);
  }

  /** Some of the states the key could have been in when the search was stuck. */
  Set<S> statesWhenStuck() {
    return statesAtFurthest;
  }

  /** One configuration, and lazily the ways to get past the next reply from it, shortest first. */
  private final class Frame {
    private final int reply;
    private final Config<S> start;
    private Node<S> unexpanded;
    private ArrayDeque<Node<S>> queue;
    private Set<Node<S>> seen;

    Frame(Config<S> start) {
      this.start = start;
      this.reply = start.reply;
      if (reply > furthest) {
        furthest = reply;
        statesAtFurthest.clear();
      }
      if (reply == furthest && statesAtFurthest.size() < MAX_REPORTED_STATES) {
        statesAtFurthest.add(start.state);
      }
    }

    /** The next configuration after this frame's reply that was not tried yet, or null. */
    Config<S> nextChild() {
      if (queue == null) {
        queue = new ArrayDeque<>();
        Node<S> first = new Node<>(start.state, settle(start.state, start.placed), null);
        if (has(first.placed, replySlots.get(reply))) {
          return accept(first);
        }
        unexpanded = first;
      }
      while (true) {
        if (unexpanded != null) {
          expand(unexpanded);
          unexpanded = null;
        }
        Node<S> node = queue.poll();
        if (node == null || steps > maxSteps) {
          return null;
        }
        if (!has(node.placed, replySlots.get(reply))) {
          unexpanded = node;
          continue;
        }
        Config<S> child = accept(node);
        if (child != null) {
          return child;
        }
      }
    }

    /** Queues what follows from placing each operation under way, the replying one first. */
    private void expand(Node<S> node) {
      if (seen == null) {
        seen = new HashSet<>();
      }
      place(node, replies.get(reply), replySlots.get(reply));
      int[] candidates = pending.get(reply);
      for (int i = 0; i < candidates.length; i++) {
        int index = candidates[i];
        if (!has(node.placed, slots[index]) && !hasEarlierTwin(node, candidates, i)) {
          place(node, operations[index], slots[index]);
        }
      }
    }

    private void place(Node<S> node, Operation op, int slot) {
      steps++;
      S after = model.step(node.state, op);
      if (after == null || (op.isUncertain() && after.equals(node.state))) {
        return;
      }
      if (slot != replySlots.get(reply) && !model.mayLeadTo(after, replies.get(reply))) {
        return;
      }
      if (node.beforeUncertain != null && after.equals(model.step(node.beforeUncertain, op))) {
        return;
      }
      long[] placed = with(node.placed, slot);
      long[] settled = settle(after, placed);
      // Whatever settles only now depends on this operation.
      boolean inVainSoFar = op.isUncertain() && settled == placed;
      Node<S> next = new Node<>(after, settled, inVainSoFar ? node.state : null);
      if (seen.add(next)) {
        queue.add(next);
      }
    }

    /** Places all observations that fit. */
    private long[] settle(S state, long[] placed) {
      long[] settled = placed;
      if (!has(placed, replySlots.get(reply)) && fits(state, replies.get(reply))) {
        settled = with(settled, replySlots.get(reply));
      }
      for (int index : pending.get(reply)) {
        if (!has(settled, slots[index]) && fits(state, operations[index])) {
          settled = with(settled, slots[index]);
        }
      }
      return settled;
    }

    private boolean fits(S state, Operation op) {
      steps++;
      return !op.isUncertain() && model.isObservation(op) && model.step(state, op) != null;
    }

    private boolean hasEarlierTwin(Node<S> node, int[] candidates, int i) {
      Operation op = operations[candidates[i]];
      if (!op.isUncertain()) {
        return false;
      }
      for (int k = 0; k < i; k++) {
        Operation earlier = operations[candidates[k]];
        if (earlier.isUncertain()
            && earlier.sameCall(op)
            && !has(node.placed, slots[candidates[k]])) {
          return true;
        }
      }
      return false;
    }

    private Config<S> accept(Node<S> node) {
      Config<S> child =
          new Config<>(reply + 1, node.state, without(node.placed, replySlots.get(reply)));
      return tried.add(child) ? child : null;
    }
  }

  private static boolean has(long[] set, int bit) {
    return (set[bit >> 6] & (1L << bit)) != 0;
  }

  private static long[] with(long[] set, int bit) {
    long[] copy = set.clone();
    copy[bit >> 6] |= 1L << bit;
    return copy;
  }

  private static long[] without(long[] set, int bit) {
    if (!has(set, bit)) {
      return set;
    }
    long[] copy = set.clone();
    copy[bit >> 6] &= ~(1L << bit);
    return copy;
  }

  /** Where the search stands before a reply. The sets are never written to once in here. */
  private static final class Config<S> {
    final int reply;
    final S state;
    final long[] placed;

    Config(int reply, S state, long[] placed) {
      this.reply = reply;
      this.state = state;
      this.placed = placed;
    }

    @Override
    public boolean equals(Object o) {
      return o instanceof Config<?> other
          && reply == other.reply
          && state.equals(other.state)
          && Arrays.equals(placed, other.placed);
    }

    @Override
    public int hashCode() {
      return 31 * (31 * reply + state.hashCode()) + Arrays.hashCode(placed);
    }
  }

  /**
   * A step on the way to a reply. If the last operation placed was uncertain, {@code
   * beforeUncertain} is the state it found, else null.
   */
  private static final class Node<S> {
    final S state;
    final long[] placed;
    final S beforeUncertain;

    Node(S state, long[] placed, S beforeUncertain) {
      this.state = state;
      this.placed = placed;
      this.beforeUncertain = beforeUncertain;
    }

    @Override
    public boolean equals(Object o) {
      return o instanceof Node<?> other
          && state.equals(other.state)
          && Objects.equals(beforeUncertain, other.beforeUncertain)
          && Arrays.equals(placed, other.placed);
    }

    @Override
    public int hashCode() {
      return 31 * (31 * Objects.hashCode(beforeUncertain) + state.hashCode())
          + Arrays.hashCode(placed);
    }
  }
}
