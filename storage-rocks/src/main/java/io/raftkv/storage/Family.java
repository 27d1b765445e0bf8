package io.raftkv.storage;

/** The column families of a shard's store. The names are part of the storage format. */
public enum Family {
  /** One row per key: the metadata record, with the whole value while it is small. */
  META("meta"),
  /**
   * Elements of large collections, ordered by element hash or by list position, and pieces of long
   * strings.
   */
  DATA("data"),
  /** Members of large sorted sets by score, and fields of large hashes by the time they die. */
  SCORE("score"),
  /** Entries of streams. */
  STREAM("stream"),
  /** Keys by the time at which they, or the first of their parts, expire. */
  EXPIRY("expiry"),
  /** The store's own records: log position, shard time, key counts, proposers. */
  SYS("sys");

  private final String columnFamily;

  Family(String columnFamily) {
    this.columnFamily = columnFamily;
  }

  /** True if the rows are those of collections, each of which has an id that leads its rows. */
  boolean isByCollection() {
    return this == DATA || this == SCORE || this == STREAM;
  }

  /** True if the slot leads the rows, so that a range of slots is a range of rows. */
  boolean isBySlot() {
    return this == META || isByCollection();
  }

  /** Name of the RocksDB column family. */
  public String columnFamily() {
    return columnFamily;
  }
}
