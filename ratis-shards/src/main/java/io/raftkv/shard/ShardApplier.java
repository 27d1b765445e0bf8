package io.raftkv.shard;

import io.raftkv.storage.StoreBatch;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Applies entries of one shard: each batch exactly once and in its proposer's order, then tells
 * those who wait on this node.
 *
 * <p>The decision rests on the store alone, which keeps the last sequence of each proposer: Ratis'
 * retry cache is memory and gone after a snapshot.
 *
 * <p>{@link #apply} and {@link #publish} are called by the shard's apply thread only.
 */
public final class ShardApplier {
  private static final Logger LOG = LoggerFactory.getLogger(ShardApplier.class);

  /** Results kept per proposer: at least the batches that it may have in flight. */
  static final int RECENT = 8;

  /** Proposers whose results are kept: more than there are nodes that write at one time. */
  static final int RECENT_PROPOSERS = 64;

  /** Larger results of a batch are not kept: a repeat of it is told that its reply is lost. */
  static final int RECENT_BYTES = 64 << 10;

  private final Applier applier;
  private final Map<Long, ApplyListener> listeners = new ConcurrentHashMap<>();

  /** Of the apply thread; those who were silent for longest are forgotten. */
  private final Map<Long, ArrayDeque<Recent>> recent =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, ArrayDeque<Recent>> eldest) {
          return size() > RECENT_PROPOSERS;
        }
      };

  private final List<Event> events = new ArrayList<>();
  private final LongAdder commands = new LongAdder();

  private record Event(long proposer, long sequence, BatchOutcome outcome, Object[] results) {}

  private record Recent(long sequence, Object[] results) {}

  public ShardApplier(Applier applier) {
    this.applier = applier;
  }

  public Applier applier() {
    return applier;
  }

  /** Commands applied so far, those of a replayed log included. */
  public long commands() {
    return commands.sum();
  }

  /** From now on {@code listener} hears of the proposer's batches. */
  public void listen(long proposer, ApplyListener listener) {
    listeners.put(proposer, listener);
  }

  /** Ends {@link #listen} if it is still this listener. */
  public void forget(long proposer, ApplyListener listener) {
    listeners.remove(proposer, listener);
  }

  /** Applies an entry to a batch of the store; the caller commits it and then calls publish. */
  public void apply(long index, EntryCodec.Header header, ByteBuffer batches, StoreBatch store) {
    events.clear();
    EntryCodec.decodeBatches(
        batches,
        (proposer, sequence, payload) -> {
          long last = store.lastProposal(proposer);
          if (sequence != last + 1) {
            events.add(
                sequence <= last
                    ? repeated(proposer, sequence)
                    : new Event(proposer, sequence, BatchOutcome.OUT_OF_ORDER, null));
            return;
          }
          store.noteProposal(proposer, sequence);
          store.mark(); // what the applier takes back must not take back this, nor earlier batches
          // Two batches of one entry must not draw the same random numbers.
          long seed = header.seed() ^ (proposer * 31 + sequence);
          ApplyContext context =
              new ApplyContext(index, store.timeMillis(), seed, header.routingVersion());
          Object[] results = applier.apply(context, payload, store);
          events.add(new Event(proposer, sequence, BatchOutcome.APPLIED, results));
        });
  }

  private Event repeated(long proposer, long sequence) {
    ArrayDeque<Recent> known = recent.get(proposer);
    if (known != null) {
      for (Recent one : known) {
        if (one.sequence == sequence && one.results != null) {
          return new Event(proposer, sequence, BatchOutcome.APPLIED, one.results);
        }
      }
    }
    return new Event(proposer, sequence, BatchOutcome.REPEATED, null);
  }

  /** Tells the listeners what the last {@link #apply} did; its store batch is committed. */
  public void publish() {
    if (!events.isEmpty()) {
      applier.committed();
    }
    for (Event event : events) {
      if (event.outcome == BatchOutcome.APPLIED) {
        commands.add(event.results.length);
        remember(event);
      }
      tell(event);
    }
    events.clear();
  }

  /** A listener that fails harms those who wait for it, not the replica: the entry is committed. */
  private void tell(Event event) {
    ApplyListener listener = listeners.get(event.proposer);
    if (listener != null) {
      try {
        listener.applied(event.sequence, event.outcome, event.results);
      } catch (RuntimeException fault) {
        LOG.error("listener of proposer={} failed", event.proposer, fault);
      }
    }
  }

  private void remember(Event event) {
    ArrayDeque<Recent> last = recent.computeIfAbsent(event.proposer, p -> new ArrayDeque<>(RECENT));
    if (!last.isEmpty() && last.getLast().sequence >= event.sequence) {
      return;
    }
    if (last.size() == RECENT) {
      last.removeFirst();
    }
    boolean small = applier.bytes(event.results) <= RECENT_BYTES;
    last.addLast(new Recent(event.sequence, small ? event.results : null));
  }
}
