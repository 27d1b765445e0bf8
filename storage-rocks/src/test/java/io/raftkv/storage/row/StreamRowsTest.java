package io.raftkv.storage.row;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.storage.CorruptStoreException;
import io.raftkv.storage.StreamId;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

class StreamRowsTest {
  private static final HexFormat HEX = HexFormat.of();
  private static final String PREFIX = "1f2e" + "0000000000000007";
  private static final StreamId ENTRY = new StreamId(5, 3);
  private static final String ENTRY_HEX = "0000000000000005" + "0000000000000003";
  private static final byte[] NAME = "g".getBytes(US_ASCII);

  @Test
  void rowLayoutsArePinned() {
    assertThat(HEX.formatHex(StreamRows.entry(0x1f2e, 7, ENTRY)))
        .isEqualTo(PREFIX + "01" + ENTRY_HEX);
    assertThat(HEX.formatHex(StreamRows.group(0x1f2e, 7, NAME))).isEqualTo(PREFIX + "02" + "67");
    String ofGroup = PREFIX + "03" + "0000000000000001";
    assertThat(HEX.formatHex(StreamRows.consumer(0x1f2e, 7, 1, NAME)))
        .isEqualTo(ofGroup + "01" + "67");
    assertThat(HEX.formatHex(StreamRows.pending(0x1f2e, 7, 1, ENTRY)))
        .isEqualTo(ofGroup + "02" + ENTRY_HEX);
    assertThat(HEX.formatHex(StreamRows.pendingOfConsumer(0x1f2e, 7, 1, 2, ENTRY)))
        .isEqualTo(ofGroup + "03" + "0000000000000002" + ENTRY_HEX);
  }

  @Test
  void whatIsInARowIsReadBack() {
    assertThat(StreamRows.entryOf(StreamRows.entry(1, 2, ENTRY))).isEqualTo(ENTRY);
    assertThat(StreamRows.groupNameOf(StreamRows.group(1, 2, NAME))).isEqualTo(NAME);
    assertThat(StreamRows.consumerNameOf(StreamRows.consumer(1, 2, 3, NAME))).isEqualTo(NAME);
    assertThat(StreamRows.pendingOf(StreamRows.pending(1, 2, 3, ENTRY))).isEqualTo(ENTRY);
    assertThat(StreamRows.pendingOfConsumerOf(StreamRows.pendingOfConsumer(1, 2, 3, 4, ENTRY)))
        .isEqualTo(ENTRY);
  }

  @Test
  void rowsOrderAsIdsDoAndStayInTheirRanges() {
    List<byte[]> ascending =
        List.of(
            ElementRows.from(1, 2),
            StreamRows.entry(1, 2, StreamId.MIN),
            StreamRows.entry(1, 2, new StreamId(1, -1)),
            StreamRows.entry(1, 2, new StreamId(2, 0)),
            StreamRows.entry(1, 2, new StreamId(Long.MIN_VALUE, 0)),
            StreamRows.entry(1, 2, StreamId.MAX),
            StreamRows.entriesTo(1, 2),
            StreamRows.group(1, 2, NAME),
            StreamRows.groupsTo(1, 2),
            StreamRows.ofGroupFrom(1, 2, 1),
            StreamRows.consumersFrom(1, 2, 1),
            StreamRows.consumer(1, 2, 1, NAME),
            StreamRows.consumersTo(1, 2, 1),
            StreamRows.pending(1, 2, 1, ENTRY),
            StreamRows.pending(1, 2, 1, StreamId.MAX),
            StreamRows.pendingTo(1, 2, 1),
            StreamRows.pendingOfConsumerFrom(1, 2, 1, 1),
            StreamRows.pendingOfConsumer(1, 2, 1, 1, StreamId.MAX),
            StreamRows.pendingOfConsumerTo(1, 2, 1, 1),
            StreamRows.pendingOfConsumer(1, 2, 1, 2, ENTRY),
            StreamRows.ofGroupTo(1, 2, 1),
            ElementRows.to(1, 2));
    for (int i = 1; i < ascending.size(); i++) {
      assertThat(Arrays.compareUnsigned(ascending.get(i - 1), ascending.get(i)))
          .as("row %d", i)
          .isLessThanOrEqualTo(0);
    }
  }

  @Test
  void rowsOfAnotherLengthAreDamage() {
    byte[] cut = Arrays.copyOf(StreamRows.entry(1, 2, ENTRY), 20);
    assertThatThrownBy(() -> StreamRows.entryOf(cut)).isInstanceOf(CorruptStoreException.class);
    assertThatThrownBy(() -> StreamRows.pendingOf(cut)).isInstanceOf(CorruptStoreException.class);
    assertThatThrownBy(() -> StreamRows.pendingOfConsumerOf(cut))
        .isInstanceOf(CorruptStoreException.class);
    assertThatThrownBy(() -> StreamRows.groupNameOf(new byte[10]))
        .isInstanceOf(CorruptStoreException.class);
    assertThatThrownBy(() -> StreamRows.consumerNameOf(new byte[19]))
        .isInstanceOf(CorruptStoreException.class);
  }
}
