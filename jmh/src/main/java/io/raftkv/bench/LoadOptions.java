package io.raftkv.bench;

import com.beust.jcommander.Parameter;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;

/** The command line of {@link LoadGenerator}. */
final class LoadOptions {
  @Parameter(
      names = "--hosts",
      description = "Servers as host:port,…; connections are spread over them in turn")
  String hosts = "127.0.0.1:6379";

  @Parameter(names = "--connections", description = "Connections in all")
  int connections = 50;

  @Parameter(names = "--pipeline", description = "Requests in flight per connection")
  int pipeline = 1;

  @Parameter(names = "--threads", description = "Threads, each with its share of the connections")
  int threads = 1;

  @Parameter(names = "--value-size", description = "Bytes per value")
  int valueSize = 64;

  @Parameter(
      names = "--keys",
      description = "Number of different keys, or of elements of all keys together")
  long keys = 100_000;

  @Parameter(names = "--distribution", description = "uniform or zipf")
  String distribution = "uniform";

  @Parameter(
      names = {"--workload", "--command"},
      description = "What to send: a command or a family's commands in turn, of those in --list")
  String workload = "set";

  @Parameter(names = "--list", description = "Print the workloads' names and commands")
  boolean list;

  @Parameter(names = "--mix", description = "set:get as two weights, for example 1:9")
  String mix;

  @Parameter(
      names = "--rate",
      description =
          "Requests per second on a fixed schedule; latency counts from the scheduled time."
              + " Without it every connection sends as soon as it is answered")
  double rate;

  @Parameter(
      names = "--background",
      description = "workload:connections that run flat out beside it, measured apart: set:8")
  String background;

  @Parameter(names = "--preload", description = "First make the keys that the workload needs")
  boolean preload;

  @Parameter(
      names = "--warmup",
      description = "Run unmeasured until throughput is flat, at most so many seconds")
  int warmupSeconds = 30;

  @Parameter(names = "--duration", description = "Seconds measured")
  int durationSeconds = 10;

  @Parameter(names = "--wait", description = "Send WAIT N 1000 behind writes (Redis replication)")
  int waitReplicas;

  @Parameter(names = "--wait-every", description = "write or pipeline")
  String waitEvery = "write";

  @Parameter(names = "--auth", description = "Password, or user:password")
  String auth;

  @Parameter(names = "--seed", description = "Seed of keys and mix")
  long seed = 42;

  @Parameter(names = "--json", description = "Print the result as one line of JSON")
  boolean json;

  @Parameter(
      names = {"--help", "-h"},
      help = true)
  boolean help;

  /** The servers, resolved. */
  List<InetSocketAddress> addresses() {
    List<InetSocketAddress> addresses = new ArrayList<>();
    for (String host : hosts.split(",", -1)) {
      int colon = host.lastIndexOf(':');
      if (colon < 1) {
        throw new IllegalArgumentException("--hosts: not host:port: " + host);
      }
      InetSocketAddress address =
          new InetSocketAddress(
              host.substring(0, colon), Integer.parseInt(host.substring(colon + 1)));
      if (address.isUnresolved()) {
        throw new IllegalArgumentException("--hosts: unknown host " + host);
      }
      addresses.add(address);
    }
    return addresses;
  }

  /** What the measured connections send. */
  RequestMix requests() {
    if (mix == null) {
      return RequestMix.of(Workloads.of(workload), valueSize);
    }
    String[] weights = mix.split(":", -1);
    if (weights.length != 2) {
      throw new IllegalArgumentException("--mix: not set:get: " + mix);
    }
    double sets = Double.parseDouble(weights[0]);
    double gets = Double.parseDouble(weights[1]);
    return RequestMix.setAndGet(sets / (sets + gets), valueSize);
  }

  /** What the connections beside them send, if any. */
  RequestMix backgroundRequests() {
    return RequestMix.of(Workloads.of(backgroundParts()[0]), valueSize);
  }

  int backgroundConnections() {
    return background == null ? 0 : Integer.parseInt(backgroundParts()[1]);
  }

  private String[] backgroundParts() {
    String[] parts = background.split(":", -1);
    if (parts.length != 2) {
      throw new IllegalArgumentException("--background: not workload:connections: " + background);
    }
    return parts;
  }

  boolean isZipf() {
    return switch (distribution) {
      case "uniform" -> false;
      case "zipf" -> true;
      default -> throw new IllegalArgumentException("--distribution: " + distribution);
    };
  }

  boolean waitsPerPipeline() {
    return switch (waitEvery) {
      case "write" -> false;
      case "pipeline" -> true;
      default -> throw new IllegalArgumentException("--wait-every: " + waitEvery);
    };
  }

  /** Refuses what makes no sense before anything is connected. */
  void check() {
    if (connections < 1 || pipeline < 1 || threads < 1 || threads > connections) {
      throw new IllegalArgumentException(
          "--connections, --pipeline and --threads must be positive, threads not above connections");
    }
    if (valueSize < 0 || keys < 1 || rate < 0 || durationSeconds < 1 || warmupSeconds < 0) {
      throw new IllegalArgumentException("a size, count, rate or duration is out of range");
    }
    if (rate > 0 && waitReplicas > 0 && waitsPerPipeline()) {
      throw new IllegalArgumentException("--rate sends single requests: --wait-every write");
    }
    isZipf();
    requests();
    if (background != null) {
      backgroundRequests();
    }
  }
}
