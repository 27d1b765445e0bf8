package io.raftkv.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.raftkv.resp.command.CommandSpec;
import io.raftkv.resp.command.Group;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.DoubleSupplier;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Every meter of the server, registered once, and what only INFO shows. Recording is a lookup in an
 * array or by identity and a few adders: no allocation, no lock. Thread-safe.
 */
public final class Metrics implements AutoCloseable {
  private static final Duration STORE_READING_LIFETIME = Duration.ofSeconds(1);

  private static final Duration[] LATENCY_BUCKETS = {
    Duration.ofNanos(100_000),
    Duration.ofNanos(250_000),
    Duration.ofNanos(500_000),
    Duration.ofMillis(1),
    Duration.ofNanos(2_500_000),
    Duration.ofMillis(5),
    Duration.ofMillis(10),
    Duration.ofMillis(25),
    Duration.ofMillis(50),
    Duration.ofMillis(100),
    Duration.ofMillis(250),
    Duration.ofMillis(500),
    Duration.ofSeconds(1),
    Duration.ofMillis(2_500),
    Duration.ofSeconds(5),
    Duration.ofSeconds(10)
  };

  private final PrometheusMeterRegistry registry;
  private final JvmGcMetrics garbageCollection = new JvmGcMetrics();
  private final EnumMap<Group, FamilyMeters> families = new EnumMap<>(Group.class);
  private final CommandStats commandStats = new CommandStats();
  private final ClientTraffic clientTraffic = new ClientTraffic();
  private final DistributionSummary batchCommands;
  private final DistributionSummary batchBytes;
  private final List<LongSupplier> counted = new CopyOnWriteArrayList<>();
  private final Map<String, List<Meter>> metersOfShard = new HashMap<>();

  /** Held, since Micrometer holds what it counts by weakly. */
  private final Map<String, ShardGauges> gaugesOfShard = new HashMap<>();

  /** With a registry of its own. */
  public Metrics() {
    this(new PrometheusMeterRegistry(PrometheusConfig.DEFAULT));
  }

  /** Registers all meters that do not depend on shards. */
  public Metrics(PrometheusMeterRegistry registry) {
    this.registry = registry;
    for (Group family : Group.values()) {
      families.put(family, FamilyMeters.register(registry, family));
    }
    batchCommands =
        DistributionSummary.builder("raftkv.batch.commands")
            .description("Commands in one batch of this node")
            .serviceLevelObjectives(1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000)
            .register(registry);
    batchBytes =
        DistributionSummary.builder("raftkv.batch.bytes")
            .description("Size of one batch of this node")
            .baseUnit("bytes")
            .serviceLevelObjectives(
                1 << 8, 1 << 10, 1 << 12, 1 << 14, 1 << 16, 1 << 18, 1 << 20, 1 << 22, 1 << 24)
            .register(registry);
    new JvmMemoryMetrics().bindTo(registry);
    new JvmThreadMetrics().bindTo(registry);
    new ProcessorMetrics().bindTo(registry);
    new FileDescriptorMetrics().bindTo(registry);
    new UptimeMetrics().bindTo(registry);
    garbageCollection.bindTo(registry);
  }

  /** What the HTTP server shows. */
  public PrometheusMeterRegistry registry() {
    return registry;
  }

  /**
   * A command was answered.
   *
   * @param ran false if it was turned down before it could do anything
   * @param nanos since it was read
   */
  public void operation(CommandSpec command, Outcome outcome, boolean ran, long nanos) {
    operation(command.group(), outcome, nanos);
    commandStats.answered(command, outcome, ran, nanos);
  }

  /** A command of this family was answered, {@code nanos} after it was read. */
  void operation(Group family, Outcome outcome, long nanos) {
    FamilyMeters meters = families.get(family);
    meters.answered().get(outcome).increment();
    meters.duration().record(nanos, TimeUnit.NANOSECONDS);
  }

  /** The same by command, and errors. */
  public CommandStats commandStats() {
    return commandStats;
  }

  /** Where the bytes of clients are counted. */
  public ClientTraffic clientTraffic() {
    return clientTraffic;
  }

  /** Commands answered so far. */
  public long commands() {
    double sum = 0;
    for (FamilyMeters meters : families.values()) {
      for (Counter counter : meters.answered().values()) {
        sum += counter.count();
      }
    }
    return (long) sum;
  }

  /** A batch of so many commands was made; a log entry holds one or more, of several nodes. */
  public void batch(int commands, long bytes) {
    batchCommands.record(commands);
    batchBytes.record((double) bytes);
  }

  /** Counts the rounds that confirmed leadership for reads. Once per instance. */
  public void readBarrierRounds(LongSupplier rounds) {
    counter(
        "raftkv.read.barrier.rounds",
        "Confirmations of leadership asked of the other replicas for reads",
        rounds);
  }

  /** Counts requests of clients that went on to another node. Once per instance. */
  public void forwards(LongSupplier forwards) {
    counter(
        "raftkv.forwards",
        "Batches of commands sent on to the node that can answer them",
        forwards);
  }

  /** Counts what went to replicas that needed a snapshot. Once per instance. */
  public void snapshotBytesSent(LongSupplier bytes) {
    counter(
        "raftkv.snapshot.sent.bytes",
        "Bytes of snapshots sent to replicas that were new or far behind",
        bytes);
  }

  private void counter(String name, String description, LongSupplier value) {
    FunctionCounter.builder(name, value, LongSupplier::getAsLong)
        .description(description)
        .register(registry);
    counted.add(value); // Micrometer alone would hold it weakly
  }

  /** Counts the connections of clients at each scrape. Once per instance. */
  public void connections(IntSupplier open) {
    gauge("raftkv.connections", "Connections of clients", open::getAsInt).register(registry);
  }

  /**
   * Begins to show a shard; in place of what was shown under its name.
   *
   * @return false if its store could not say what it has to show: to be called again later
   */
  public synchronized boolean addShard(String shard, ShardGauges gauges) {
    removeShard(shard);
    List<Meter> meters = new ArrayList<>();
    meters.add(
        ofShard(
            shard,
            "raftkv.raft.leader",
            "1 if this replica leads its shard",
            () -> gauges.leads().getAsBoolean() ? 1 : 0));
    meters.add(ofShard(shard, "raftkv.raft.term", "Raft term", gauges.term()));
    meters.add(
        ofShard(
            shard, "raftkv.raft.commit.index", "Last entry known committed", gauges.commitIndex()));
    meters.add(
        ofShard(shard, "raftkv.raft.applied.index", "Last entry applied", gauges.appliedIndex()));
    meters.add(
        gauge(
                "raftkv.storage.disk.usage",
                "Disk taken by log, store and snapshots",
                () -> gauges.diskUsageBytes().getAsLong())
            .baseUnit("bytes")
            .tag("shard", shard)
            .register(registry));
    meters.add(
        countedOfShard(
            shard, "raftkv.shard.reads", "Commands answered from this replica", gauges.reads()));
    meters.add(
        countedOfShard(
            shard, "raftkv.shard.writes", "Commands applied to this replica", gauges.writes()));
    Reading reading = new Reading(gauges.store());
    Set<String> properties = reading.get().keySet();
    for (String property : properties) {
      meters.add(
          ofShard(
              shard,
              meterName(property),
              "RocksDB's " + property,
              () -> reading.get().getOrDefault(property, 0L)));
    }
    metersOfShard.put(shard, meters);
    gaugesOfShard.put(shard, gauges);
    return !properties.isEmpty();
  }

  /** Stops showing a shard; afterwards its gauges are not called again by later scrapes. */
  public synchronized void removeShard(String shard) {
    gaugesOfShard.remove(shard);
    List<Meter> meters = metersOfShard.remove(shard);
    if (meters != null) {
      meters.forEach(registry::remove);
    }
  }

  private Meter ofShard(String shard, String name, String description, LongSupplier value) {
    return gauge(name, description, value::getAsLong).tag("shard", shard).register(registry);
  }

  private Meter countedOfShard(String shard, String name, String description, LongSupplier value) {
    return FunctionCounter.builder(name, value, LongSupplier::getAsLong)
        .description(description)
        .tag("shard", shard)
        .register(registry);
  }

  /** The builder keeps the supplier alive: by default Micrometer would not. */
  private static Gauge.Builder<?> gauge(String name, String description, DoubleSupplier value) {
    Supplier<Number> boxed = value::getAsDouble;
    return Gauge.builder(name, boxed).description(description).strongReference(true);
  }

  private static String meterName(String property) {
    String prefix = "rocksdb.";
    String bare = property.startsWith(prefix) ? property.substring(prefix.length()) : property;
    return "raftkv." + prefix + bare.replace('-', '.');
  }

  @Override
  public void close() {
    garbageCollection.close();
    registry.close();
  }

  /** The meters of one family of commands. Enum maps are arrays: finding a meter is cheap. */
  private record FamilyMeters(EnumMap<Outcome, Counter> answered, Timer duration) {
    static FamilyMeters register(PrometheusMeterRegistry registry, Group family) {
      EnumMap<Outcome, Counter> answered = new EnumMap<>(Outcome.class);
      for (Outcome outcome : Outcome.values()) {
        answered.put(
            outcome,
            Counter.builder("raftkv.operations")
                .description("Commands answered")
                .tag("family", family.redisName())
                .tag("outcome", outcome.tag())
                .register(registry));
      }
      Timer duration =
          Timer.builder("raftkv.operation.duration")
              .description("Time from a command's last byte read to its reply being ready")
              .tag("family", family.redisName())
              .serviceLevelObjectives(LATENCY_BUCKETS)
              .register(registry);
      return new FamilyMeters(answered, duration);
    }
  }

  /** One reading of all properties serves all gauges of a scrape. */
  private static final class Reading {
    private final Supplier<Map<String, Long>> source;
    private Map<String, Long> last;
    private long readAtNanos;

    Reading(Supplier<Map<String, Long>> source) {
      this.source = source;
    }

    synchronized Map<String, Long> get() {
      long now = System.nanoTime();
      if (last == null || now - readAtNanos > STORE_READING_LIFETIME.toNanos()) {
        last = Map.copyOf(source.get());
        readAtNanos = now;
      }
      return last;
    }
  }
}
