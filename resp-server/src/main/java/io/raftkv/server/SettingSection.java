package io.raftkv.server;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/** Declares the settings of one group, in the order of the help text. */
final class SettingSection {
  private final SettingGroup group;
  private final List<Setting<?>> declared = new ArrayList<>();

  SettingSection(SettingGroup group) {
    this.group = group;
  }

  /** All settings of these sections, in their order. */
  static List<Setting<?>> join(SettingSection... sections) {
    List<Setting<?>> all = new ArrayList<>();
    Stream.of(sections).forEach(section -> all.addAll(section.declared));
    return List.copyOf(all);
  }

  /** A setting whose default is always the same: {@code value}, as a person would write it. */
  <T> Setting<T> constant(
      String name,
      ValueType<T> type,
      String value,
      String help,
      Function<ServerConfig, T> current) {
    T parsed = type.parser().apply(value);
    return declare(
        new Setting<>(
            name,
            group,
            type,
            value.isEmpty() ? "none" : value,
            values -> parsed,
            help,
            false,
            current));
  }

  /** A setting whose default follows from other settings or from the machine. */
  <T> Setting<T> derived(
      String name,
      ValueType<T> type,
      String defaultText,
      Function<SettingValues, T> defaultValue,
      String help,
      Function<ServerConfig, T> current) {
    return declare(
        new Setting<>(name, group, type, defaultText, defaultValue, help, false, current));
  }

  /** A setting that is never shown. */
  Setting<Optional<Secret>> secret(
      String name,
      String defaultText,
      Function<SettingValues, Optional<Secret>> defaultValue,
      String help,
      Function<ServerConfig, Optional<Secret>> current) {
    return declare(
        new Setting<>(
            name, group, ValueType.SECRET, defaultText, defaultValue, help, true, current));
  }

  private <T> Setting<T> declare(Setting<T> setting) {
    declared.add(setting);
    return setting;
  }
}
