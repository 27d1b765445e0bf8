package io.raftkv.meta;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Records in memory that remember what was written. */
final class MapRecords implements MetaRecords {
  private final Map<String, byte[]> values = new TreeMap<>();
  private final List<String> written = new ArrayList<>();

  @Override
  public byte[] get(String name) {
    return values.get(name);
  }

  @Override
  public void put(String name, byte[] value) {
    values.put(name, value);
    written.add(name);
  }

  @Override
  public void delete(String name) {
    values.remove(name);
    written.add("-" + name);
  }

  /** Names written since the last call, in order; deleted ones with a minus. */
  List<String> takeWritten() {
    List<String> names = List.copyOf(written);
    written.clear();
    return names;
  }

  /** All names, ascending. */
  List<String> names() {
    return List.copyOf(values.keySet());
  }

  /** Everything, comparable. */
  Map<String, String> dump() {
    Map<String, String> dump = new TreeMap<>();
    values.forEach((name, value) -> dump.put(name, HexFormat.of().formatHex(value)));
    return dump;
  }
}
