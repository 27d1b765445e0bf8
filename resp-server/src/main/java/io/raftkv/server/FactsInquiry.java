package io.raftkv.server;

import io.raftkv.meta.job.ClusterFacts;
import io.raftkv.shard.PeerTransport;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks nodes, this one among them, what replicas they have and how those are. Thread-safe. */
final class FactsInquiry {
  private static final Logger LOG = LoggerFactory.getLogger(FactsInquiry.class);

  private static final long TIMEOUT_MILLIS = 1_000;

  private final Node node;
  private final Silences silences = new Silences();

  FactsInquiry(Node node) {
    this.node = node;
  }

  /** What those say that answer within a second; never fails. */
  CompletableFuture<ClusterFacts> ask(Collection<String> nodes) {
    return ask(nodes, TIMEOUT_MILLIS);
  }

  /** What those say that answer in time; never fails. */
  CompletableFuture<ClusterFacts> ask(Collection<String> nodes, long timeoutMillis) {
    return ask(nodes, ControlRequests.nodeFacts(), timeoutMillis);
  }

  /** The same, of some groups only, and without counts of bytes. */
  CompletableFuture<ClusterFacts> ask(
      Collection<String> nodes, Set<UUID> groups, long timeoutMillis) {
    return ask(nodes, ControlRequests.nodeFacts(groups), timeoutMillis);
  }

  private CompletableFuture<ClusterFacts> ask(
      Collection<String> nodes, byte[] question, long timeoutMillis) {
    long askedNanos = System.nanoTime();
    Map<String, ClusterFacts.NodeFacts> heard = new TreeMap<>();
    List<CompletableFuture<?>> answers = new ArrayList<>();
    for (String id : nodes) {
      answers.add(
          call(node, id, question)
              .orTimeout(timeoutMillis, TimeUnit.MILLISECONDS)
              .thenApply(NodeFactsCodec::decode)
              .handle(
                  (facts, silent) -> {
                    if (silent == null) {
                      silences.answered(id);
                      synchronized (heard) {
                        heard.put(id, facts);
                      }
                    } else {
                      LOG.debug("no facts from node={}", id, silent);
                      silences.missed(id, askedNanos);
                    }
                    return null;
                  }));
    }
    return CompletableFuture.allOf(answers.toArray(CompletableFuture[]::new))
        .thenApply(
            all -> {
              synchronized (heard) {
                return new ClusterFacts(heard, silences.among(nodes, System.nanoTime()));
              }
            });
  }

  /** Sends a control request to a node, which may be this one. */
  static CompletableFuture<byte[]> call(Node node, String nodeId, byte[] request) {
    return nodeId.equals(node.config().node().id())
        ? node.requests().answer(PeerTransport.Kind.CONTROL, request).toCompletableFuture()
        : node.links().call(nodeId, PeerTransport.Kind.CONTROL, request);
  }
}
