package io.raftkv.it.history;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Makes histories of clients on one correct key: each operation takes effect at a drawn instant
 * inside its interval. An uncertain one takes effect after a drawn delay that may be much longer,
 * or never. Time is a counter, so that a seed repeats everything.
 */
final class SimulatedRegister {
  private final Random random;
  private final int clients;
  private final double uncertainShare;

  SimulatedRegister(long seed, int clients, double uncertainShare) {
    this.random = new Random(seed);
    this.clients = clients;
    this.uncertainShare = uncertainShare;
  }

  private record Planned(
      int client, Action action, String argument, long from, long effect, long to, boolean lost) {}

  /** A linearizable history of about this many operations drawn from the given actions. */
  <S> List<Operation> run(Model<S> model, int operations, Action... mix) {
    List<Planned> plan = new ArrayList<>();
    for (int client = 0; client < clients; client++) {
      long clock = random.nextInt(50);
      for (int i = 0; i < operations / clients; i++) {
        Action action = mix[random.nextInt(mix.length)];
        long to = clock + 1 + random.nextInt(100);
        boolean lost = random.nextDouble() < uncertainShare;
        long window = lost ? 20 * (to - clock) : to - clock;
        long effect = clock + (long) (random.nextDouble() * window);
        boolean never = lost && random.nextBoolean();
        plan.add(
            new Planned(
                client,
                action,
                action == Action.INCR || action == Action.DEL ? null : client + "-" + i,
                clock,
                never ? Operation.NEVER : effect,
                to,
                lost));
        clock = to + 1 + random.nextInt(20);
      }
    }
    plan.sort((a, b) -> Long.compare(a.effect(), b.effect()));
    List<Operation> history = new ArrayList<>();
    S state = model.initial();
    for (Planned p : plan) {
      String argument = p.action() == Action.GET ? null : p.argument();
      if (p.lost()) {
        Operation op = Operation.uncertain(p.client(), p.action(), "k", argument, p.from());
        state = p.effect() == Operation.NEVER ? state : model.step(state, op);
        history.add(op);
      } else {
        String result = resultOf(p.action(), state);
        Operation op =
            Operation.ok(p.client(), p.action(), "k", argument, result, p.from(), p.to());
        state = model.step(state, op);
        history.add(op);
      }
    }
    return history;
  }

  /** Written apart from {@link Models}, which it is used to test. */
  private static String resultOf(Action action, Object state) {
    String value = null;
    if (state instanceof java.util.Optional<?> register) {
      value = (String) register.orElse(null);
    } else if (!state.equals(0L)) {
      value = state.toString();
    }
    return switch (action) {
      case GET, GETSET -> value;
      case SET -> "OK";
      case SETNX -> value == null ? "1" : "0";
      case DEL -> value == null ? "0" : "1";
      case INCR -> Long.toString(value == null ? 1 : Long.parseLong(value) + 1);
      case CAS -> throw new IllegalArgumentException("CAS is not simulated");
    };
  }
}
