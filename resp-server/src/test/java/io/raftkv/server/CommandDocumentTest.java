package io.raftkv.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.resp.command.CommandReference;
import io.raftkv.resp.command.CommandTable;
import io.raftkv.resp.link.LinkCommands;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class CommandDocumentTest {
  @Test
  void tableOfCommandsIsUpToDate() throws IOException {
    GeneratedDocument.check("commands.md", CommandReference.markdown(table()));
  }

  @Test
  void commandsOfTheNodesAmongThemselvesAreNamedOnlyAsSuch() {
    String text = CommandReference.markdown(table());
    String forClients = text.substring(0, text.indexOf("## Internal"));
    assertThat(CommandReference.INTERNAL)
        .isNotEmpty()
        .allSatisfy(name -> assertThat(table().find(name)).isNotNull())
        .allSatisfy(name -> assertThat(forClients).doesNotContain(name))
        .allSatisfy(name -> assertThat(text).contains(name));
  }

  /** The table of a node that nobody asks anything: only its entries are looked at. */
  private static CommandTable table() {
    LinkCommands links =
        new LinkCommands(
            (kind, request) -> CompletableFuture.completedFuture(request),
            "",
            () -> "",
            (asker, kind, request) -> false);
    return Commands.table(
        nobody(NodeStatus.class), nobody(ClusterChanges.class), links, () -> {}, Runnable::run);
  }

  private static <T> T nobody(Class<T> type) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> {
              throw new AssertionError("a command was run: " + method.getName());
            }));
  }
}
