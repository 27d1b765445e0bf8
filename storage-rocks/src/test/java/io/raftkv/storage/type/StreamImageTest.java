package io.raftkv.storage.type;

import static io.raftkv.storage.type.TypeFixture.bytes;
import static io.raftkv.storage.type.TypeFixture.list;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.storage.Family;
import io.raftkv.storage.StreamId;
import io.raftkv.storage.row.MetaRow;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Streams that are made as a whole. */
class StreamImageTest {
  private static final long NOW = 1000;

  private final TypeFixture fixture = new TypeFixture();

  private static StreamId id(long millis) {
    return new StreamId(millis, 0);
  }

  private StreamType stream() {
    return new StreamType(fixture.key());
  }

  /** Two groups, of which one has read nothing; entries deleted, some of them pending. */
  private void makeStepByStep(int entries) {
    StreamType stream = stream();
    for (int i = 1; i <= entries; i++) {
      stream.add(new StreamEntry(id(i), list("f", "v" + i)));
    }
    stream.createGroup(bytes("a"), StreamId.MIN, -1);
    stream.createGroup(bytes("b"), StreamId.MIN, 0);
    StreamGroup group = stream.group(bytes("b"));
    for (String name : List.of("p", "q")) {
      StreamConsumer consumer = group.askedBy(bytes(name), NOW);
      new StreamDelivery(stream, group, consumer, NOW).deliverNew(entries / 3, true);
    }
    group.createConsumer(bytes("r"), NOW + 1);
    stream.delete(List.of(id(1), id(2), id(entries)));
    stream.save();
  }

  private StreamImage image() {
    StreamType stream = stream();
    return new StreamImage(
        stream.range(StreamId.MIN, StreamId.MAX, false, StreamType.UNLIMITED),
        stream.lastId(),
        stream.maxDeletedId(),
        stream.entriesAdded(),
        stream.groups().stream().map(StreamGroup::image).toList());
  }

  @ParameterizedTest
  @ValueSource(ints = {3, 7, 300})
  void aStreamMadeFromItsImageHasTheSameRows(int entries) {
    makeStepByStep(entries);
    StreamImage image = image();
    fixture.memory.mark();
    String before = fixture.memory.dump();
    fixture.key().expireAt(5_000_000_000_000L);

    StreamType.replace(fixture.key(), image);

    assertThat(fixture.key().meta().expireAtMillis()).isEqualTo(MetaRow.NO_EXPIRY);
    fixture.memory.verify();
    // Ids, versions and numbers are given anew; all else is the same, byte for byte.
    assertThat(fixture.memory.dump().length()).isEqualTo(before.length());
    assertThat(image()).usingRecursiveComparison().isEqualTo(image);
    StreamGroup group = stream().group(bytes("b"));
    assertThat(group.pendingCount()).isEqualTo(2L * (entries / 3));
    assertThat(group.consumer(bytes("q")).pending()).isEqualTo(entries / 3);
    assertThat(group.consumer(bytes("q")).activeMillis()).isEqualTo(NOW);
    assertThat(group.consumer(bytes("r")).activeMillis()).isEqualTo(StreamConsumer.NEVER);
    assertThat(group.lag()).isEqualTo(new StreamType(fixture.key()).group(bytes("b")).lag());
  }

  @Test
  void itWorksAsAnyOther() {
    makeStepByStep(300);
    StreamType.replace(fixture.key(), image());
    StreamType stream = stream();
    StreamGroup group = stream.group(bytes("b"));
    StreamConsumer consumer = group.askedBy(bytes("new"), NOW);
    assertThat(new StreamDelivery(stream, group, consumer, NOW).deliverNew(1000, true)).hasSize(99);
    assertThat(group.deleteConsumer(bytes("p"))).isEqualTo(100);
    stream.add(new StreamEntry(id(301), list("f", "v")));
    assertThat(stream.createGroup(bytes("a"), StreamId.MIN, 0)).isFalse();
    assertThat(stream.destroyGroup(bytes("a"))).isTrue();
    stream.save();
    assertThat(stream().length()).isEqualTo(298);
    assertThat(stream().group(bytes("b")).pendingCount()).isEqualTo(199);
    fixture.key().delete();
    assertThat(fixture.memory.dump()).isEmpty();
  }

  @Test
  void anEmptyStreamIsOneToo() {
    StreamType.replace(fixture.key(), new StreamImage(List.of(), id(9), id(9), 5, List.of()));
    assertThat(stream().lastId()).isEqualTo(id(9));
    assertThat(stream().entriesAdded()).isEqualTo(5);
    assertThat(fixture.memory.size(Family.STREAM)).isZero();
  }

  @Test
  void imagesThatContradictThemselvesAreRefused() {
    StreamEntry one = new StreamEntry(id(1), list("f", "v"));
    StreamImage.Consumer consumer = new StreamImage.Consumer(bytes("c"), 1, 1);
    PendingEntry pending = new PendingEntry(id(1), bytes("c"), 1, 1);
    PendingEntry foreign = new PendingEntry(id(1), bytes("d"), 1, 1);
    List<StreamImage> images = new ArrayList<>();
    for (List<StreamEntry> entries :
        List.of(
            List.of(one, one),
            List.of(new StreamEntry(StreamId.MIN, list("f", "v"))),
            List.of(one, new StreamEntry(id(3), list("f", "v"))))) {
      images.add(new StreamImage(entries, id(2), id(0), 2, List.of()));
    }
    StreamImage.Group plain = group(List.of(consumer), pending);
    for (List<StreamImage.Group> groups :
        List.of(
            List.of(plain, plain),
            List.of(group(List.of(consumer, consumer))),
            List.of(group(List.of(consumer), pending, pending)),
            List.of(group(List.of(consumer), foreign)))) {
      images.add(new StreamImage(List.of(one), id(2), id(0), 2, groups));
    }
    for (StreamImage image : images) {
      assertThatThrownBy(() -> StreamType.replace(fixture.key(), image))
          .as("%s", image)
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  private static StreamImage.Group group(
      List<StreamImage.Consumer> consumers, PendingEntry... pending) {
    return new StreamImage.Group(bytes("g"), id(1), 1, consumers, Arrays.asList(pending));
  }
}
