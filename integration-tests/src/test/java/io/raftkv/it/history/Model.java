package io.raftkv.it.history;

import java.util.List;

/**
 * What one key does when operations happen one after the other.
 *
 * @param <S> state of the key: immutable, with equals and hashCode, never null
 */
public interface Model<S> {
  /** The state before the first operation. */
  S initial();

  /**
   * The state after the operation, or null if it could not have given its result here. An uncertain
   * operation has no result and so is possible everywhere.
   */
  S step(S state, Operation operation);

  /** True if the operation, answered as it was, changes no state. */
  default boolean isObservation(Operation operation) {
    return operation.action().isRead();
  }

  /**
   * True if leaving the operation out of a linearizable history always leaves a linearizable one.
   * Used to shrink a counterexample without inventing one, and to drop what cannot matter.
   */
  boolean isRemovable(Operation operation, List<Operation> others);

  /**
   * The same history with values that no result tells apart made equal, so that a search meets
   * fewer states. Linearizable exactly if the original is; same size and order.
   */
  default List<Operation> normalize(List<Operation> operations) {
    return operations;
  }

  /** False only if the operation cannot fit any more, whatever else is done after this state. */
  default boolean mayLeadTo(S state, Operation operation) {
    return true;
  }
}
