package io.raftkv.meta;

/**
 * Where the metadata group keeps its state: named values, changed in one atomic batch per log
 * entry. Implemented by whoever wires the metadata group to a store.
 *
 * <p>Names are ASCII. Arrays handed in or out are changed by nobody.
 */
public interface MetaRecords {
  /** The value of a record, or null if there is none; sees the batch's own writes. */
  byte[] get(String name);

  void put(String name, byte[] value);

  /** Deletes a record; one that does not exist is fine. */
  void delete(String name);
}
