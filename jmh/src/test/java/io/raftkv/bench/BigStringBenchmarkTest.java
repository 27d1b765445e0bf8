package io.raftkv.bench;

import static io.raftkv.bench.SampleCommands.command;
import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.resp.reply.Reply;
import io.raftkv.storage.Family;
import io.raftkv.storage.ReadView;
import io.raftkv.storage.RowCursor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The long string is in rows and as long as it says; writes change it, and take it back. */
class BigStringBenchmarkTest {
  private static final int BYTES = 1 << 20;

  private final BigStringBenchmark string = new BigStringBenchmark();

  @BeforeEach
  void fill() {
    string.bytes = BYTES;
    string.fill();
  }

  @AfterEach
  void close() {
    string.close();
  }

  private Reply read(String... words) {
    return string.shard().read(command(words));
  }

  @Test
  void partsAreReadAndChanged() {
    assertThat(read("STRLEN", BigStringBenchmark.KEY)).isEqualTo(Reply.integer(BYTES));
    String whole = TestReplies.text(string.get());
    assertThat(whole).hasSize(BYTES);
    assertThat(TestReplies.text(string.getrange())).isEqualTo(whole.substring(0, 16));
    assertThat(string.getbit()).isEqualTo(Reply.ZERO);

    assertThat(string.setbit()).containsExactly(Reply.ZERO);
    assertThat(read("GETBIT", BigStringBenchmark.KEY, "0")).isEqualTo(Reply.ONE);
    assertThat(string.setbit()).containsExactly(Reply.ONE);
    assertThat(TestReplies.text(string.get())).isEqualTo(whole);

    assertThat(string.setrange()).containsExactly(Reply.integer(BYTES));
    assertThat(TestReplies.text(read("GETRANGE", BigStringBenchmark.KEY, "0", "15")))
        .isEqualTo("0123456789abcdef");
    assertThat(string.append()).containsExactly(Reply.integer(BYTES + 16));
  }

  @Test
  void theStringIsInRows() {
    byte[] behindAll = {-1, -1, -1};
    try (ReadView view = string.shard().store().readSnapshot();
        RowCursor rows = view.ascending(Family.DATA, new byte[0], behindAll)) {
      assertThat(rows.next()).isTrue();
    }
  }
}
