package io.raftkv.it.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The shards as one node sees them: slot ranges and leaders from {@code CLUSTER SLOTS} (the first
 * node of a range leads it), ids from {@code RAFTKV.SHARD LIST}.
 */
public final class ShardView {
  private static final int SLOTS = 16_384;

  private record Range(int first, int last, TestNode leader) {}

  private final List<Range> ranges;
  private final List<String> shardIds;

  private ShardView(List<Range> ranges, List<String> shardIds) {
    this.ranges = ranges;
    this.shardIds = shardIds;
  }

  static ShardView of(TestNode asked, List<TestNode> nodes) {
    try (RespConnection connection = asked.connect()) {
      List<Range> ranges = new ArrayList<>();
      for (Object entry : list(connection.call("CLUSTER", "SLOTS"))) {
        List<?> range = list(entry);
        List<?> first = range.size() > 2 ? list(range.get(2)) : List.of();
        ranges.add(
            new Range(
                Math.toIntExact((Long) range.get(0)),
                Math.toIntExact((Long) range.get(1)),
                first.isEmpty() ? null : nodeAt(nodes, first)));
      }
      List<String> ids = new ArrayList<>();
      for (Object shard : list(connection.call("RAFTKV.SHARD", "LIST"))) {
        ids.add(idOf(shard));
      }
      return new ShardView(ranges, ids);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot ask " + asked.id() + " for its shards", e);
    }
  }

  private static List<?> list(Object reply) {
    if (reply instanceof List<?> list) {
      return list;
    }
    throw new IllegalStateException("expected an array, got " + reply);
  }

  private static TestNode nodeAt(List<TestNode> nodes, List<?> hostAndPort) {
    return nodes.stream()
        .filter(n -> Long.valueOf(n.respPort()).equals(hostAndPort.get(1)))
        .filter(n -> n.host().equals(hostAndPort.get(0)))
        .findFirst()
        .orElse(null);
  }

  /** A shard is a map, or in RESP2 a flat list of names and values, with an {@code id}. */
  private static String idOf(Object shard) {
    Map<Object, Object> fields = new LinkedHashMap<>();
    if (shard instanceof Map<?, ?> map) {
      fields.putAll(map);
    } else {
      List<?> flat = list(shard);
      for (int i = 0; i + 1 < flat.size(); i += 2) {
        fields.put(flat.get(i), flat.get(i + 1));
      }
    }
    Object id = fields.containsKey("id") ? fields.get("id") : fields.get("shard");
    if (id == null) {
      throw new IllegalStateException("no id in shard " + shard);
    }
    return id.toString();
  }

  /** True if every slot belongs to a shard with a leader in this cluster. */
  boolean isComplete() {
    int covered =
        ranges.stream()
            .filter(r -> r.leader() != null)
            .mapToInt(r -> r.last() - r.first() + 1)
            .sum();
    return covered == SLOTS;
  }

  /** Ids of all shards. */
  public List<String> shardIds() {
    return shardIds;
  }

  /** The leaders of all shards, each once, in the order of their slots. */
  public List<TestNode> leaders() {
    return ranges.stream().map(Range::leader).distinct().toList();
  }

  /** The leader of the shard that owns the key. */
  public TestNode leaderOf(String key) {
    return rangeOf(key).leader();
  }

  /** One key of this form for each range of slots: together they touch every shard. */
  public List<String> keyInEveryShard(String prefix) {
    List<String> keys = new ArrayList<>();
    Set<Integer> found = new TreeSet<>();
    for (int i = 0; keys.size() < ranges.size() && i < 100_000; i++) {
      String key = prefix + i;
      if (found.add(rangeOf(key).first())) {
        keys.add(key);
      }
    }
    return keys;
  }

  private Range rangeOf(String key) {
    int slot = slotOf(key);
    return ranges.stream()
        .filter(r -> slot >= r.first() && slot <= r.last())
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("no shard owns slot " + slot));
  }

  /** The hash slot as Redis Cluster defines it: CRC16 of the key, or of its {@code {tag}}. */
  public static int slotOf(String key) {
    int open = key.indexOf('{');
    int close = open < 0 ? -1 : key.indexOf('}', open + 1);
    String hashed = close > open + 1 ? key.substring(open + 1, close) : key;
    int crc = 0;
    for (byte b : hashed.getBytes(StandardCharsets.ISO_8859_1)) {
      crc ^= (b & 0xff) << 8;
      for (int bit = 0; bit < Byte.SIZE; bit++) {
        crc = (crc & 0x8000) == 0 ? crc << 1 : (crc << 1) ^ 0x1021;
      }
      crc &= 0xffff;
    }
    return crc % SLOTS;
  }
}
