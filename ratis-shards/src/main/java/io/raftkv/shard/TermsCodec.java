package io.raftkv.shard;

import io.raftkv.raft.LeaderView;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * The bytes of {@link PeerTransport.Kind#TERMS} messages.
 *
 * <pre>
 *   request   name  (group:16  applied:8)*
 *   answer    (group:16  term:8  ready:1  if ready: commit:8  names  names)*
 *   names     count:1  name*
 *   name      length:1  UTF-8
 * </pre>
 */
final class TermsCodec {
  private static final int GROUP_BYTES = 2 * Long.BYTES;

  private TermsCodec() {}

  /**
   * A question for the terms of groups.
   *
   * @param asker name of the asking node
   * @param applied the groups, and what the asking node has applied of each
   */
  record Request(String asker, Map<UUID, Long> applied) {}

  static byte[] encode(Request request) {
    byte[] name = request.asker().getBytes(StandardCharsets.UTF_8);
    int size = 1 + name.length + request.applied().size() * (GROUP_BYTES + Long.BYTES);
    ByteBuffer out = ByteBuffer.allocate(size);
    out.put((byte) name.length).put(name);
    request
        .applied()
        .forEach(
            (id, applied) ->
                out.putLong(id.getMostSignificantBits())
                    .putLong(id.getLeastSignificantBits())
                    .putLong(applied));
    return out.array();
  }

  static Request decodeRequest(byte[] request) {
    ByteBuffer in = ByteBuffer.wrap(request);
    String asker = readName(in);
    Map<UUID, Long> applied = new LinkedHashMap<>();
    while (in.hasRemaining()) {
      applied.put(new UUID(in.getLong(), in.getLong()), in.getLong());
    }
    return new Request(asker, applied);
  }

  static byte[] encodeAnswer(Map<UUID, LeaderView> views) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      for (Map.Entry<UUID, LeaderView> entry : views.entrySet()) {
        LeaderView view = entry.getValue();
        out.writeLong(entry.getKey().getMostSignificantBits());
        out.writeLong(entry.getKey().getLeastSignificantBits());
        out.writeLong(view.term());
        out.writeBoolean(view.ready());
        if (view.ready()) {
          out.writeLong(view.commitIndex());
          writeNames(out, view.voters());
          writeNames(out, view.oldVoters());
        }
      }
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
    return bytes.toByteArray();
  }

  static Map<UUID, LeaderView> decodeAnswer(byte[] answer) {
    Map<UUID, LeaderView> views = new LinkedHashMap<>();
    ByteBuffer in = ByteBuffer.wrap(answer);
    while (in.hasRemaining()) {
      UUID id = new UUID(in.getLong(), in.getLong());
      long term = in.getLong();
      boolean ready = in.get() != 0;
      views.put(
          id,
          ready
              ? new LeaderView(term, true, in.getLong(), readNames(in), readNames(in))
              : new LeaderView(term, false, -1, List.of(), List.of()));
    }
    return views;
  }

  private static void writeNames(DataOutputStream out, List<String> names) throws IOException {
    out.writeByte(names.size());
    for (String name : names) {
      byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
      out.writeByte(bytes.length);
      out.write(bytes);
    }
  }

  private static List<String> readNames(ByteBuffer in) {
    int count = in.get() & 0xff;
    List<String> names = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      names.add(readName(in));
    }
    return names;
  }

  private static String readName(ByteBuffer in) {
    byte[] bytes = new byte[in.get() & 0xff];
    in.get(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
