package io.raftkv.meta;

import java.util.List;

/**
 * Names and bytes of the records a cluster state is kept in. Every value starts with a format byte.
 *
 * <pre>
 *   cluster                head: ids, versions, counters; rewritten by every change
 *   balancing              what is done by itself; none until somebody says so
 *   nodes                  ids of all nodes; rewritten when one becomes known
 *   node/ID                one node
 *   shard/NNNNNNNNNN       one shard, by number
 *   job/NNNNNNNNNN         one job, by number
 *   event/N{19}            one history event, by number
 *   routing/N{19}          one routing change, by the version it led to
 * </pre>
 */
final class RecordCodec {
  static final String HEAD = "cluster";
  static final String NODE_IDS = "nodes";
  static final String BALANCING = "balancing";

  private static final int FORMAT = 1;

  /** Of a state whose wanted number of metadata voters does not follow from those there are. */
  private static final int HEAD_FORMAT = 2;

  /** Of a node that has joined, or is draining though it cannot be relied on. */
  private static final int NODE_FORMAT = 2;

  /** Of a shard that has fewer replicas than it should have. */
  private static final int SHARD_FORMAT = 2;

  /** The head record: all of a state that is not in a record of its own. */
  record Head(
      String clusterId,
      ClusterStatus status,
      long version,
      long createdAtMillis,
      long updatedAtMillis,
      List<String> metadataVoters,
      int wantedMetadataVoters,
      long routingVersion,
      StateCounters counters,
      int shardCount,
      int jobCount,
      long firstJob) {
    static Head of(ClusterState state) {
      return new Head(
          state.clusterId(),
          state.status(),
          state.version(),
          state.createdAtMillis(),
          state.updatedAtMillis(),
          state.metadataVoters(),
          state.wantedMetadataVoters(),
          state.routing().version(),
          state.counters(),
          state.shards().size(),
          state.jobs().size(),
          state.jobs().isEmpty()
              ? state.counters().lastJob() + 1
              : Ids.jobNumber(state.jobs().firstKey()));
    }
  }

  private RecordCodec() {}

  static String nodeName(String id) {
    return "node/" + id;
  }

  static String shardName(long number) {
    return numbered("shard/", number, 10);
  }

  static String jobName(long number) {
    return numbered("job/", number, 10);
  }

  static String eventName(long number) {
    return numbered("event/", number, 19);
  }

  static String routingName(long version) {
    return numbered("routing/", version, 19);
  }

  /** Zeros in front make the order of names that of numbers. */
  private static String numbered(String prefix, long number, int digits) {
    String text = Long.toString(number);
    return prefix + "0".repeat(digits - text.length()) + text;
  }

  /** In the first format if that can tell all: then earlier releases can read it. */
  static byte[] encode(Head head) {
    StateCounters counters = head.counters();
    int wanted = head.wantedMetadataVoters();
    boolean first = wanted == wantedMetadataVoters(head.metadataVoters().size());
    ByteWriter out = new ByteWriter().u8(first ? FORMAT : HEAD_FORMAT);
    if (!first) {
      out.number(wanted);
    }
    return out.text(head.clusterId())
        .coded(head.status())
        .number(head.version())
        .number(head.createdAtMillis())
        .number(head.updatedAtMillis())
        .list(head.metadataVoters(), ByteWriter::text)
        .number(head.routingVersion())
        .number(counters.lastShard())
        .number(counters.lastJob())
        .number(counters.firstEvent())
        .number(counters.nextEvent())
        .number(counters.firstRouting())
        .number(head.shardCount())
        .number(head.jobCount())
        .number(head.firstJob())
        .toBytes();
  }

  static Head head(byte[] bytes) {
    boolean first = bytes.length > 0 && bytes[0] == FORMAT;
    return ByteReader.read(
        bytes, HEAD, first ? FORMAT : HEAD_FORMAT, in -> head(in, first ? -1 : in.int32()));
  }

  private static Head head(ByteReader in, int wantedMetadataVoters) {
    String clusterId = in.text();
    ClusterStatus status = in.coded(ClusterStatus.values());
    long version = in.number();
    long createdAtMillis = in.number();
    long updatedAtMillis = in.number();
    List<String> voters = in.list(ByteReader::text);
    return new Head(
        clusterId,
        status,
        version,
        createdAtMillis,
        updatedAtMillis,
        voters,
        wantedMetadataVoters < 0 ? wantedMetadataVoters(voters.size()) : wantedMetadataVoters,
        in.number(),
        new StateCounters(in.number(), in.number(), in.number(), in.number(), in.number()),
        in.int32(),
        in.int32(),
        in.number());
  }

  /** How many nodes shall vote in the metadata group of a cluster that began with so many. */
  static int wantedMetadataVoters(int voters) {
    return voters >= 5 ? 5 : 3;
  }

  static byte[] encodeIds(Iterable<String> ids, int count) {
    ByteWriter out = start().number(count);
    ids.forEach(out::text);
    return out.toBytes();
  }

  static List<String> ids(byte[] bytes) {
    return ByteReader.read(bytes, NODE_IDS, FORMAT, in -> in.list(ByteReader::text));
  }

  /** In the first format if that can tell all: then earlier releases can read it. */
  static byte[] encode(NodeInfo node) {
    boolean first =
        node.memberSince() == 0 && node.draining() == (node.state() == NodeState.DRAINING);
    ByteWriter out = new ByteWriter().u8(first ? FORMAT : NODE_FORMAT);
    Parts.write(out, node.spec());
    out.coded(node.state());
    if (!first) {
      Parts.write(out, node.draining());
      out.number(node.memberSince());
    }
    return out.number(node.registeredAtMillis()).number(node.updatedAtMillis()).toBytes();
  }

  static NodeInfo node(byte[] bytes) {
    if (bytes.length > 0 && bytes[0] == FORMAT) {
      return ByteReader.read(
          bytes,
          "node",
          FORMAT,
          in -> {
            NodeSpec spec = Parts.nodeSpec(in);
            NodeState state = in.coded(NodeState.values());
            boolean draining = state == NodeState.DRAINING;
            return new NodeInfo(spec, state, draining, 0, in.number(), in.number());
          });
    }
    return ByteReader.read(
        bytes,
        "node",
        NODE_FORMAT,
        in ->
            new NodeInfo(
                Parts.nodeSpec(in),
                in.coded(NodeState.values()),
                Parts.bool(in),
                in.number(),
                in.number(),
                in.number()));
  }

  static byte[] encode(Balancing balancing) {
    return start().coded(balancing).toBytes();
  }

  static Balancing balancing(byte[] bytes) {
    return ByteReader.read(bytes, BALANCING, FORMAT, in -> in.coded(Balancing.values()));
  }

  /** In the first format if that can tell all: then earlier releases can read it. */
  static byte[] encode(ShardInfo shard) {
    boolean first = shard.lacking() == 0;
    ByteWriter out = new ByteWriter().u8(first ? FORMAT : SHARD_FORMAT);
    Parts.write(out, shard.spec());
    if (!first) {
      out.number(shard.lacking());
    }
    return out.coded(shard.state())
        .number(shard.version())
        .number(shard.createdAtMillis())
        .number(shard.updatedAtMillis())
        .toBytes();
  }

  static ShardInfo shard(byte[] bytes) {
    boolean first = bytes.length > 0 && bytes[0] == FORMAT;
    return ByteReader.read(
        bytes,
        "shard",
        first ? FORMAT : SHARD_FORMAT,
        in -> {
          ShardSpec spec = Parts.shardSpec(in);
          int lacking = first ? 0 : in.int32();
          return new ShardInfo(
              spec, lacking, in.coded(ShardState.values()), in.number(), in.number(), in.number());
        });
  }

  static byte[] encode(JobInfo job) {
    ByteWriter out = start().text(job.id());
    Parts.write(out, job.plan());
    return out.coded(job.state())
        .number(job.stepIndex())
        .number(job.bytesDone())
        .number(job.bytesTotal())
        .text(job.note())
        .number(job.createdAtMillis())
        .number(job.updatedAtMillis())
        .toBytes();
  }

  static JobInfo job(byte[] bytes) {
    return ByteReader.read(
        bytes,
        "job",
        FORMAT,
        in ->
            new JobInfo(
                in.text(),
                Parts.plan(in),
                in.coded(JobState.values()),
                in.int32(),
                in.number(),
                in.number(),
                in.text(),
                in.number(),
                in.number()));
  }

  static byte[] encode(HistoryEvent event) {
    return start()
        .number(event.version())
        .number(event.timeMillis())
        .coded(event.kind())
        .text(event.subject())
        .text(event.text())
        .toBytes();
  }

  static HistoryEvent event(byte[] bytes) {
    return ByteReader.read(
        bytes,
        "event",
        FORMAT,
        in ->
            new HistoryEvent(
                in.number(), in.number(), in.coded(EventKind.values()), in.text(), in.text()));
  }

  static byte[] encode(RoutingChange change) {
    return start()
        .number(change.version())
        .number(change.stateVersion())
        .number(change.timeMillis())
        .list(change.moves(), Parts::write)
        .toBytes();
  }

  static RoutingChange routing(byte[] bytes) {
    return ByteReader.read(
        bytes,
        "routing change",
        FORMAT,
        in -> new RoutingChange(in.number(), in.number(), in.number(), in.list(Parts::move)));
  }

  private static ByteWriter start() {
    return new ByteWriter().u8(FORMAT);
  }
}
