package io.raftkv.resp.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.storage.SeededRandom;
import org.junit.jupiter.api.Test;

class LcsTest {
  private static byte[] word(SeededRandom random) {
    byte[] word = new byte[random.nextInt(9)];
    for (int i = 0; i < word.length; i++) {
      word[i] = (byte) ('a' + random.nextInt(3));
    }
    return word;
  }

  private static int obviousLength(byte[] a, int i, byte[] b, int j) {
    if (i == a.length || j == b.length) {
      return 0;
    }
    return a[i] == b[j]
        ? 1 + obviousLength(a, i + 1, b, j + 1)
        : Math.max(obviousLength(a, i + 1, b, j), obviousLength(a, i, b, j + 1));
  }

  private static boolean isSubsequence(byte[] part, byte[] whole) {
    int found = 0;
    for (byte b : whole) {
      found += found < part.length && part[found] == b ? 1 : 0;
    }
    return found == part.length;
  }

  /** Seed 11. */
  @Test
  void lengthTextAndMatchesAgree() {
    SeededRandom random = new SeededRandom(11);
    for (int round = 0; round < 2000; round++) {
      byte[] a = word(random);
      byte[] b = word(random);
      Lcs lcs = new Lcs(a, b);
      assertThat(lcs.length()).isEqualTo(obviousLength(a, 0, b, 0));
      assertThat(lcs.text()).hasSize(lcs.length());
      assertThat(isSubsequence(lcs.text(), a)).isTrue();
      assertThat(isSubsequence(lcs.text(), b)).isTrue();
      int matched = 0;
      for (Lcs.Match match : lcs.matches()) {
        matched += match.length();
        for (int i = 0; i < match.length(); i++) {
          assertThat(a[match.startA() + i]).isEqualTo(b[match.startB() + i]);
        }
      }
      assertThat(matched).isEqualTo(lcs.length());
    }
  }

  @Test
  void workAndMemoryAreBounded() {
    byte[] long1 = new byte[Lcs.MAX_BYTES];
    assertThat(new Lcs(long1, new byte[1]).length()).isEqualTo(1);
    assertThatThrownBy(() -> new Lcs(new byte[Lcs.MAX_BYTES + 1], new byte[0]))
        .isInstanceOf(CommandException.class);
    assertThatThrownBy(() -> new Lcs(long1, new byte[65])).isInstanceOf(CommandException.class);
  }
}
