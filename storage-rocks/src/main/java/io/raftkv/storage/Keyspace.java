package io.raftkv.storage;

import io.raftkv.storage.row.KeyRows;

/**
 * All that a command's handler can see: the keys of one database of one shard at one moment, the
 * time of that moment and, in a write, a random sequence that is equal on all replicas.
 *
 * <p>Not thread-safe; lives for one command.
 */
public final class Keyspace {
  /** How many databases there are; a database is a number from 0 to {@code DATABASES - 1}. */
  public static final int DATABASES = 16;

  /** What an element takes besides its own bytes: headers of objects, and places in lists. */
  private static final long ELEMENT_BYTES = 96;

  private final Rows rows;
  private final WritableRows writable;
  private final int database;
  private final long timeMillis;
  private final long wallTimeMillis;
  private final long seed;
  private SeededRandom random;
  private boolean due;
  private long heldBytes;

  private Keyspace(
      Rows rows, WritableRows writable, int database, long timeMillis, long wallTime, long seed) {
    this.rows = rows;
    this.writable = writable;
    this.database = database;
    this.timeMillis = timeMillis;
    this.wallTimeMillis = wallTime;
    this.seed = seed;
  }

  /**
   * A view for commands that change nothing.
   *
   * @param timeMillis shard time, by which expiry is judged
   * @param wallTimeMillis this node's clock; only to find out that a key is due, see {@link
   *     #sawDue}, and for {@link #clockMillis}
   * @param seed start of {@link #random}
   */
  public static Keyspace forRead(
      Rows rows, int database, long timeMillis, long wallTimeMillis, long seed) {
    return new Keyspace(rows, null, database, timeMillis, wallTimeMillis, seed);
  }

  /** The view inside apply; {@code timeMillis} is the shard time of the entry. */
  public static Keyspace forApply(WritableRows rows, int database, long timeMillis, long seed) {
    return new Keyspace(rows, rows, database, timeMillis, timeMillis, seed);
  }

  /**
   * The key's metadata, read now.
   *
   * @throws SlotMovedException if the shard does not have its slot
   */
  public KeyHandle key(byte[] key) {
    int slot = Slot.of(key);
    if (!rows.ownership().owns(slot)) {
      throw new SlotMovedException();
    }
    return new KeyHandle(this, slot, KeyRows.meta(slot, home(), key));
  }

  /**
   * To be told before keys are walked over whose slots the caller, too, expects here.
   *
   * @param last the last slot, itself included
   * @throws SlotMovedException if the shard does not have all of them
   */
  public void requireSlots(int first, int last) {
    if (!rows.ownership().owned().containsAll(SlotSet.of(first, last))) {
      throw new SlotMovedException();
    }
  }

  /**
   * To be told before a command.
   *
   * @param routedBy the routing version by which it was sent to this shard; 0 if it is the shard's
   *     business whatever slots that has
   * @throws SlotMovedException unless {@link SlotOwnership#serves} says otherwise
   */
  public void requireRoutedBy(long routedBy) {
    if (routedBy != 0 && !rows.ownership().serves(routedBy)) {
      throw new SlotMovedException();
    }
  }

  /** The same shard and moment, another database. */
  public Keyspace select(int otherDatabase) {
    return new Keyspace(rows, writable, otherDatabase, timeMillis, wallTimeMillis, seed);
  }

  public int database() {
    return database;
  }

  /** The number in the rows of this database's keys. */
  public int home() {
    return rows.homes().of(database);
  }

  /** Shard time, milliseconds since the epoch: "now" for every decision about expiry. */
  public long timeMillis() {
    return timeMillis;
  }

  /**
   * The time by which ages and times to live are told in replies: shard time, but in a read not
   * before this node's clock, for shard time stands still while nothing is written. In apply it is
   * {@link #timeMillis}, equal on all replicas. Decides nothing.
   */
  public long clockMillis() {
    return Math.max(timeMillis, wallTimeMillis);
  }

  /** Random numbers; in apply the same on every replica. */
  public SeededRandom random() {
    if (random == null) {
      random = new SeededRandom(seed);
    }
    return random;
  }

  public Rows rows() {
    return rows;
  }

  /** The rows to write to; only while an entry is applied. */
  public WritableRows writableRows() {
    if (writable == null) {
      throw new IllegalStateException("a read-only command tried to write");
    }
    return writable;
  }

  /**
   * To be told by handlers that are about to do much with what may all be in memory: see {@link
   * Rows#mayTakeLong}.
   */
  public void mayTakeLong(long steps) {
    rows.mayTakeLong(steps);
  }

  /**
   * To be told by handlers whose reply may hold one value many times, as it grows.
   *
   * @throws EntryFullException while an entry is applied that has no room for this
   */
  public void charge(long bytes) {
    if (writable != null) {
      writable.charge(bytes);
    }
  }

  /**
   * To be told by whoever gathers elements in memory before any is answered or stored, of each as
   * it is gathered.
   *
   * @throws EntryFullException while an entry is applied that has no room for this
   * @throws HeldTooMuchException in a read that holds too much
   */
  public void hold(byte[] element) {
    long bytes = ELEMENT_BYTES + element.length;
    rows.hold(bytes);
    heldBytes += bytes;
  }

  /**
   * To be told when what was held is not, or before it is stored: from then on it counts as changes
   * do.
   */
  public void release() {
    rows.hold(-heldBytes);
    heldBytes = 0;
  }

  /**
   * True if this read met a key, or a part of one, that is still alive by shard time, but due by
   * the clock of this node: shard time must advance before the answer is given.
   */
  public boolean sawDue() {
    return due;
  }

  /**
   * True if what dies at a time is dead. Notes if it is alive by shard time alone, see {@link
   * #sawDue}.
   */
  boolean isDead(long deadlineMillis) {
    boolean dead = timeMillis >= deadlineMillis;
    due |= !dead && wallTimeMillis >= deadlineMillis;
    return dead;
  }

  /** What dies after this is alive by every clock; a read need not look at it. */
  long horizonMillis() {
    return Math.max(timeMillis, wallTimeMillis);
  }
}
