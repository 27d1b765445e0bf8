package io.raftkv.server;

import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** Every setting of the server. */
final class ServerSettings {
  /** In the order of the help text: by group, and in a group as they are declared. */
  static final List<Setting<?>> ALL =
      Stream.of(NodeSettings.ALL, ClientSettings.ALL, ShardSettings.ALL, BalancingSettings.ALL)
          .<Setting<?>>flatMap(List::stream)
          .sorted(Comparator.comparing(setting -> setting.group()))
          .toList();

  private ServerSettings() {}
}
