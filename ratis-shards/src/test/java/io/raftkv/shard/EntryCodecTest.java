package io.raftkv.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class EntryCodecTest {
  private static final EntryCodec.Header HEADER =
      new EntryCodec.Header(7, 0x0102030405L, -2, 1 << 20);

  @Test
  void layoutIsPinned() {
    byte[] entry =
        EntryCodec.encode(
            HEADER,
            List.of(
                new ProposedBatch(0x11, 0x22, new byte[] {1, 2, 3}),
                new ProposedBatch(-1, 1, new byte[0])));
    assertThat(HexFormat.of().formatHex(entry))
        .isEqualTo(
            "02"
                + "0000000000000007"
                + "0000000102030405"
                + "fffffffffffffffe"
                + "0000000000100000"
                + "0000000000000011"
                + "0000000000000022"
                + "00000003"
                + "010203"
                + "ffffffffffffffff"
                + "0000000000000001"
                + "00000000");
  }

  @Test
  void whatIsEncodedIsDecoded() {
    Random random = new Random(1);
    for (int round = 0; round < 200; round++) {
      EntryCodec.Header header =
          new EntryCodec.Header(
              random.nextLong(), random.nextLong(), random.nextLong(), random.nextLong());
      List<ProposedBatch> batches = new ArrayList<>();
      for (int i = random.nextInt(4); i > 0; i--) {
        byte[] payload = new byte[random.nextInt(20)];
        random.nextBytes(payload);
        batches.add(new ProposedBatch(random.nextLong(), random.nextLong(), payload));
      }
      ByteBuffer entry = ByteBuffer.wrap(EntryCodec.encode(header, batches));
      assertThat(EntryCodec.decodeHeader(entry)).isEqualTo(header);
      assertThat(batchesOf(entry))
          .usingRecursiveFieldByFieldElementComparator()
          .containsExactlyElementsOf(batches);
    }
  }

  /** A cut at the end of a batch looks like an entry with fewer: the log's checksum is for that. */
  @Test
  void entryThatIsCutOffInsideIsRefused() {
    byte[] entry =
        EntryCodec.encode(
            HEADER,
            List.of(new ProposedBatch(1, 1, new byte[5]), new ProposedBatch(2, 1, new byte[9])));
    List<Integer> whole =
        List.of(
            EntryCodec.HEADER_BYTES,
            EntryCodec.HEADER_BYTES + EntryCodec.BATCH_BYTES + 5,
            entry.length);
    for (int length = 0; length <= entry.length; length++) {
      ByteBuffer cut = ByteBuffer.wrap(Arrays.copyOf(entry, length));
      if (whole.contains(length)) {
        EntryCodec.decodeHeader(cut);
        assertThat(batchesOf(cut)).hasSize(whole.indexOf(length));
      } else {
        assertThatThrownBy(
                () -> {
                  EntryCodec.decodeHeader(cut);
                  batchesOf(cut);
                })
            .as("cut to %d bytes", length)
            .isInstanceOf(IllegalArgumentException.class);
      }
    }
  }

  @Test
  void negativeLengthIsRefused() {
    ByteBuffer entry = ByteBuffer.allocate(EntryCodec.BATCH_BYTES);
    entry.putLong(1).putLong(1).putInt(-1).flip();
    assertThatThrownBy(() -> batchesOf(entry)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void entryOfFormatOneHasNoLimit() {
    ByteBuffer entry =
        ByteBuffer.wrap(
            HexFormat.of().parseHex("01000000000000000700000001020304050000000000000002"));
    assertThat(EntryCodec.decodeHeader(entry))
        .isEqualTo(new EntryCodec.Header(7, 0x0102030405L, 2, Long.MAX_VALUE));
    assertThat(entry.hasRemaining()).isFalse();
  }

  @Test
  void unknownFormatIsRefused() {
    byte[] entry = EntryCodec.encode(HEADER, List.of());
    entry[0] = 3;
    assertThatThrownBy(() -> EntryCodec.decodeHeader(ByteBuffer.wrap(entry)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("format 3");
  }

  private static List<ProposedBatch> batchesOf(ByteBuffer entry) {
    List<ProposedBatch> batches = new ArrayList<>();
    EntryCodec.decodeBatches(
        entry,
        (proposer, sequence, payload) -> {
          byte[] bytes = new byte[payload.remaining()];
          payload.get(bytes);
          batches.add(new ProposedBatch(proposer, sequence, bytes));
        });
    return batches;
  }
}
