package io.raftkv.resp.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.SeededRandom;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class BitmapCommandsTest {
  private final CommandRunner runner =
      new CommandRunner(
          Stream.of(BitmapCommands.ALL, StringCommands.ALL, GenericCommands.ALL, ListCommands.ALL)
              .flatMap(List::stream)
              .toList());
  private final CommandScript script = new CommandScript(runner);

  @Test
  void bitsAreSetAndRead() {
    script.check(
        """
        GETBIT a 7 => :0
        SETBIT a 7 1 => :0
        GET a => "\u0001"
        SETBIT a 7 1 => :1
        GETBIT a 7 => :1
        GETBIT a 4294967295 => :0
        SETBIT a 7 0 => :1
        SETBIT a 17 0 => :0
        STRLEN a => :3
        SET d 1 PX 1000 => OK
        SETBIT d 6 1 => :0
        GET d => "3"
        PTTL d => :1000
        SETBIT a -1 1 => -ERR bit offset is not an integer or out of range
        SETBIT a 4294967296 1 => -ERR bit offset is not an integer or out of range
        SETBIT a #1 1 => -ERR bit offset is not an integer or out of range
        SETBIT a x 2 => -ERR bit offset is not an integer or out of range
        SETBIT a 0 2 => -ERR bit is not an integer or out of range
        SETBIT a 0 x => -ERR bit is not an integer or out of range
        GETBIT a x => -ERR bit offset is not an integer or out of range
        RPUSH l x => :1
        SETBIT l 1 2 => -ERR bit is not an integer or out of range
        SETBIT l 1 1 => -WRONGTYPE Operation against a key holding the wrong kind of value
        GETBIT l 1 => -WRONGTYPE Operation against a key holding the wrong kind of value
        """);
  }

  @Test
  void settingABitToWhatItIsWritesNothing() {
    runner.run("SETBIT", "a", "9", "1");
    String before = runner.rows().dump();
    runner.run("SETBIT", "a", "9", "1");
    runner.run("SETBIT", "a", "0", "0");
    runner.run("BITFIELD", "a", "SET", "u4", "6", "1", "GET", "u8", "100");
    assertThat(runner.rows().dump()).isEqualTo(before);
  }

  @Test
  void bitsAreCounted() {
    script.check(
        """
        BITCOUNT a => :0
        SET a foobar => OK
        BITCOUNT a => :26
        BITCOUNT a 0 0 => :4
        BITCOUNT a 1 1 BYTE => :6
        BITCOUNT a 5 30 bit => :17
        BITCOUNT a -2 -1 => :7
        BITCOUNT a -100 100 => :26
        BITCOUNT a -1 -2 => :0
        BITCOUNT a -10 -20 => :0
        BITCOUNT a 3 2 => :0
        BITCOUNT a 0 => -ERR syntax error
        BITCOUNT a 0 1 2 => -ERR syntax error
        BITCOUNT a 0 1 BIT 1 => -ERR syntax error
        BITCOUNT a 0 x => -ERR value is not an integer or out of range
        """);
  }

  /** As of Redis 7.2; 7.0 answers 0 or -1 for an absent key whatever follows. */
  @Test
  void argumentsMatterBeforeTheKey() {
    script.check(
        """
        BITCOUNT none x 1 => -ERR value is not an integer or out of range
        BITCOUNT none 1 => -ERR syntax error
        BITCOUNT none 0 1 x => -ERR syntax error
        BITPOS none 1 x => -ERR value is not an integer or out of range
        BITPOS none 0 0 x y => -ERR syntax error
        BITPOS none 0 0 x BIT => -ERR value is not an integer or out of range
        RPUSH list x => :1
        BITCOUNT list 1 => -ERR syntax error
        BITPOS list 2 => -ERR The bit argument must be 1 or 0.
        BITPOS list 1 => -WRONGTYPE Operation against a key holding the wrong kind of value
        BITCOUNT list => -WRONGTYPE Operation against a key holding the wrong kind of value
        """);
  }

  @Test
  void aBitIsFound() {
    script.check(
        """
        BITPOS none 0 => :0
        BITPOS none 1 => :-1
        BITPOS none 0 5 6 => :0
        SET a \u00ff\u00f0\u0000 => OK
        BITPOS a 0 => :12
        BITPOS a 1 => :0
        BITPOS a 1 2 => :-1
        BITPOS a 1 -2 => :8
        BITPOS a 0 0 0 => :-1
        BITPOS a 0 9 11 BIT => :-1
        BITPOS a 0 9 12 BIT => :12
        BITPOS a 1 -16 -13 bit => :8
        BITPOS a 0 7 => :-1
        SET ones \u00ff\u00ff => OK
        BITPOS ones 0 => :16
        BITPOS ones 0 1 => :16
        BITPOS ones 0 0 -1 => :-1
        BITPOS ones 0 0 100 => :-1
        SET empty '' => OK
        BITPOS empty 0 => :-1
        BITPOS a x => -ERR value is not an integer or out of range
        BITPOS a 2 => -ERR The bit argument must be 1 or 0.
        BITPOS a 1 0 1 BIT x => -ERR syntax error
        """);
  }

  /** Zeros that were never written are counted and found as others are. */
  @Test
  void bitsOfAStringWithHolesAreCountedAndFound() {
    script.check(
        """
        SETBIT a 4000000 1 => :0
        SETBIT a 800000 1 => :0
        BITCOUNT a => :2
        BITCOUNT a 800000 4000000 BIT => :2
        BITCOUNT a 800001 3999999 BIT => :0
        BITPOS a 1 => :800000
        BITPOS a 1 100001 => :4000000
        BITPOS a 1 800001 3999999 BIT => :-1
        BITPOS a 0 => :0
        BITPOS a 0 800000 800000 BIT => :-1
        BITPOS a 0 800000 4000000 BIT => :800001
        BITPOS a 0 500000 => :4000001
        SETRANGE b 20000 \u00ff\u00ff => :20002
        BITPOS b 0 20000 => :160016
        BITPOS b 0 20000 20001 => :-1
        BITPOS b 0 20001 => :160016
        BITPOS b 0 20002 => :-1
        SETBIT b 163839 1 => :0
        BITPOS b 0 20000 => :160016
        BITPOS b 0 20479 => :163832
        SETBIT b 170000 0 => :0
        BITPOS b 0 163839 163839 BIT => :-1
        BITPOS b 0 163839 163840 BIT => :163840
        BITPOS b 0 20480 20480 => :163840
        """);
  }

  @Test
  void stringsAreCombined() {
    script.check(
        """
        SET a abcd => OK
        SET b AB => OK
        BITOP AND to a b => :4
        GET to => "AB\u0000\u0000"
        BITOP or to a b => :4
        GET to => "abcd"
        BITOP XOR to b a none => :4
        GET to => "  cd"
        SET to x PX 1000 => OK
        BITOP NOT to b => :2
        GET to => "\u00be\u00bd"
        PTTL to => :-1
        BITOP AND to to a a => :4
        BITOP OR to none => :0
        EXISTS to => :0
        BITOP NOT to a b => -ERR BITOP NOT must be called with a single source key.
        BITOP NAND to a b => -ERR syntax error
        RPUSH l x => :1
        BITOP OR to a l => -WRONGTYPE Operation against a key holding the wrong kind of value
        BITOP OR l a => :4
        TYPE l => string
        """);
  }

  @Test
  void fieldsAreReadAndChanged() {
    script.check(
        """
        BITFIELD a => []
        BITFIELD a GET u8 0 GET i64 1000 => [:0, :0]
        EXISTS a => :0
        BITFIELD a SET u8 0 255 GET i8 0 INCRBY u4 4 3 GET u8 0 => [:0, :-1, :2, :242]
        BITFIELD a SET i5 #2 -3 GET i5 10 => [:0, :-3]
        STRLEN a => :2
        BITFIELD b INCRBY u2 0 5 OVERFLOW SAT INCRBY u2 0 5 OVERFLOW FAIL INCRBY u2 0 1 => [:1, :3, nil]
        BITFIELD b OVERFLOW FAIL INCRBY u2 0 -3 INCRBY u2 0 -1 => [:0, nil]
        BITFIELD c SET i8 0 -128 OVERFLOW SAT INCRBY i8 0 -1 OVERFLOW WRAP INCRBY i8 0 -1 => [:0, :-128, :127]
        BITFIELD d SET i64 0 9223372036854775807 INCRBY i64 0 1 GET u63 1 => [:0, :-9223372036854775808, :0]
        BITFIELD d OVERFLOW SAT INCRBY i64 0 -1 SET u8 64 -1 SET u8 64 256 => [:-9223372036854775808, :0, :255]
        BITFIELD d OVERFLOW SAT INCRBY u63 1 9223372036854775807 INCRBY u63 1 1 INCRBY u63 1 -9223372036854775808 => [:9223372036854775807, :9223372036854775807, :0]
        BITFIELD e SET i1 3 1 OVERFLOW SAT SET i1 3 5 GET i1 3 => [:0, :-1, :0]
        BITFIELD f OVERFLOW FAIL SET u1 31 2 => [nil]
        STRLEN f => :4
        BITFIELD_RO a GET u8 0 GET u4 #1 => [:242, :2]
        """);
  }

  /** Redis answers 127 for the first: its check subtracts beyond 64 bits. */
  @Test
  void evenTheSmallestNumberIsSaturatedBelow() {
    script.check(
        """
        BITFIELD a OVERFLOW SAT SET i8 0 -9223372036854775808 GET i8 0 => [:0, :-128]
        BITFIELD a OVERFLOW SAT SET i8 0 -9223372036854775600 GET i8 0 => [:-128, :-128]
        """);
  }

  @Test
  void aMistakeInAnySubcommandStopsAll() {
    script.check(
        """
        BITFIELD a SET u8 0 1 GET u64 0 => -ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.
        BITFIELD a SET u8 0 1 GET I8 0 => -ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.
        BITFIELD a SET u8 0 1 GET i65 0 => -ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.
        BITFIELD a SET u8 #-1 1 => -ERR bit offset is not an integer or out of range
        BITFIELD a SET u8 #9223372036854775807 1 => -ERR bit offset is not an integer or out of range
        BITFIELD a SET u8 4294967296 1 => -ERR bit offset is not an integer or out of range
        BITFIELD a SET u8 0 x => -ERR value is not an integer or out of range
        BITFIELD a SET u8 0 => -ERR syntax error
        BITFIELD a OVERFLOW => -ERR syntax error
        BITFIELD a OVERFLOW x SET u8 0 1 => -ERR Invalid OVERFLOW type specified
        BITFIELD_RO a SET u8 0 1 => -ERR BITFIELD_RO only supports the GET subcommand
        BITFIELD_RO a SET u8 0 1 GET x => -ERR syntax error
        EXISTS a => :0
        RPUSH l x => :1
        BITFIELD l GET u8 0 => -WRONGTYPE Operation against a key holding the wrong kind of value
        BITFIELD_RO l GET u8 0 => -WRONGTYPE Operation against a key holding the wrong kind of value
        """);
  }

  /** Seed 5; against a string of zeros and ones. */
  @Test
  void countingAndFindingAgreeWithLookingAtEachBit() {
    SeededRandom random = new SeededRandom(5);
    for (int round = 0; round < 3000; round++) {
      byte[] bytes = new byte[1 + random.nextInt(40)];
      Arrays.fill(bytes, (byte) -random.nextInt(2));
      for (int i = random.nextInt(4); i > 0; i--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextLong();
      }
      StringBuilder bits = new StringBuilder();
      for (byte b : bytes) {
        bits.append(Integer.toBinaryString((b & 0xff) | 0x100), 1, 9);
      }
      int from = random.nextInt(bits.length());
      int to = from + random.nextInt(bits.length() - from);
      String part = bits.substring(from, to + 1);
      assertThat(Bits.count(bytes, from, to)).isEqualTo(part.chars().filter(c -> c == '1').count());
      for (int bit = 0; bit <= 1; bit++) {
        int found = part.indexOf('0' + bit);
        assertThat(Bits.find(bytes, bit, from, to)).isEqualTo(found < 0 ? -1 : from + found);
      }
      int width = Math.min(64, part.length());
      assertThat(Bits.number(bytes, from, width))
          .isEqualTo(Long.parseUnsignedLong(part.substring(0, width), 2));
    }
  }

  /** As far as Redis reads by default, whatever the largest value of the node. */
  @Test
  void whatIsNotThereCanBeRead() {
    for (String command :
        List.of(
            "GETBIT k 4294967295",
            "BITFIELD k GET u8 4294967295 SET u8 7992 1",
            "BITFIELD_RO k GET i64 4294967295")) {
      runner.admit(command, 1000);
    }
    script.check(
        """
        SET a x => OK
        SETRANGE big 3000000 x => :3000001
        BITFIELD_RO none GET u8 4294967295 => [:0]
        BITFIELD_RO a GET u8 4294967295 GET i64 #67108863 GET u8 0 => [:0, :0, :120]
        BITFIELD_RO big GET i64 4294967295 GET u8 24000000 GET u8 24000007 => [:0, :120, :0]
        BITFIELD a GET u63 4294967295 GET u8 #536870911 => [:0, :0]
        STRLEN a => :1
        BITFIELD_RO a GET u8 4294967296 => -ERR bit offset is not an integer or out of range
        BITFIELD_RO a GET u8 #536870912 => -ERR bit offset is not an integer or out of range
        GETBIT big 4294967295 => :0
        GETBIT big 4294967296 => -ERR bit offset is not an integer or out of range
        """);
  }

  @Test
  void theReceivingNodeRefusesOffsetsBehindItsLargestValue() {
    for (String command :
        List.of(
            "SETBIT k 8000 1",
            "BITFIELD k SET u8 8000 1",
            "BITFIELD k GET u8 8000 INCRBY u8 8000 1")) {
      assertThatThrownBy(() -> runner.admit(command, 1000))
          .as(command)
          .isInstanceOf(CommandException.class)
          .hasMessageContaining(RespErrors.BIT_OFFSET_OUT_OF_RANGE);
    }
    assertThat(runner.admit("SETBIT k 7999 1", 1000).length).isEqualTo(4);
    assertThat(runner.admit("BITFIELD_RO k GET u8 #999", 1000).length).isEqualTo(5);
    // The first mistake of a command is the one that counts.
    assertThatThrownBy(() -> runner.admit("BITFIELD k GET x8 8000", 1000))
        .hasMessageContaining(RespErrors.BITFIELD_TYPE);
  }
}
