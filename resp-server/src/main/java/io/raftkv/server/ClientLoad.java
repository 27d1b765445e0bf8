package io.raftkv.server;

import io.raftkv.metrics.Metrics;
import io.raftkv.metrics.RateMeter;
import java.util.Map;

/** What the clients of this node ask of it, as INFO shows it under Redis' names. Thread-safe. */
final class ClientLoad {
  /** How often {@link #sample} is to be called. */
  static final long SAMPLE_MILLIS = 100;

  private final Metrics metrics;
  private final RateMeter commands;

  ClientLoad(Metrics metrics) {
    this.metrics = metrics;
    this.commands = new RateMeter(metrics::commands, System::nanoTime);
  }

  void sample() {
    commands.sample();
  }

  void addTo(Map<String, Long> counters) {
    counters.put("total_commands_processed", metrics.commands());
    counters.put("instantaneous_ops_per_sec", commands.perSecond());
    counters.put("total_net_input_bytes", metrics.clientTraffic().receivedBytes());
    counters.put("total_net_output_bytes", metrics.clientTraffic().sentBytes());
    counters.put("total_error_replies", metrics.commandStats().errors());
  }
}
