package io.raftkv.server;

import java.util.HashMap;
import java.util.Map;

/** The values that were given, with where each is from; the others have their defaults. */
final class SettingValues {
  /**
   * A given value.
   *
   * @param text as written
   * @param origin as a person would look for it: a flag, a variable, a line of a file
   */
  record Given(Object value, String text, String origin) {}

  private final Map<String, Given> given = new HashMap<>();

  /** Sets a value, in place of any from a weaker source. */
  <T> void put(Setting<T> setting, T value, String text, String origin) {
    given.put(setting.name(), new Given(value, text, origin));
  }

  /** The value given, else the default. */
  @SuppressWarnings("unchecked") // put() lets only a T in under the name of a Setting<T>
  <T> T get(Setting<T> setting) {
    Given found = given.get(setting.name());
    return found == null ? setting.defaultValue().apply(this) : (T) found.value();
  }

  /** What was given for this name, or null. */
  Given given(String name) {
    return given.get(name);
  }
}
