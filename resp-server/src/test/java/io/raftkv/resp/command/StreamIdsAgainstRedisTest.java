package io.raftkv.resp.command;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Ids that are written oddly: Redis reads numbers by rules of its own, and by those of C. */
class StreamIdsAgainstRedisTest {
  private static final String[] WORDS = {
    "0",
    "1",
    "01",
    "+1",
    "++1",
    "+-1",
    " 1",
    "\t\n\u000b\f\r 1",
    "1 ",
    "",
    " ",
    "+",
    " +",
    "-",
    " -",
    "-1",
    "1-",
    "1--",
    "1--1",
    "1--01",
    "1- -1",
    "1-+1",
    "1- +01",
    "1--0",
    "1- 0",
    "1- ",
    "1-x",
    "x",
    "1--9223372036854775807",
    "1--9223372036854775808",
    "1--9223372036854775809",
    "1--18446744073709551615",
    "1--18446744073709551616",
    "1--018446744073709551616",
    "1- -18446744073709551615",
    "18446744073709551615",
    "18446744073709551616",
    " 18446744073709551616",
    "1-18446744073709551616",
    "000018446744073709551615-00",
    "1-*",
    " 1-*",
    "1-**",
    "1-* ",
    "-*",
    "*",
    "1-1-*",
    "1\0x",
    "1-2\0x",
    "1-\0",
    "\0",
    "\0001",
    "+\0",
    "-\0x",
    "1-*\0x",
    "1.5",
    "0x10",
    "1e3",
    "\u00a01",
    "(1",
    "( 1",
    "(1- -01",
    "(-",
    "(+",
    "("
  };

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void areReadAsRedisReadsThem(int protocol) throws Exception {
    try (RedisComparison both = new RedisComparison(StreamCommands.ALL)) {
      both.begin("ids", protocol);
      for (int i = 0; i < WORDS.length; i++) {
        String word = WORDS[i];
        String key = "s" + i;
        both.check("XADD", key, "0-1", "f", "v");
        both.check("XADD", key, "1-1", "f", "v");
        both.check("XADD", key, "1-18446744073709551614", "f", "v");
        both.check("XRANGE", key, word, "+");
        both.check("XREVRANGE", key, word, "-");
        both.check("XGROUP", "CREATE", key, "g", word);
        both.check("XPENDING", key, "g", word, "+", "1");
        both.check("XACK", key, "g", word);
        both.check("XDEL", key, word);
        if (!word.startsWith("*")) {
          both.check("XADD", key, word, "f", "v");
          both.check("XADD", "new" + i, word, "f", "v");
        }
        both.check("XRANGE", key, "-", "+");
        both.check("XTRIM", key, "MINID", word);
        both.check("XSETID", key, word);
      }
    }
  }
}
