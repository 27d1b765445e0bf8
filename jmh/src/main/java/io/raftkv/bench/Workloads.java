package io.raftkv.bench;

import static io.raftkv.bench.Workload.named;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The workloads there are. Single commands have the command's name; {@code FAMILY-read} and {@code
 * FAMILY-write} are the usual commands on one element, or on a few, of the collections of a family,
 * whose sizes they leave as they are.
 */
final class Workloads {
  private static final List<Workload> COMMANDS =
      List.of(
          named("ping").reads("PING"),
          named("set").writes("SET key:{key} {value}"),
          named("get").reads("GET key:{key}").preloadedBy("SET key:{key} {value}"),
          named("incr").writes("INCR counter:{key}"),
          named("hset").elements(1_000).writes("HSET hash:{key} element:{element} {value}"),
          named("hget")
              .elements(1_000)
              .reads("HGET hash:{key} element:{element}")
              .preloadedBy("HSET hash:{key} element:{element} {value}"),
          named("lpush").writes("LPUSH list:{key} {value}"),
          named("rpop").writes("RPOP list:{key}").preloadedBy("LPUSH list:{key} {value}"),
          named("sadd").elements(1_000).writes("SADD set:{key} element:{element}"),
          named("zadd").elements(1_000).writes("ZADD zset:{key} 1 element:{element}"));

  private static final List<Workload> STRINGS =
      List.of(
          named("strings-read")
              .reads("GET strings:{key}")
              .reads("GETRANGE strings:{key} 0 9")
              .reads("GETBIT strings:{key} 1{random:2}")
              .preloadedBy("SET strings:{key} {value}"),
          named("strings-write")
              .writes("SET strings:{key} {value}")
              .writes("APPEND strings:{key} {value}")
              .writes("SETBIT strings:{key} 1{random:2} 1")
              .writes("INCR strings-counter:{key}"));

  private static final String SMALL_HASH = "HSET hashes:{key} f:{element} {value}";
  private static final List<Workload> HASHES =
      List.of(
          named("hashes-read")
              .elements(10)
              .reads("HGET hashes:{key} f:{element}")
              .reads("HGETALL hashes:{key}")
              .preloadedBy("DEL hashes:{key}", SMALL_HASH),
          named("hashes-write")
              .elements(10)
              .writes(SMALL_HASH)
              .writes("HINCRBY hashes:{key} n 1")
              .preloadedBy("DEL hashes:{key}", SMALL_HASH));

  private static final String[] LIST = {"DEL lists:{key}", "RPUSH lists:{key} {element}{value}"};
  private static final List<Workload> LISTS =
      List.of(
          named("lists-read")
              .elements(100)
              .reads("LRANGE lists:{key} 0 9")
              .reads("LINDEX lists:{key} 1{random:1}")
              .preloadedBy(LIST),
          named("lists-write")
              .elements(100)
              .writes("LPUSH lists:{key} {element}{value}")
              .writes("RPOP lists:{key}")
              .preloadedBy(LIST));

  private static final String[] SET = {"DEL sets:{key}", "SADD sets:{key} m:{element}"};
  private static final List<Workload> SETS =
      List.of(
          named("sets-read")
              .elements(100)
              .reads("SISMEMBER sets:{key} m:{element}")
              .reads("SCARD sets:{key}")
              .preloadedBy(SET),
          named("sets-write")
              .elements(100)
              .writes("SADD sets:{key} m:{random}")
              .writes("SPOP sets:{key}")
              .preloadedBy(SET));

  private static final String[] SORTED_SET = {
    "DEL zsets:{key}", "ZADD zsets:{key} {element} m:{element}"
  };
  private static final List<Workload> SORTED_SETS =
      List.of(
          named("zsets-read")
              .elements(100)
              .reads("ZSCORE zsets:{key} m:{element}")
              .reads("ZRANK zsets:{key} m:{element}")
              .reads("ZRANGE zsets:{key} 1{random:1} 2{random:1}")
              .preloadedBy(SORTED_SET),
          named("zsets-write")
              .elements(100)
              .writes("ZADD zsets:{key} {random:3} m:{element}")
              .preloadedBy(SORTED_SET));

  private static final String[] HYPERLOGLOG = {"DEL hlls:{key}", "PFADD hlls:{key} m:{element}"};
  private static final List<Workload> HYPERLOGLOGS =
      List.of(
          named("hlls-read").elements(100).reads("PFCOUNT hlls:{key}").preloadedBy(HYPERLOGLOG),
          named("hlls-write")
              .elements(100)
              .writes("PFADD hlls:{key} m:{random}")
              .preloadedBy(HYPERLOGLOG));

  /** Within about 100 km of each other, so that ten kilometres around one are a few. */
  private static final String PLACE = "GEOADD geo:{key} 13.{random:4} 52.{random:4} m:{element}";

  private static final List<Workload> GEO =
      List.of(
          named("geo-read")
              .elements(100)
              .reads("GEOPOS geo:{key} m:{element}")
              .reads("GEOSEARCH geo:{key} FROMMEMBER m:{element} BYRADIUS 10 km ASC")
              .preloadedBy("DEL geo:{key}", PLACE),
          named("geo-write").elements(100).writes(PLACE).preloadedBy("DEL geo:{key}", PLACE));

  private static final List<Workload> STREAMS =
      List.of(
          named("streams-read")
              .elements(100)
              .reads("XRANGE streams:{key} - + COUNT 10")
              .reads("XLEN streams:{key}")
              .preloadedBy("DEL streams:{key}", "XADD streams:{key} 1-1{element} f {value}"),
          // A consumer that has acknowledged all before: each connection with a stream of its own,
          // for ids must grow, and to be acknowledged they must be known.
          named("streams-write")
              .writes("XADD queues:{connection} MAXLEN ~ 100 1-1{turn} f {value}")
              .writes("XREADGROUP GROUP g c COUNT 1 STREAMS queues:{connection} >")
              .writes("XACK queues:{connection} g 1-1{turn}")
              .preloadedBy(
                  "DEL queues:{connection}", "XGROUP CREATE queues:{connection} g 0 MKSTREAM"));

  private static final List<Workload> KEYS =
      List.of(
          named("keys-read")
              .reads("EXISTS keys:{key}")
              .reads("TTL keys:{key}")
              .reads("TYPE keys:{key}")
              .preloadedBy("SET keys:{key} {value} EX 100000"),
          named("keys-write")
              .writes("SET keys:{key} {value}")
              .writes("EXPIRE keys:{key} 100000")
              .writes("DEL keys:{key}"));

  private static final List<List<Workload>> FAMILIES =
      List.of(STRINGS, HASHES, LISTS, SETS, SORTED_SETS, HYPERLOGLOGS, GEO, STREAMS, KEYS);

  private Workloads() {}

  static List<Workload> all() {
    return Stream.concat(COMMANDS.stream(), FAMILIES.stream().flatMap(List::stream)).toList();
  }

  /** Throws if there is none of this name. */
  static Workload of(String name) {
    return all().stream()
        .filter(workload -> workload.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no workload " + name + ": see --list"));
  }

  /** One line for each: its name and commands, with a tab between. */
  static String list() {
    return all().stream()
        .map(workload -> workload.name() + "\t" + workload.summary())
        .collect(Collectors.joining("\n"));
  }
}
