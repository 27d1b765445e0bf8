package io.raftkv.storage;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.UUID;

/**
 * Which slots a store has. Replicated as rows are: it changes by log entries alone, so that the log
 * decides which command came before a slot was gone. Immutable.
 *
 * <p>Stored as, with slots as {@code ranges:2 { first:2 last:2 }},
 *
 * <pre>
 *   format:1 = 1  epoch:8  routingVersion:8  away slots  fenced:1  then if that is 1  target:16  slots
 * </pre>
 *
 * @param epoch how often it has changed: who wants to change it says which one is to be changed, so
 *     that an order which comes late does nothing
 * @param routingVersion the routing version from which on commands are routed right: who has an
 *     older one does not know where slots went
 * @param away slots that the store does not have, and of which there are no rows
 * @param fence slots that are about to go, or null
 */
public record SlotOwnership(long epoch, long routingVersion, SlotSet away, Fence fence) {
  /** What every store begins with, and has no row for. */
  public static final SlotOwnership ALL = new SlotOwnership(0, 0, SlotSet.EMPTY, null);

  private static final byte FORMAT = 1;
  private static final byte OPEN = 0;
  private static final byte FENCED = 1;

  /**
   * Slots whose rows are still here, but not used: they stand still until another group, which
   * begins with a copy of them, takes over, or until it is called off.
   *
   * @param target the group that is to have them
   * @param slots at least one
   */
  public record Fence(UUID target, SlotSet slots) {
    public Fence {
      Objects.requireNonNull(target);
      if (slots.isEmpty()) {
        throw new IllegalArgumentException("a fence around nothing");
      }
    }
  }

  public SlotOwnership {
    if (epoch < 0 || routingVersion < 0 || (fence != null && fence.slots().overlaps(away))) {
      throw new IllegalArgumentException(
          "epoch %d, routing version %d, away %s, %s"
              .formatted(epoch, routingVersion, away, fence));
    }
  }

  /** True if keys of a slot may be used: it is neither away nor fenced. */
  public boolean owns(int slot) {
    return !away.contains(slot) && (fence == null || !fence.slots().contains(slot));
  }

  /** The slots that it {@link #owns}. */
  public SlotSet owned() {
    SlotSet here = away.complement();
    return fence == null ? here : here.minus(fence.slots());
  }

  /**
   * True if a command may run: no slot is about to go, and who routed it knew where those went that
   * are away. Commands for other slots, too, have to wait: else one could overtake an earlier one
   * of its connection that names a key in each.
   *
   * @param routedBy the routing version by which it was sent here
   */
  public boolean serves(long routedBy) {
    return fence == null && routedBy >= routingVersion;
  }

  /**
   * After slots have been fenced.
   *
   * @throws IllegalArgumentException if it does not own them all, or has a fence
   */
  public SlotOwnership fenced(UUID target, SlotSet slots) {
    if (fence != null || !owned().containsAll(slots)) {
      throw new IllegalArgumentException("cannot fence " + slots + " in " + this);
    }
    return new SlotOwnership(epoch + 1, routingVersion, away, new Fence(target, slots));
  }

  /**
   * Without a fence. A change even if there is none: orders that are on their way do nothing.
   *
   * @param version newer than that of any command that the fence may have stopped: a command that
   *     was behind such a one must not be done before it
   */
  public SlotOwnership unfenced(long version) {
    return new SlotOwnership(epoch + 1, Math.max(routingVersion, version), away, null);
  }

  /**
   * After all other slots are gone, and with them the fence.
   *
   * @param version see {@link #routingVersion}, which never goes back
   * @throws IllegalArgumentException if a slot is away: its rows do not come back
   */
  public SlotOwnership keeping(long version, SlotSet slots) {
    if (slots.overlaps(away)) {
      throw new IllegalArgumentException("cannot keep " + slots + " in " + this);
    }
    return new SlotOwnership(
        epoch + 1, Math.max(routingVersion, version), slots.complement(), null);
  }

  /** The bytes of the row. */
  public byte[] encode() {
    int fenceBytes = fence == null ? 0 : 2 * Long.BYTES + fence.slots().encodedBytes();
    ByteBuffer out =
        ByteBuffer.allocate(1 + 2 * Long.BYTES + away.encodedBytes() + 1 + fenceBytes)
            .put(FORMAT)
            .putLong(epoch)
            .putLong(routingVersion);
    away.encode(out);
    out.put(fence == null ? OPEN : FENCED);
    if (fence != null) {
      out.putLong(fence.target().getMostSignificantBits());
      out.putLong(fence.target().getLeastSignificantBits());
      fence.slots().encode(out);
    }
    return out.array();
  }

  /**
   * Inverse of {@link #encode}.
   *
   * @throws CorruptStoreException if these are no such bytes
   */
  public static SlotOwnership decode(byte[] value) {
    ByteBuffer in = ByteBuffer.wrap(value);
    try {
      byte format = in.get();
      if (format != FORMAT) {
        throw new CorruptStoreException("slot ownership of format " + format);
      }
      SlotOwnership decoded =
          new SlotOwnership(in.getLong(), in.getLong(), SlotSet.decode(in), decodeFence(in));
      if (in.hasRemaining()) {
        throw new CorruptStoreException(in.remaining() + " bytes behind the slot ownership");
      }
      return decoded;
    } catch (BufferUnderflowException | IllegalArgumentException damaged) {
      throw new CorruptStoreException("slot ownership of " + value.length + " bytes", damaged);
    }
  }

  private static Fence decodeFence(ByteBuffer in) {
    byte fenced = in.get();
    if (fenced == OPEN) {
      return null;
    }
    if (fenced != FENCED) {
      throw new CorruptStoreException("slot ownership with fence " + fenced);
    }
    return new Fence(new UUID(in.getLong(), in.getLong()), SlotSet.decode(in));
  }
}
