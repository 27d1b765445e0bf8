package io.raftkv.resp.rdb;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/**
 * Payloads of every encoding but streams, from {@code golden-dumps.txt}: three lines each, what it
 * is, its bytes, and its value as {@link ValueText} tells it. Those named after Redis 7.0 were
 * dumped by one; the others up to version 9 were built by hand and read back through one; the rest
 * is by hand alone.
 */
public final class GoldenDumps {
  /** One payload; {@code toString} is its name, for the reports of tests. */
  public record Dump(String name, byte[] payload, String value) {
    @Override
    public String toString() {
      return name;
    }
  }

  private GoldenDumps() {}

  /** All payloads of the file. */
  public static List<Dump> all() {
    List<Dump> dumps = new ArrayList<>();
    try (InputStream file = GoldenDumps.class.getResourceAsStream("golden-dumps.txt");
        BufferedReader lines =
            new BufferedReader(new InputStreamReader(file, StandardCharsets.ISO_8859_1))) {
      for (String name = lines.readLine(); name != null; name = lines.readLine()) {
        byte[] payload = HexFormat.of().parseHex(lines.readLine().strip());
        dumps.add(new Dump(name, payload, lines.readLine().strip()));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return dumps;
  }
}
