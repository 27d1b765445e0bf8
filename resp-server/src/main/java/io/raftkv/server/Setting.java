package io.raftkv.server;

import java.util.Locale;
import java.util.function.Function;

/**
 * All that is known of one setting, written once: its flag, its environment variable, its line in a
 * file, the help text, CONFIG GET and the table in the documentation come from it.
 *
 * @param name kebab-case
 * @param defaultText what the help text shows as default
 * @param defaultValue the default, which may follow from other settings
 * @param help one or two sentences
 * @param current reads the setting back from a finished configuration
 */
record Setting<T>(
    String name,
    SettingGroup group,
    ValueType<T> type,
    String defaultText,
    Function<SettingValues, T> defaultValue,
    String help,
    boolean secret,
    Function<ServerConfig, T> current) {
  static final String ENVIRONMENT_PREFIX = "RAFTKV_";

  String flag() {
    return "--" + name;
  }

  String environmentName() {
    return ENVIRONMENT_PREFIX + name.toUpperCase(Locale.ROOT).replace('-', '_');
  }

  /** The value in this configuration as text, secrets hidden. */
  String format(ServerConfig config) {
    return type.format().apply(current.apply(config));
  }
}
