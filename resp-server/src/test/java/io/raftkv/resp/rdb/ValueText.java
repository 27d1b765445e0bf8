package io.raftkv.resp.rdb;

import io.raftkv.resp.rdb.RdbValue.ExpiringField;
import io.raftkv.storage.type.ScoredMember;
import io.raftkv.storage.type.StreamEntry;
import io.raftkv.storage.type.StreamImage;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Values as one line: the type and its elements, in their order if they have one, else sorted. */
public final class ValueText {
  private ValueText() {}

  /** The line of a value. */
  public static String of(RdbValue value) {
    if (value instanceof RdbValue.StringValue string) {
      return "string " + text(string.bytes());
    } else if (value instanceof RdbValue.ListValue list) {
      return "list " + texts(list.elements()).collect(Collectors.joining(" "));
    } else if (value instanceof RdbValue.SetValue set) {
      return "set " + texts(set.members()).sorted().collect(Collectors.joining(" "));
    } else if (value instanceof RdbValue.SortedSetValue set) {
      return "zset "
          + set.members().stream()
              .sorted(ScoredMember.ORDER)
              .map(each -> text(each.member()) + "=" + each.score())
              .collect(Collectors.joining(" "));
    } else if (value instanceof RdbValue.HashValue hash) {
      return "hash " + pairs(hash.fieldsAndValues()).sorted().collect(Collectors.joining(" "));
    } else if (value instanceof RdbValue.ExpiringHashValue hash) {
      return "expiring "
          + hash.fields().stream().map(ValueText::of).sorted().collect(Collectors.joining(" "));
    } else if (value instanceof RdbValue.StreamValue stream) {
      return "stream\n" + of(stream.stream());
    }
    throw new IllegalArgumentException("unexpected " + value);
  }

  private static String of(ExpiringField field) {
    String time = field.expireAtMillis() == ExpiringField.NEVER ? "" : "@" + field.expireAtMillis();
    return text(field.name()) + "=" + text(field.value()) + time;
  }

  private static String of(StreamImage stream) {
    StringBuilder out = new StringBuilder();
    for (StreamEntry entry : stream.entries()) {
      out.append(entry.id()).append(' ');
      out.append(pairs(entry.fieldsAndValues()).collect(Collectors.joining(" "))).append('\n');
    }
    out.append("last ").append(stream.lastId());
    out.append(" deleted ").append(stream.maxDeletedId());
    out.append(" added ").append(stream.entriesAdded()).append('\n');
    for (StreamImage.Group group : stream.groups()) {
      out.append("group ").append(text(group.name())).append(" at ");
      out.append(group.lastDelivered()).append(" read ").append(group.entriesRead());
      out.append('\n');
      for (StreamImage.Consumer consumer : group.consumers()) {
        out.append("  consumer ").append(text(consumer.name()));
        out.append(" seen ").append(consumer.seenMillis());
        out.append(" active ").append(consumer.activeMillis()).append('\n');
        group.pending().stream()
            .filter(pending -> Arrays.equals(pending.consumer(), consumer.name()))
            .forEach(
                pending ->
                    out.append("    ")
                        .append(pending.id())
                        .append(" at ")
                        .append(pending.deliveredMillis())
                        .append(" times ")
                        .append(pending.deliveries())
                        .append('\n'));
      }
    }
    return out.toString();
  }

  private static Stream<String> pairs(List<byte[]> items) {
    List<String> pairs = new ArrayList<>();
    for (int i = 0; i < items.size(); i += 2) {
      pairs.add(text(items.get(i)) + "=" + text(items.get(i + 1)));
    }
    return pairs.stream();
  }

  private static Stream<String> texts(Collection<byte[]> items) {
    return items.stream().map(ValueText::text);
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }
}
