package io.raftkv.resp.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.SlotSet;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class SlotCommandsTest {
  private static final UUID TARGET = UUID.fromString("3937e97c-a730-36da-b4f7-d388d5e3c3dd");

  private final CommandRunner runner = new CommandRunner(specs());
  private final CommandScript script = new CommandScript(runner);

  private static List<CommandSpec> specs() {
    List<CommandSpec> specs = new ArrayList<>(StringCommands.ALL);
    specs.addAll(GenericCommands.ALL);
    specs.addAll(SlotCommands.ALL);
    return specs;
  }

  private static String text(byte[][] words) {
    return Arrays.stream(words)
        .map(word -> new String(word, StandardCharsets.US_ASCII))
        .collect(Collectors.joining("|"));
  }

  @Test
  void theWordsOfTheOrdersArePinned() {
    SlotSet slots = SlotSet.parse("0-99 200");
    assertThat(text(SlotCommands.fence(3, TARGET, slots)))
        .isEqualTo("RAFTKV.SLOTS|FENCE|3|3937e97c-a730-36da-b4f7-d388d5e3c3dd|0-99 200");
    assertThat(text(SlotCommands.unfence(4, 5))).isEqualTo("RAFTKV.SLOTS|UNFENCE|4|5");
    assertThat(text(SlotCommands.keep(5, 6, slots))).isEqualTo("RAFTKV.SLOTS|KEEP|5|6|0-99 200");
    runner.run(SlotCommands.fence(0, TARGET, slots));
    assertThat(runner.rows().ownership().fence().target()).isEqualTo(TARGET);
    runner.run(SlotCommands.keep(1, 6, slots));
    assertThat(runner.rows().ownership().owned()).isEqualTo(slots);
    assertThat(runner.rows().ownership().routingVersion()).isEqualTo(6);
  }

  @Test
  void anOrderAnswersTheEpochItMade() {
    script.check(
        """
        RAFTKV.SLOTS FENCE 0 3937e97c-a730-36da-b4f7-d388d5e3c3dd 0-99 => :1
        RAFTKV.SLOTS unfence 1 0 => :2
        RAFTKV.SLOTS UNFENCE 2 5 => :3
        RAFTKV.SLOTS KEEP 3 7 '0-99 200-16383' => :4
        RAFTKV.SLOTS KEEP 4 6 200-300 => :5
        """);
    assertThat(runner.rows().ownership().owned()).isEqualTo(SlotSet.of(200, 300));
    assertThat(runner.rows().ownership().routingVersion()).isEqualTo(7);
  }

  @Test
  void anOrderThatComesLateOrMakesNoSenseChangesNothing() {
    script.check(
        """
        RAFTKV.SLOTS FENCE 0 3937e97c-a730-36da-b4f7-d388d5e3c3dd 0-99 => :1
        RAFTKV.SLOTS FENCE 0 3937e97c-a730-36da-b4f7-d388d5e3c3dd 0-99 => -ERR the slots of this shard are at epoch 1
        RAFTKV.SLOTS UNFENCE 2 0 => -ERR the slots of this shard are at epoch 1
        RAFTKV.SLOTS KEEP 0 1 0-99 => -ERR the slots of this shard are at epoch 1
        RAFTKV.SLOTS FENCE 1 00000000-0000-0000-0000-000000000001 200 => -ERR slots of this shard are about to go to 3937e97c-a730-36da-b4f7-d388d5e3c3dd
        RAFTKV.SLOTS KEEP 1 1 100-16383 => :2
        RAFTKV.SLOTS KEEP 2 1 99-16383 => -ERR this shard does not have all of these slots
        RAFTKV.SLOTS FENCE 2 00000000-0000-0000-0000-000000000001 99-100 => -ERR this shard does not have all of these slots
        RAFTKV.SLOTS FENCE 2 00000000-0000-0000-0000-000000000001 '' => -ERR this shard does not have all of these slots
        RAFTKV.SLOTS FENCE 2 x 100 => -ERR syntax error
        RAFTKV.SLOTS FENCE 2 00000000-0000-0000-0000-000000000001 5-4 => -ERR syntax error
        RAFTKV.SLOTS FENCE 2 00000000-0000-0000-0000-000000000001 => -ERR syntax error
        RAFTKV.SLOTS UNFENCE 2 => -ERR syntax error
        RAFTKV.SLOTS UNFENCE 2 x => -ERR syntax error
        RAFTKV.SLOTS KEEP 2 x 100 => -ERR syntax error
        RAFTKV.SLOTS KEEP 2 -1 100 => -ERR syntax error
        RAFTKV.SLOTS KEEP 2 1 a => -ERR syntax error
        RAFTKV.SLOTS DROP 2 => -ERR syntax error
        """);
  }

  @Test
  void keysOfSlotsThatAreNotKeptAreGone() {
    script.check(
        """
        MSET bar 1 foo 2 => OK
        PEXPIRE bar 100 => :1
        RAFTKV.SLOTS KEEP 0 1 8192-16383 => :1
        DBSIZE => :1
        KEYS * => ["foo"]
        RAFTKV.SWEEP 10 => :1
        RAFTKV.SWEEP 10 => :0
        """);
  }

  @Test
  void aClientIsToldThatThereIsNoSuchCommand() {
    byte[][] words = SlotCommands.keep(0, 0, SlotSet.EMPTY);
    for (CommandSpec internal : List.of(SlotCommands.SLOTS, GenericCommands.SWEEP)) {
      assertThatThrownBy(() -> internal.admission().admit(words, new CommandSpec.Limits(100, 16)))
          .isInstanceOf(CommandException.class)
          .hasMessage(RespErrors.unknownCommand(words));
    }
  }
}
