package io.raftkv.server;

import io.raftkv.meta.balance.BalanceReport;
import io.raftkv.meta.balance.BalanceReport.Imbalance;
import io.raftkv.meta.balance.BalanceReport.NodeFigures;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Bytes of a {@link BalanceReport}, which travels between nodes of one release only.
 *
 * <pre>
 *   count:4  { node replicas:4 leaders:4 bytes:8 operations:8 }
 *   now:8 threshold:8 now:8 threshold:8  next  count:4 { move }  obstacle
 * </pre>
 *
 * Texts are in UTF-8 and lead with a length of four bytes.
 */
final class BalanceReportCodec {
  private BalanceReportCodec() {}

  static byte[] encode(BalanceReport report) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeInt(report.nodes().size());
      for (NodeFigures node : report.nodes()) {
        write(out, node.nodeId());
        out.writeInt(node.replicas());
        out.writeInt(node.leaders());
        out.writeLong(node.bytes());
        out.writeLong(node.operations());
      }
      write(out, report.imbalance());
      write(out, report.leaderImbalance());
      write(out, report.next());
      out.writeInt(report.moves().size());
      for (String move : report.moves()) {
        write(out, move);
      }
      write(out, report.obstacle());
    } catch (IOException inMemory) {
      throw new UncheckedIOException(inMemory);
    }
    return bytes.toByteArray();
  }

  private static void write(DataOutputStream out, Imbalance imbalance) throws IOException {
    out.writeLong(imbalance.now());
    out.writeLong(imbalance.threshold());
  }

  private static void write(DataOutputStream out, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  /** Inverse of {@link #encode}. */
  static BalanceReport decode(byte[] bytes) {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      List<NodeFigures> nodes = new ArrayList<>();
      for (int left = in.readInt(); left > 0; left--) {
        nodes.add(
            new NodeFigures(text(in), in.readInt(), in.readInt(), in.readLong(), in.readLong()));
      }
      Imbalance imbalance = new Imbalance(in.readLong(), in.readLong());
      Imbalance leaderImbalance = new Imbalance(in.readLong(), in.readLong());
      String next = text(in);
      List<String> moves = new ArrayList<>();
      for (int left = in.readInt(); left > 0; left--) {
        moves.add(text(in));
      }
      return new BalanceReport(nodes, imbalance, leaderImbalance, next, moves, text(in));
    } catch (IOException cut) {
      throw new IllegalArgumentException("balance report cut short", cut);
    }
  }

  private static String text(DataInputStream in) throws IOException {
    int length = in.readInt();
    if (length < 0 || length > in.available()) {
      throw new IOException("text of " + length + " bytes");
    }
    return new String(in.readNBytes(length), StandardCharsets.UTF_8);
  }
}
