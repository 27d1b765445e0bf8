package io.raftkv.it.history;

import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/** The models histories are checked against. */
public final class Models {
  private Models() {}

  /** A string key: SET, GET, GETSET, SETNX, CAS and DEL; absent at first. */
  public static Model<Optional<String>> register() {
    return Register.INSTANCE;
  }

  /** A counter: INCR and GET; absent at first, which counts as 0. It never goes down. */
  public static Model<Long> counter() {
    return Counter.INSTANCE;
  }

  private enum Register implements Model<Optional<String>> {
    INSTANCE;

    /** Stands for every value nobody read; no client writes it. */
    private static final String UNREAD = "<unread>";

    @Override
    public Optional<String> initial() {
      return Optional.empty();
    }

    @Override
    public Optional<String> step(Optional<String> state, Operation op) {
      boolean open = op.isUncertain();
      return switch (op.action()) {
        case GET -> open || Objects.equals(op.result(), state.orElse(null)) ? state : null;
        case SET -> Optional.of(op.argument());
        case GETSET ->
            open || Objects.equals(op.result(), state.orElse(null))
                ? Optional.of(op.argument())
                : null;
        case SETNX -> conditional(op, state.isEmpty(), state, Optional.of(op.argument()));
        case CAS -> {
          boolean equal = Objects.equals(op.expected(), state.orElse(null));
          yield conditional(op, equal, state, Optional.of(op.argument()));
        }
        case DEL -> conditional(op, state.isPresent(), state, Optional.empty());
        case INCR -> throw new IllegalArgumentException("INCR is no operation of a register");
      };
    }

    /** An action that answers "1" and changes the key, or "0" and does not. */
    private static Optional<String> conditional(
        Operation op, boolean applies, Optional<String> before, Optional<String> after) {
      if (!op.isUncertain() && !(applies ? "1" : "0").equals(op.result())) {
        return null;
      }
      return applies ? after : before;
    }

    @Override
    public boolean isObservation(Operation op) {
      return switch (op.action()) {
        case GET -> true;
        case SETNX, CAS, DEL -> "0".equals(op.result());
        default -> false;
      };
    }

    /** Values that were never returned nor compared with become one. */
    @Override
    public List<Operation> normalize(List<Operation> operations) {
      Set<String> observed = new HashSet<>();
      for (Operation op : operations) {
        if (op.action() == Action.GET || op.action() == Action.GETSET) {
          observed.add(op.result());
        }
        observed.add(op.expected());
      }
      return operations.stream()
          .map(op -> op.argument() == null || observed.contains(op.argument()) ? op : unread(op))
          .toList();
    }

    private static Operation unread(Operation op) {
      return new Operation(
          op.client(),
          op.action(),
          op.key(),
          UNREAD,
          op.expected(),
          op.outcome(),
          op.result(),
          op.invokedNanos(),
          op.completedNanos());
    }

    /** Reads always; a blind write if nothing else can tell that it happened. */
    @Override
    public boolean isRemovable(Operation op, List<Operation> others) {
      if (op.action() == Action.GET) {
        return true;
      }
      return op.action() == Action.SET
          && others.stream().noneMatch(other -> observes(other, op.argument()));
    }

    private static boolean observes(Operation other, String value) {
      return switch (other.action()) {
        case SET -> false;
        case GET, GETSET -> value.equals(other.result());
        default -> true; // tells present from absent
      };
    }
  }

  private enum Counter implements Model<Long> {
    INSTANCE;

    @Override
    public Long initial() {
      return 0L;
    }

    @Override
    public Long step(Long state, Operation op) {
      boolean open = op.isUncertain();
      return switch (op.action()) {
        case GET -> open || matches(state, op.result()) ? state : null;
        case INCR -> {
          long after = state + 1;
          yield open || Long.toString(after).equals(op.result()) ? after : null;
        }
        default ->
            throw new IllegalArgumentException(op.action() + " is no operation of a counter");
      };
    }

    /** Nothing counts down, so 0 and absent are one state, and "0" is never read. */
    private static boolean matches(long state, String result) {
      return state == 0 ? result == null : Long.toString(state).equals(result);
    }

    @Override
    public boolean isRemovable(Operation op, List<Operation> others) {
      return op.action() == Action.GET;
    }

    @Override
    public boolean mayLeadTo(Long state, Operation op) {
      if (op.isUncertain()) {
        return true;
      }
      long found = op.result() == null ? 0 : Long.parseLong(op.result());
      return state <= (op.action() == Action.INCR ? found - 1 : found);
    }
  }
}
