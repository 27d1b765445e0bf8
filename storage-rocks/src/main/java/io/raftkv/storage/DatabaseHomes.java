package io.raftkv.storage;

import java.util.Arrays;

/**
 * Where the keys of each database are. The rows of a key do not carry the number of its database
 * but that of a <i>home</i>. Database n lives in home n until SWAPDB lets two databases change
 * homes: all their keys change places at one log entry, and no row of a key is touched.
 *
 * <p>Immutable; a permutation of the numbers below {@link Keyspace#DATABASES}.
 */
public final class DatabaseHomes {
  /** Every database in the home of its own number. */
  public static final DatabaseHomes INITIAL = initial();

  private final byte[] homes;

  private DatabaseHomes(byte[] homes) {
    this.homes = homes;
  }

  private static DatabaseHomes initial() {
    byte[] homes = new byte[Keyspace.DATABASES];
    for (int database = 0; database < homes.length; database++) {
      homes[database] = (byte) database;
    }
    return new DatabaseHomes(homes);
  }

  /** The home of a database, from 0 to {@code DATABASES - 1}. */
  public int of(int database) {
    return homes[database];
  }

  /** The homes after two databases have changed theirs. */
  public DatabaseHomes swapped(int first, int second) {
    byte[] after = homes.clone();
    after[first] = homes[second];
    after[second] = homes[first];
    return new DatabaseHomes(after);
  }

  /** One byte per database: its home. */
  public byte[] encode() {
    return homes.clone();
  }

  /**
   * Inverse of {@link #encode}.
   *
   * @throws CorruptStoreException if two databases would share a home, or one had none
   */
  public static DatabaseHomes decode(byte[] value) {
    byte[] sorted = value.clone();
    Arrays.sort(sorted);
    if (!Arrays.equals(sorted, INITIAL.homes)) {
      throw new CorruptStoreException("homes of databases " + Arrays.toString(value));
    }
    return new DatabaseHomes(value.clone());
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof DatabaseHomes that && Arrays.equals(homes, that.homes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(homes);
  }

  @Override
  public String toString() {
    return Arrays.toString(homes);
  }
}
