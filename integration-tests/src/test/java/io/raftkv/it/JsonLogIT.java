package io.raftkv.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.Strictness;
import io.raftkv.it.cluster.TestCluster;
import io.raftkv.it.cluster.TestNode;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The log as JSON, of the jar as shipped: one object per line, whatever happens. */
class JsonLogIT {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Gson STRICT = new GsonBuilder().setStrictness(Strictness.STRICT).create();

  @RegisterExtension
  static final TestCluster CLUSTER = TestCluster.ofNodes(1).flags("--log-format", "json");

  /** A start, a stop, and a fault with its cause: a table of the store has changed meanwhile. */
  @Test
  void everyLineIsAnObjectAndAFaultHasItsStack() {
    TestNode node = CLUSTER.node("n1");
    assertThat(node.call("SET", "k", "v")).isEqualTo("OK");
    CLUSTER.await(
        "the line that it is ready", // it serves a moment before it says so
        PATIENCE,
        () ->
            objects(node).stream()
                .anyMatch(line -> text(line, "message").startsWith("ready to accept connections")));
    node.stop();
    assertThat(objects(node)).allMatch(line -> text(line, "level").equals("INFO"));

    Path table = DataFiles.largest(node, "/stores/.*\\.sst");
    DataFiles.flip(table, table.toFile().length() - 20); // in the footer
    node.start();
    CLUSTER.await("the refusal", PATIENCE, () -> fault(node) != null);
    JsonObject fault = fault(node);
    assertThat(text(fault, "level")).isEqualTo("ERROR");
    assertThat(text(fault, "message")).contains(table.getFileName().toString());
    JsonObject error = fault.getAsJsonObject("error");
    assertThat(text(error, "type")).endsWith("Exception");
    assertThat(text(error, "message")).isNotBlank();
    assertThat(text(error, "stack"))
        .contains("\n\tat io.raftkv.", "\nCaused by: ", table.getFileName().toString());
    node.stop();
    objects(node);
  }

  private static JsonObject fault(TestNode node) {
    return objects(node).stream()
        .filter(line -> text(line, "message").startsWith("replica stopped shard="))
        .findFirst()
        .orElse(null);
  }

  /** All lines, each checked. The harness puts a line of its own before each start. */
  private static List<JsonObject> objects(TestNode node) {
    return node.logLines().stream()
        .filter(line -> !line.startsWith("---- "))
        .map(JsonLogIT::object)
        .toList();
  }

  private static JsonObject object(String line) {
    JsonObject object;
    try {
      object = STRICT.fromJson(line, JsonObject.class);
    } catch (JsonParseException e) {
      throw new AssertionError("no JSON object: " + line, e);
    }
    assertThat(object).as(line).isNotNull();
    assertThat(Instant.parse(text(object, "time"))).as(line).isAfter(Instant.EPOCH);
    assertThat(text(object, "level")).as(line).isIn("INFO", "WARN", "ERROR");
    for (String field : List.of("logger", "thread", "message")) {
      assertThat(text(object, field)).as("%s of %s", field, line).isNotBlank();
    }
    return object;
  }

  private static String text(JsonObject object, String field) {
    assertThat(object.has(field)).as("%s in %s", field, object).isTrue();
    return object.get(field).getAsString();
  }
}
