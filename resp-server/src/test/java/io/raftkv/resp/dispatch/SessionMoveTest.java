package io.raftkv.resp.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.storage.Slot;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a connection sees of its commands when a shard gives slots away. */
class SessionMoveTest {
  private static final Duration LOOK = Duration.ofMillis(5);

  private static final Duration LONG = Duration.ofMillis(500);

  private final SessionFixture node = new SessionFixture(SlotMap.evenly("s1", "s2"));

  @AfterEach
  void close() {
    node.close();
  }

  /** Slots 12000 to the last, with foo, go from s2 to s3; bar in slot 5061 is of s1. */
  private void route() {
    node.route(node.routing.next(12_000, 16_383, "s3"));
    node.shard("s2").give(0, "foo", node.shard("s3"));
    node.shard("s2").routedBy = node.routing.version();
    node.shard("s2").fenced = false;
  }

  private String answers() {
    node.finish();
    node.pass(LOOK);
    node.finish();
    return node.received();
  }

  @Test
  void whatAShardDoesNotDoAnyMoreIsDoneByItsHeir() {
    node.send("SET foo 1");
    assertThat(answers()).isEqualTo("+OK|");
    node.shard("s2").fenced = true;
    node.send("APPEND foo 2", "GET foo", "SET bar 3", "GET bar");
    assertThat(answers()).isEmpty();
    assertThat(node.movedBytes.sum()).isPositive();
    route();
    assertThat(answers()).isEqualTo(":2|$2|12|+OK|$1|3|");
    assertThat(node.movedBytes.sum()).isZero();
  }

  @Test
  void nothingMoreIsTakenWhileSomethingIsHeld() {
    node.shard("s2").fenced = true;
    node.send("SET foo 1");
    assertThat(answers()).isEmpty();
    node.send("SET bar 2", "PING");
    assertThat(answers()).isEmpty();
    assertThat(node.channel.config().isAutoRead()).isFalse();
    route();
    assertThat(answers()).isEqualTo("+OK|+OK|+PONG|");
    assertThat(node.channel.config().isAutoRead()).isTrue();
  }

  @Test
  void whatWasRoutedByOlderRoutingComesFirst() {
    node.send("SET foo 1");
    route(); // and that is not there yet
    node.send("GET foo");
    assertThat(node.shard("s3").isIdle()).isTrue();
    assertThat(answers()).isEqualTo("+OK|$1|1|");
  }

  /** Slots that stay, too, are served by newer routing only. */
  @Test
  void nothingIsTriedAgainByTheSameRouting() {
    node.shard("s2").fenced = true;
    node.send("SET foo 1");
    assertThat(answers()).isEmpty();
    node.shard("s2").fenced = false;
    node.pass(LONG);
    assertThat(node.shard("s2").isIdle()).isTrue();
    node.route(node.routing.next(12_000, 16_383, "s2"));
    assertThat(answers()).isEqualTo("+OK|");
  }

  /** It was not done, and may be sent again: never an uncertain outcome. */
  @Test
  void nobodyWaitsLongerThanForAnyRequest() {
    try (SessionFixture hasty = new SessionFixture(SlotMap.evenly("s1"), false, Duration.ZERO)) {
      hasty.shard("s1").fenced = true;
      hasty.send("SET foo 1", "PING");
      hasty.finish();
      hasty.pass(LOOK);
      assertThat(hasty.received()).isEqualTo("-TRYAGAIN shard s1 gives its slots away|+PONG|");
      assertThat(hasty.movedBytes.sum()).isZero();
    }
  }

  /** What concerned all keys of a shard concerns those of its heirs, once. */
  @Test
  void wholeShardsAreThoseOfTheirHeirs() {
    node.send("SET foo 1", "SET bar 2");
    assertThat(answers()).isEqualTo("+OK|+OK|");
    node.shard("s2").fenced = true;
    node.send("DBSIZE", "FLUSHALL", "DBSIZE");
    assertThat(answers()).isEmpty();
    route();
    assertThat(answers()).isEqualTo(":2|+OK|:0|");
  }

  /** A part with keys of several slots is cut up anew. */
  @Test
  void partsAreCutUpAnew() {
    node.send("MSET foo 1 bar 2 k9 3 k8 4");
    assertThat(answers()).isEqualTo("+OK|");
    node.shard("s2").fenced = true;
    node.send("MGET k8 foo bar none k9", "EXISTS foo k8 k9 bar");
    assertThat(answers()).isEmpty();
    route();
    for (String key : List.of("k8", "k9")) {
      int slot = Slot.of(key.getBytes(StandardCharsets.US_ASCII));
      if (node.routing.shardOf(slot).id().equals("s3")) {
        node.shard("s2").give(0, key, node.shard("s3"));
      }
    }
    assertThat(answers()).isEqualTo("*5|$1|4|$1|1|$1|2|$-1|$1|3|:4|");
  }

  @Test
  void whoWaitsForWritesWaitsForThoseThatAreHeld() {
    node.shard("s2").fenced = true;
    node.send("SET foo 1", "WRITTEN");
    assertThat(answers()).isEmpty();
    route();
    assertThat(answers()).isEqualTo("+OK|+OK|");
  }

  /** A shard that had all slots took any keys; two of them do not. */
  @Test
  void keysOfSeveralSlotsBelongTogetherNoLonger() {
    try (SessionFixture one = new SessionFixture(SlotMap.evenly("s1"))) {
      one.shard("s1").fenced = true;
      one.send("RENAME foo bar", "GET bar");
      one.finish();
      one.route(one.routing.next(12_000, 16_383, "s2"));
      one.shard("s1").routedBy = one.routing.version();
      one.shard("s1").fenced = false;
      one.pass(LOOK);
      one.finish();
      assertThat(one.received())
          .isEqualTo("-CROSSSLOT Keys in request don't hash to the same slot|$-1|");
    }
  }
}
