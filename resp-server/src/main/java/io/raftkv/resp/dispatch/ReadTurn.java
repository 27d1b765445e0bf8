package io.raftkv.resp.dispatch;

import java.util.ArrayDeque;

/**
 * One run of reads in the order of its connection and shard. Runs may find out at the same time how
 * much they have to see, but a run looks only when those before it have been answered: else it
 * could show less than the one before it. Event-loop confined.
 */
final class ReadTurn {
  /** The runs of one connection and shard that are not answered, first come first. */
  static final class Order {
    private final ArrayDeque<ReadTurn> turns = new ArrayDeque<>();
    private boolean advancing;

    /** Whether the first one's reply is on its way to the client. */
    private boolean waitsForClient;

    /** The turn after all others; {@code onDone} runs when its reads are answered. */
    ReadTurn next(Runnable onDone) {
      ReadTurn turn = new ReadTurn(this, onDone);
      turns.add(turn);
      return turn;
    }

    /** A loop, not a recursion: what runs here may end its turn at once, and so may many more. */
    private void advance() {
      if (advancing) {
        return;
      }
      advancing = true;
      try {
        while (!turns.isEmpty() && turns.peek().action != null) {
          ReadTurn first = turns.peek();
          Runnable action = first.action;
          first.action = null;
          action.run();
        }
      } finally {
        advancing = false;
      }
    }
  }

  private final Order order;
  private final Runnable onDone;
  private Runnable action;

  private ReadTurn(Order order, Runnable onDone) {
    this.order = order;
    this.onDone = onDone;
  }

  /** The turn of reads that nothing comes before. */
  static ReadTurn alone(Runnable onDone) {
    return new Order().next(onDone);
  }

  boolean isFirst() {
    return order.turns.peek() == this;
  }

  /** From {@code true} to {@code false} this turn, the first, takes as long as its client likes. */
  void waitsForClient(boolean value) {
    order.waitsForClient = value;
  }

  /** Whether this turn or one before it takes as long as its client likes. */
  boolean isHeldUpByClient() {
    return order.waitsForClient;
  }

  /** Runs the action when all turns before this one are over: at once, or in their thread. */
  void whenFirst(Runnable looks) {
    action = looks;
    order.advance();
  }

  /** All reads of this turn have been answered, be it with an error before they had their turn. */
  void done() {
    action = null;
    order.turns.remove(this);
    onDone.run();
    order.advance();
  }
}
