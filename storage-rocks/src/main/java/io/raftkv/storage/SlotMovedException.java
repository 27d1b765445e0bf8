package io.raftkv.storage;

/**
 * A command concerns a slot that its store does not have, not any more or not for much longer: see
 * {@link SlotOwnership}. It has to be taken back, and routed again.
 */
public final class SlotMovedException extends RuntimeException {
  private static final long serialVersionUID = 1;

  SlotMovedException() {
    super("slot is not here", null, false, false);
  }
}
