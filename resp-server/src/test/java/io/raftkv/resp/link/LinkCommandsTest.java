package io.raftkv.resp.link;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.raftkv.resp.command.Args;
import io.raftkv.resp.command.CommandSpec;
import io.raftkv.resp.command.Connection;
import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.shard.PeerTransport.Kind;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class LinkCommandsTest {
  private final List<String> calls = new ArrayList<>();
  private final List<Reply> pushed = new ArrayList<>();
  private final List<CompletableFuture<byte[]>> answers = new ArrayList<>();
  private final Set<String> removed = new HashSet<>();
  private String cluster = "c-1";
  private final LinkCommands commands =
      new LinkCommands(
          (kind, request) -> {
            calls.add(kind + " " + new String(request, StandardCharsets.US_ASCII));
            CompletableFuture<byte[]> answer = new CompletableFuture<>();
            answers.add(answer);
            return answer;
          },
          "secret",
          () -> cluster,
          (asker, kind, request) ->
              removed.contains(asker)
                  && !(kind == Kind.CONTROL && request.length == 1 && request[0] == 'x'));
  private final CommandSpec spec = commands.all().get(0);

  /** A connection of which only what links need works. */
  private Connection connection(long id) {
    return (Connection)
        Proxy.newProxyInstance(
            Connection.class.getClassLoader(),
            new Class<?>[] {Connection.class},
            (proxy, method, args) ->
                switch (method.getName()) {
                  case "id" -> id;
                  case "push" -> {
                    pushed.add((Reply) args[0]);
                    yield null;
                  }
                  case "authenticated", "becomeLink" -> {
                    calls.add(method.getName() + " " + args[0]);
                    yield null;
                  }
                  default -> throw new UnsupportedOperationException(method.getName());
                });
  }

  private Reply run(Connection on, String... words) {
    return spec.localHandler()
        .run(
            new Args(
                Arrays.stream(words)
                    .map(word -> word.getBytes(StandardCharsets.UTF_8))
                    .toArray(byte[][]::new)),
            on);
  }

  @Test
  void nodeOfAnotherClusterIsNoLink() {
    Connection stranger = connection(9);
    assertThatThrownBy(() -> run(stranger, "RAFTKV.LINK", "HELLO", "n2", "secret", "c-2"))
        .isInstanceOf(CommandException.class)
        .hasMessage("NOPERM this node is of cluster c-1, not c-2");
    assertThat(calls).isEmpty();
    for (String same : new String[] {"c-1", ""}) {
      assertThat(run(connection(10), "RAFTKV.LINK", "HELLO", "n2", "secret", same))
          .isEqualTo(Reply.OK);
    }
  }

  @Test
  void theRightSecretMakesALink() {
    Connection peer = connection(1);
    assertThat(run(peer, "RAFTKV.LINK", "HELLO", "n2", "secret")).isEqualTo(Reply.OK);
    assertThat(calls).containsExactly("authenticated true", "becomeLink n2");
    calls.clear();
    assertThat(run(peer, "RAFTKV.LINK", "TERMS", "17", "who")).isNull();
    assertThat(calls).containsExactly("TERMS who");
    answers.get(0).complete(new byte[] {'I'});
    Reply.Push push = (Reply.Push) pushed.get(0);
    assertThat(push.items().get(1)).isEqualTo(Reply.integer(17));
    assertThat(((Reply.Bulk) push.items().get(2)).bytes()).containsExactly('I');
  }

  /**
   * It is told of it by the answers to its heartbeats, also over a link that is older than that.
   */
  @Test
  void removedNodeGetsAnswersToNothingButWhatAllMayAsk() {
    Connection peer = connection(1);
    run(peer, "RAFTKV.LINK", "HELLO", "n2", "secret");
    removed.add("n2");
    calls.clear();
    for (Kind kind : Kind.values()) {
      run(peer, "RAFTKV.LINK", kind.name(), "1", "x");
    }
    run(peer, "RAFTKV.LINK", "CONTROL", "2", "y");
    assertThat(calls).containsExactly("CONTROL x");
    assertThat(pushed).hasSize(Kind.values().length);
    assertThat(run(connection(2), "RAFTKV.LINK", "HELLO", "n2", "secret")).isEqualTo(Reply.OK);
  }

  /** As one that connected to a node with an empty directory, which then began a cluster alone. */
  @Test
  void linkThatIsOlderThanTheClusterGetsNothingFromAnotherOne() {
    cluster = "";
    Connection peer = connection(1);
    run(peer, "RAFTKV.LINK", "HELLO", "n2", "secret", "c-2");
    calls.clear();
    run(peer, "RAFTKV.LINK", "CONTROL", "1", "x");
    cluster = "c-1";
    run(peer, "RAFTKV.LINK", "CONTROL", "2", "x");
    assertThat(calls).containsExactly("CONTROL x");
    assertThat(pushed).hasSize(1);
  }

  @Test
  void nobodyElseGetsAnything() {
    Connection stranger = connection(1);
    for (String wrong : List.of("", "secre", "secret ", "SECRET")) {
      assertThatThrownBy(() -> run(stranger, "RAFTKV.LINK", "HELLO", "n2", wrong))
          .isInstanceOf(CommandException.class)
          .hasMessageContaining("NOPERM");
    }
    for (Kind kind : Kind.values()) {
      assertThatThrownBy(() -> run(stranger, "RAFTKV.LINK", kind.name(), "1", "x"))
          .hasMessageContaining("NOPERM");
    }
    assertThat(calls).isEmpty();
  }

  @Test
  void aLinkEndsWithItsConnection() {
    Connection peer = connection(1);
    run(peer, "RAFTKV.LINK", "HELLO", "n2", "secret");
    commands.closed(1);
    assertThatThrownBy(() -> run(peer, "RAFTKV.LINK", "TERMS", "1", "x"))
        .hasMessageContaining("NOPERM");
  }

  @Test
  void anUnknownKindIsAnError() {
    Connection peer = connection(1);
    run(peer, "RAFTKV.LINK", "HELLO", "n2", "secret");
    assertThatThrownBy(() -> run(peer, "RAFTKV.LINK", "NOPE", "1", "x"))
        .isInstanceOf(CommandException.class)
        .hasMessageContaining("unknown kind");
    assertThatThrownBy(() -> run(peer, "RAFTKV.LINK", "TERMS", "one", "x"))
        .isInstanceOf(CommandException.class);
  }

  @Test
  void aFailureIsAnsweredWithNothing() {
    Connection peer = connection(1);
    run(peer, "RAFTKV.LINK", "HELLO", "n2", "secret");
    run(peer, "RAFTKV.LINK", "TERMS", "1", "x");
    run(peer, "RAFTKV.LINK", "TERMS", "2", "x");
    answers.get(1).complete(null);
    answers.get(0).completeExceptionally(new IllegalStateException("of the test"));
    assertThat(pushed)
        .extracting(push -> ((Reply.Push) push).items().subList(1, 3))
        .containsExactly(
            List.of(Reply.integer(2), Reply.NULL), List.of(Reply.integer(1), Reply.NULL));
  }
}
