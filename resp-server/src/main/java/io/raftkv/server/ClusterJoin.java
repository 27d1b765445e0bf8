package io.raftkv.server;

import io.raftkv.meta.NodeSpec;
import io.raftkv.resp.link.LinkRefusedException;
import io.raftkv.server.JoinExchange.Answer;
import io.raftkv.shard.PeerTransport;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The part of joining a cluster that the new node does itself: it asks a node there until it is
 * admitted, or refused for good. From then on it waits for the leader of the metadata group, as
 * after any restart.
 *
 * <p>What was asked for may have been done although no answer came. To ask again, also after a
 * crash, changes nothing.
 */
final class ClusterJoin {
  private static final Logger LOG = LoggerFactory.getLogger(ClusterJoin.class);
  private static final long RETRY_MILLIS = 500;
  private static final long TIMEOUT_MILLIS = 15_000;

  private final Node node;
  private final HostPort seed;
  private final List<String> listenHosts;
  private String told = "";

  /**
   * @param seed the client address of a node of the cluster
   * @param listenHosts where this node listens
   */
  ClusterJoin(Node node, HostPort seed, List<String> listenHosts) {
    this.node = node;
    this.seed = seed;
    this.listenHosts = listenHosts;
  }

  /**
   * Asks until this node is admitted or refused; as long as the cluster cannot answer, for ever.
   *
   * @return an admission, or why this node was refused, for the operator
   */
  Answer admission() throws StartupException {
    while (true) {
      Answer answer = ask();
      switch (answer.outcome()) {
        case ADMITTED -> {
          LOG.info("admitted to cluster id={} by the node at {}", answer.text(), seed);
          return answer;
        }
        case REFUSED, UNFORMED, REMOVED -> { // the last two are for founders
          return Answer.refused("cannot join by the node at " + seed + ": " + answer.text());
        }
        case LATER -> {
          if (!told.equals(answer.text())) {
            told = answer.text();
            LOG.warn("not joined yet, asking {} (join) again: {}", seed, told);
          }
          pause();
        }
      }
    }
  }

  private static void pause() throws StartupException {
    try {
      TimeUnit.MILLISECONDS.sleep(RETRY_MILLIS);
    } catch (InterruptedException stopping) {
      Thread.currentThread().interrupt();
      throw new StartupException("interrupted while joining the cluster", stopping);
    }
  }

  private Answer ask() {
    InetSocketAddress address = new InetSocketAddress(seed.host(), seed.port());
    if (address.isUnresolved()) {
      return Answer.later("the name " + seed.host() + " is unknown");
    }
    try {
      byte[] answer =
          node.links()
              .ask(address, PeerTransport.Kind.CONTROL, this::request)
              .orTimeout(TIMEOUT_MILLIS, TimeUnit.MILLISECONDS)
              .join();
      return JoinExchange.decodeAnswer(answer);
    } catch (CompletionException failed) {
      Throwable why = failed.getCause();
      if (why instanceof InvalidSettingException wrong) {
        return Answer.refused(wrong.setting() + " " + wrong.getMessage());
      }
      if (why instanceof LinkRefusedException refused) {
        return refused(String.valueOf(refused.getMessage()));
      }
      return Answer.later(String.valueOf(why.getMessage() == null ? why : why.getMessage()));
    } catch (IllegalArgumentException malformed) {
      return Answer.refused("its answer is not understood: " + malformed.getMessage());
    }
  }

  /** Another secret stays wrong; anything else may be that it has too many clients, or stops. */
  private static Answer refused(String line) {
    return line.startsWith("NOPERM")
        ? Answer.refused(line + " (--cluster-secret, or --requirepass without it)")
        : Answer.later(line);
  }

  private byte[] request(InetSocketAddress local) {
    ServerConfig config = node.config();
    NodeSpec spec =
        new NodeSpec(
            config.node().id(),
            host(local),
            config.listen().port(),
            config.listen().raftPort(),
            config.listen().httpPort().orElse(0),
            Version.current(),
            node.view().startedAtMillis());
    return JoinExchange.encode(
        new JoinExchange.Request(
            spec, node.directory().clusterId(), JoinExchange.settings(config), false));
  }

  /** Where the others are to reach this node: as it was told, else from where it reaches them. */
  private String host(InetSocketAddress local) {
    Optional<String> announced = node.config().listen().announceHost();
    if (announced.isPresent()) {
      return announced.get();
    }
    String own = local.getAddress().getHostAddress();
    boolean listens =
        listenHosts.stream()
            .map(host -> new BindAddress(host, false))
            .anyMatch(host -> !host.isLoopback() || local.getAddress().isLoopbackAddress());
    if (!listens) {
      throw new InvalidSettingException(
          NodeSettings.BIND.name(),
          "does not let the other nodes connect to this one, which reaches them from "
              + own
              + ": add this address, or name another one with announce-host");
    }
    return own;
  }
}
