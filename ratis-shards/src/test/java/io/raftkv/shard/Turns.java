package io.raftkv.shard;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Executor;

/** An event loop's turns: between begin and end, what is executed waits for the end. */
final class Turns implements Executor {
  private final Queue<Runnable> waiting = new ArrayDeque<>();
  private boolean inTurn;

  @Override
  public void execute(Runnable work) {
    if (inTurn) {
      waiting.add(work);
    } else {
      work.run();
    }
  }

  void begin() {
    inTurn = true;
  }

  void end() {
    inTurn = false;
    while (!waiting.isEmpty()) {
      waiting.poll().run();
    }
  }
}
