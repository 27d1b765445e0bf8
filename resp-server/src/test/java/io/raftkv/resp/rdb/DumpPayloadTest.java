package io.raftkv.resp.rdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DumpPayloadTest {
  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  @Test
  void checksumIsThatOfTheCatalogue() {
    assertThat(Crc64.of(ascii("123456789"), 9)).isEqualTo(0xe9c6d914c4b8d9caL);
    assertThat(Crc64.of(ascii("123456789"), 0)).isZero();
  }

  @Test
  void everyBitIsSealed() {
    byte[] payload = HexFormat.of().parseHex("000568656c6c6f0a006372df766534200a");
    assertThat(DumpPayload.isSealed(payload)).isTrue();
    for (int bit = 0; bit < payload.length * Byte.SIZE; bit++) {
      byte[] changed = payload.clone();
      changed[bit / Byte.SIZE] ^= (byte) (1 << (bit % Byte.SIZE));
      assertThat(DumpPayload.isSealed(changed)).as("bit %d", bit).isFalse();
    }
  }

  @Test
  void versionsUpTo12AreRead() {
    byte[] payload = Payloads.of("00 01 61");
    int version = payload.length - DumpPayload.SEAL_BYTES;
    payload[version] = 12;
    assertThat(DumpPayload.isSealed(Payloads.resealed(payload))).isTrue();
    payload[version] = 13;
    assertThat(DumpPayload.isSealed(Payloads.resealed(payload))).isFalse();
    payload[version] = 0;
    payload[version + 1] = 1;
    assertThat(DumpPayload.isSealed(Payloads.resealed(payload))).isFalse();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 9})
  void payloadsWithoutRoomForASealHaveNone(int length) {
    assertThat(DumpPayload.isSealed(new byte[length])).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          nothing at all                 | ''
          a module                       | 07 00
          no such type                   | 08 00
          not even that                  | ff 00
          a string that ends early       | 00 05 61
          a string and more              | 00 01 61 62
          no such encoding of a string   | 00 c4 00
          no such length                 | 00 82 00000001 61
          a string of 4 GB               | 00 80 ffffffff
          a string of 16 EB              | 00 81 ffffffffffffffff
          4 GB, compressed               | 00 c3 02 80 ffffffff 00 61
          16 EB, compressed              | 00 c3 02 81 ffffffffffffffff 00 61
          compressed beyond the end      | 00 c3 80 ffffffff 01 00 61
          a list of 4 G                  | 01 80 ffffffff 00
          a hash of 4 G                  | 04 80 ffffffff 00
          a list of minus one            | 01 81 ffffffffffffffff 00
          a list with a string as length | 01 c0 01 00
          a list without elements        | 01 00
          a set without members          | 02 00
          a sorted set without members   | 05 00
          a hash without fields          | 04 00
          an empty quicklist             | 12 00
          a quicklist of an empty node   | 12 01 02 07 07000000 0000 ff
          a quicklist of no such node    | 12 01 03 01 61
          an empty intset                | 0b 08 02000000 00000000
          a field without value          | 10 09 09000000 0100 01 01 ff
          a member without score         | 11 09 09000000 0100 01 01 ff
          a score that is text           | 11 0c 0c000000 0200 01 01 81 78 02 ff
          a score that is not a number   | 05 01 01 61 000000000000f87f
          a score in hexadecimal         | 03 01 01 61 03 307831
          a field that expires too late  | 18 ffffffffffff0000 01 01 01 66 01 76
          a field that expires later yet | 18 0000000000000000 01 81 0001000000000000 01 66 01 76
          a field beyond all time        | 18 0100000000000000 01 81 ffffffffffffffff 01 66 01 76
          a field before the epoch       | 18 ffffffffffffffff 01 01 01 66 01 76
          packed fields before the epoch | 19 0000000000000000 0d 0d000000 0300 81 66 02 81 76 02 df ff 02 ff
          a score that is nan            | 03 01 01 61 fd
          a score without digits         | 03 01 01 61 00
          """)
  void whatIsNoValueIsMalformed(String what, String hex) {
    assertThatThrownBy(() -> DumpPayload.decode(Payloads.of(hex)))
        .as(what)
        .isInstanceOf(MalformedDumpException.class);
  }

  /** 3 MB for 264. */
  @Test
  void compressedStringsMayNotUnpackToAnything() {
    int runs = 1 << 20;
    int plain = 1 + runs * 264;
    byte[] value = new byte[1 + 1 + 5 + 5 + 2 + 3 * runs + DumpPayload.SEAL_BYTES];
    ByteBuffer out = ByteBuffer.wrap(value);
    out.put((byte) 0).put((byte) 0xc3);
    out.put((byte) 0x80).putInt(2 + 3 * runs).put((byte) 0x80).putInt(plain);
    out.put((byte) 0).put((byte) 0);
    for (int i = 0; i < runs; i++) {
      out.put((byte) 0xe0).put((byte) 0xff).put((byte) 0);
    }
    assertThatThrownBy(() -> DumpPayload.decode(Payloads.resealed(value)))
        .isInstanceOf(OversizedDumpException.class);
  }

  @Test
  void aPayloadMayNotHaveElementsWithoutEnd() {
    RdbOutput out = RdbOutput.list();
    int count = 5 << 20;
    for (int i = 0; i < count; i++) {
      out.writeString(new byte[0]);
    }
    byte[] payload = out.seal(count);
    assertThatThrownBy(() -> DumpPayload.decode(payload))
        .isInstanceOf(OversizedDumpException.class);
  }

  @Test
  void writtenValuesHaveTheseBytes() {
    assertThat(hex(RdbOutput.string(ascii("hello"))))
        .startsWith("00 05 68656c6c6f 0800".replace(" ", ""));
    assertThat(hex(RdbOutput.string(ascii("-70000")))).startsWith("00c290eefeff0800");
    assertThat(written(RdbOutput.list(), 4, out -> strings(out, "127", "128", "-32769", "a")))
        .isEqualTo("01 80 00000004 c0 7f c1 8000 c2 ff7fffff 01 61 0800".replace(" ", ""));
    assertThat(
            written(
                RdbOutput.sortedSet(),
                1,
                out -> {
                  out.writeString(ascii("m"));
                  out.writeScore(1.5);
                }))
        .isEqualTo("05 80 00000001 01 6d 000000000000f83f 0800".replace(" ", ""));
    assertThat(written(RdbOutput.hash(), 1, out -> strings(out, "f", "2147483648")))
        .isEqualTo("04 80 00000001 0166 0a32313437343833363438 0800".replace(" ", ""));
    assertThat(written(RdbOutput.set(), 2, out -> strings(out, "007", "")))
        .isEqualTo("02 80 00000002 03303037 00 0800".replace(" ", ""));
  }

  /** One field dies first, one a second later, one stays. */
  @Test
  void hashesWithFieldsThatExpireHaveTheBytesOfRedis74() {
    RdbOutput out = RdbOutput.expiringHash(1_800_000_000_000L);
    List<Long> times =
        List.of(RdbValue.ExpiringField.NEVER, 1_800_000_000_000L, 1_800_000_001_000L);
    for (int i = 0; i < times.size(); i++) {
      out.writeTime(times.get(i));
      strings(out, String.valueOf((char) ('f' + i)), "7");
    }
    byte[] payload = out.seal(times.size());
    assertThat(DumpPayload.isSealed(payload)).isTrue();
    assertThat(hex(payload).substring(0, 2 * (payload.length - Long.BYTES)))
        .isEqualTo(
            "18 00505c18a3010000 80 00000003 00 0166 c007 01 0167 c007 43e9 0168 c007 0c00"
                .replace(" ", ""));
    assertThat(ValueText.of(DumpPayload.decode(payload)))
        .isEqualTo("expiring f=7 g=7@1800000000000 h=7@1800000001000");
  }

  private static void strings(RdbOutput out, String... strings) {
    for (String string : strings) {
      out.writeString(ascii(string));
    }
  }

  private static String written(RdbOutput out, int elements, Consumer<RdbOutput> content) {
    content.accept(out);
    byte[] payload = out.seal(elements);
    assertThat(DumpPayload.isSealed(payload)).isTrue();
    return hex(payload).substring(0, 2 * (payload.length - Long.BYTES));
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 63, 64, 16383, 16384, 70000})
  void stringsOfEveryLengthAreReadAsWritten(int length) {
    byte[] value = new byte[length];
    byte[] payload = RdbOutput.string(value);
    assertThat(DumpPayload.isSealed(payload)).isTrue();
    RdbValue.StringValue again = (RdbValue.StringValue) DumpPayload.decode(payload);
    assertThat(again.bytes()).isEqualTo(value);
  }

  @Test
  void collectionsBeyondTheLimitAreNotWritten() {
    RdbOutput out = RdbOutput.set();
    byte[] member = new byte[1 << 20];
    assertThatThrownBy(
            () -> {
              for (int i = 0; i < 65; i++) {
                out.writeString(member);
              }
            })
        .isInstanceOf(OversizedDumpException.class);
  }

  @ParameterizedTest
  @CsvSource({
    "0, true",
    "-1, true",
    "10, true",
    "9223372036854775807, true",
    "-9223372036854775808, true",
    "'', false",
    "-, false",
    "-0, false",
    "00, false",
    "01, false",
    "+1, false",
    "1a, false",
    "9223372036854775808, false",
    "-9223372036854775809, false",
    "99999999999999999999, false",
    "-100000000000000000000, false"
  })
  void onlyTheOneTextOfANumberIsOne(String text, boolean isNumber) {
    assertThat(DecimalText.isLong(ascii(text))).isEqualTo(isNumber);
    if (isNumber) {
      assertThat(DecimalText.parse(ascii(text))).isEqualTo(Long.parseLong(text));
    }
  }
}
