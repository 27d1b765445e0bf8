package io.raftkv.resp.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftkv.resp.codec.Encoding;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What can be said without a Redis at hand; {@link GeoAgainstRedisTest} has the rest. */
class GeoCommandsTest {
  private final CommandRunner runner = new CommandRunner(families());

  private static List<CommandSpec> families() {
    List<CommandSpec> specs = new ArrayList<>(GeoCommands.ALL);
    specs.addAll(SortedSetCommands.ALL);
    specs.addAll(StringCommands.ALL);
    return specs;
  }

  @Test
  void placesAreSortedSetMembersWithGeohashes() {
    check(
        "GEOADD s 13.361389 38.115556 Palermo 15.087269 37.502669 Catania => :2",
        "GEOADD s CH 13.361389 38.115556 Palermo => :0",
        "GEOADD s NX 1 1 Palermo => :0",
        "GEOADD s XX CH 1 1 Rome => :0",
        "ZCARD s => :2",
        "GEOHASH s Palermo Catania Rome => ['sqc8b49rny0' 'sqdtr74hyu0' nil]",
        "GEODIST s Palermo Catania => '166274.1516'",
        "GEODIST s Palermo Catania km => '166.2742'",
        "GEODIST s Palermo Catania yd => "
            + "-ERR unsupported unit provided. please use M, KM, FT, MI",
        "GEODIST s Palermo Rome => nil",
        "GEODIST none a b => nil",
        "GEOHASH none a => [nil]");
    assertThat(CollectionScenario.text(runner.run("ZSCORE", "s", "Palermo")))
        .isEqualTo(",3479099956230698");
    assertThat(Encoding.text(runner.run("GEOPOS", "s", "Palermo", "x"), 2))
        .isEqualTo(
            "*2\r\n*2\r\n$20\r\n13.36138933897018433\r\n$20\r\n38.11555639549629859\r\n*-1\r\n");
  }

  @Test
  void searchesFindWhatIsInside() {
    check(
        "GEOADD s 13.361389 38.115556 Palermo 15.087269 37.502669 Catania => :2",
        "GEOADD s 12.758489 38.788135 edge1 17.241510 38.788135 edge2 => :2",
        "GEOSEARCH s FROMLONLAT 15 37 BYRADIUS 200 km ASC => ['Catania' 'Palermo']",
        "GEOSEARCH s FROMLONLAT 15 37 BYBOX 400 400 km DESC COUNT 2 WITHDIST"
            + " => [['edge1' '279.7405'] ['edge2' '279.7403']]",
        "GEOSEARCH s FROMMEMBER Catania BYRADIUS 1 m WITHHASH => [['Catania' :3479447370796909]]",
        "GEOSEARCH s FROMLONLAT 15 37 BYRADIUS 200 km COUNT 1 => ['Catania']",
        "GEORADIUS s 15 37 200 km DESC => ['Palermo' 'Catania']",
        "GEORADIUSBYMEMBER_RO s Palermo 90 km => ['Palermo']",
        "GEOSEARCHSTORE d s FROMLONLAT 15 37 BYRADIUS 200 km STOREDIST => :2",
        "ZRANGE d 0 -1 => ['Catania' 'Palermo']",
        "GEORADIUS s 15 37 1 m STORE d => :0",
        "ZCARD d => :0");
  }

  @Test
  void mistakesChangeNothing() {
    check(
        "GEOADD s 1 2 a => :1",
        "SET str x => OK",
        "GEOADD s 181 2 b => -ERR invalid longitude,latitude pair 181.000000,2.000000",
        "GEOADD s 1 1 b 1 86 c => -ERR invalid longitude,latitude pair 1.000000,86.000000",
        "GEOADD s x 2 b => -ERR value is not a valid float",
        "GEOADD s 1 2 => -ERR wrong number of arguments for 'geoadd' command",
        "GEOADD s NX XX 1 2 b => -ERR syntax error",
        "GEOADD s CH 1 2 => -ERR syntax error",
        "GEOADD str 1 2 b => "
            + "-WRONGTYPE Operation against a key holding the wrong kind of value",
        "ZCARD s => :1",
        "GEOSEARCH s FROMMEMBER b BYRADIUS 1 m => -ERR could not decode requested zset member",
        "geosearch s BYRADIUS 1 m ASC COUNT 1 => "
            + "-ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for geosearch",
        "GEOSEARCH s FROMMEMBER a ASC COUNT 1 DESC => "
            + "-ERR exactly one of BYRADIUS and BYBOX can be specified for GEOSEARCH",
        "GEOSEARCH s FROMMEMBER a BYRADIUS 1 m ANY => -ERR the ANY argument requires COUNT argument",
        "GEOSEARCH s FROMMEMBER a BYRADIUS 1 m COUNT 0 => -ERR COUNT must be > 0",
        "GEOSEARCH s FROMMEMBER a BYBOX 1 -1 m => -ERR height or width cannot be negative",
        "GEOSEARCH s FROMMEMBER a BYRADIUS -1 m => -ERR radius cannot be negative",
        "GEOSEARCHSTORE d s FROMMEMBER a BYRADIUS 1 m WITHDIST => -ERR GEOSEARCHSTORE is not"
            + " compatible with WITHDIST, WITHHASH and WITHCOORD options",
        "GEORADIUS s 1 2 1 m WITHDIST STORE d => -ERR STORE option in GEORADIUS is not"
            + " compatible with WITHDIST, WITHHASH and WITHCOORD options",
        "GEORADIUS_RO s 1 2 1 m STORE d => -ERR syntax error");
  }

  @Test
  void theKeyThatTakesTheResultIsAKey() {
    assertThat(keys("GEORADIUS s 1 2 3 m ASC")).containsExactly(1);
    assertThat(keys("GEORADIUS s 1 2 3 m store d ASC")).containsExactly(1, 7);
    assertThat(keys("GEORADIUS s 1 2 3 m STORE d STOREDIST e")).containsExactly(1, 9);
    assertThat(keys("GEORADIUS s 1 2 3 m STORE")).containsExactly(1);
    assertThat(keys("GEORADIUSBYMEMBER s a 3 m STOREDIST d")).containsExactly(1, 6);
    assertThat(keys("GEORADIUSBYMEMBER STORE STORE 3 m")).containsExactly(1);
    assertThat(keys("GEORADIUS_RO s 1 2 3 m STORE d")).containsExactly(1);
    assertThat(keys("GEOSEARCHSTORE d s FROMMEMBER a BYRADIUS 1 m")).containsExactly(1, 2);
  }

  @Test
  void theTableNamesEachCommandOnce() {
    assertThat(GeoCommands.ALL.stream().map(CommandSpec::name)).doesNotHaveDuplicates().hasSize(10);
    assertThat(GeoCommands.ALL).allMatch(spec -> spec.group() == Group.GEO);
  }

  private static int[] keys(String command) {
    byte[][] words =
        Arrays.stream(command.split(" ", -1))
            .map(word -> word.getBytes(StandardCharsets.ISO_8859_1))
            .toArray(byte[][]::new);
    CommandSpec spec = new CommandTable(List.of(GeoCommands.ALL)).find(words[0]);
    return spec.keys().positions(new Args(words));
  }

  private void check(String... lines) {
    for (String line : lines) {
      String[] sides = line.split(" => ", 2);
      String before = runner.rows().dump();
      String reply = ReplyText.of(runner.run(sides[0].split(" ", -1)));
      assertThat(reply).as(sides[0]).isEqualTo(sides[1]);
      if (reply.startsWith("-")) {
        assertThat(runner.rows().dump()).as("rows after " + sides[0]).isEqualTo(before);
      }
    }
  }
}
