package io.raftkv.resp.rdb;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class GoldenDumpsTest {
  static List<GoldenDumps.Dump> dumps() {
    return GoldenDumps.all();
  }

  @ParameterizedTest
  @MethodSource("dumps")
  void everyEncodingIsRead(GoldenDumps.Dump dump) {
    assertThat(DumpPayload.isSealed(dump.payload())).isTrue();
    assertThat(ValueText.of(DumpPayload.decode(dump.payload()))).isEqualTo(dump.value());
  }

  @Test
  void noEncodingIsLeftOut() {
    assertThat(dumps().stream().map(dump -> RdbType.of(dump.payload()[0])).distinct())
        .containsExactlyInAnyOrder(
            Arrays.stream(RdbType.values())
                .filter(type -> !type.name().startsWith("STREAM"))
                .toArray(RdbType[]::new));
  }
}
