package io.raftkv.resp.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class HyperLogLogCommandsTest {
  private final CommandRunner runner =
      new CommandRunner(
          Stream.of(
                  HyperLogLogCommands.ALL,
                  StringCommands.ALL,
                  GenericCommands.ALL,
                  ListCommands.ALL)
              .flatMap(List::stream)
              .toList());
  private final CommandScript script = new CommandScript(runner);

  @Test
  void elementsAreCountedOnce() {
    script.check(
        """
        PFCOUNT a => :0
        PFADD a => :1
        PFADD a => :0
        PFCOUNT a => :0
        PFADD a x y z => :1
        PFADD a z y x x => :0
        PFADD a z w => :1
        PFCOUNT a => :4
        PFADD b v w => :1
        PFCOUNT a b none => :5
        PFCOUNT none nobody => :0
        TYPE a => string
        STRLEN a => :29
        PFADD => -ERR wrong number of arguments for 'pfadd' command
        """);
  }

  @Test
  void mergingMakesTheUnionAndKeepsTheExpiry() {
    script.check(
        """
        PFADD a x y => :1
        PFADD b y z => :1
        PFMERGE to a b none => OK
        PFCOUNT to => :3
        PFMERGE a b => OK
        PFCOUNT a => :3
        PEXPIRE a 1000 => :1
        PFMERGE a to => OK
        PFADD a new => :1
        PTTL a => :1000
        PFMERGE made => OK
        PFCOUNT made => :0
        """);
  }

  @Test
  void addingAndCountingWriteNothingIfNothingIsNew() {
    runner.run("PFADD", "a", "x");
    String before = runner.rows().dump();
    runner.run("PFADD", "a", "x");
    runner.run("PFADD", "a");
    runner.run("PFCOUNT", "a");
    assertThat(runner.rows().dump()).isEqualTo(before);
  }

  @Test
  void otherStringsAndOtherTypesAreRefused() {
    script.check(
        """
        SET s hello => OK
        PFADD s x => -WRONGTYPE Key is not a valid HyperLogLog string value.
        PFCOUNT s => -WRONGTYPE Key is not a valid HyperLogLog string value.
        PFCOUNT none s => -WRONGTYPE Key is not a valid HyperLogLog string value.
        PFMERGE to s => -WRONGTYPE Key is not a valid HyperLogLog string value.
        PFMERGE s => -WRONGTYPE Key is not a valid HyperLogLog string value.
        PFADD h x => :1
        APPEND h hello => :25
        PFADD h y => -INVALIDOBJ Corrupted HLL object detected
        PFCOUNT h => -INVALIDOBJ Corrupted HLL object detected
        PFMERGE to h => -INVALIDOBJ Corrupted HLL object detected
        EXISTS to => :0
        RPUSH l x => :1
        PFADD l x => -WRONGTYPE Operation against a key holding the wrong kind of value
        PFCOUNT l => -WRONGTYPE Operation against a key holding the wrong kind of value
        PFCOUNT none l => -WRONGTYPE Operation against a key holding the wrong kind of value
        PFMERGE l none => -WRONGTYPE Operation against a key holding the wrong kind of value
        """);
  }
}
