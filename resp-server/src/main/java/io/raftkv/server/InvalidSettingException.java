package io.raftkv.server;

/**
 * A value that the configuration's own rules refuse; {@link ConfigLoader} adds where it is from.
 */
final class InvalidSettingException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  private final String setting;

  /** {@code rule} is the rest of a sentence that begins with the setting's name. */
  InvalidSettingException(String setting, String rule) {
    super(rule);
    this.setting = setting;
  }

  String setting() {
    return setting;
  }

  static void require(boolean holds, String setting, String rule) {
    if (!holds) {
      throw new InvalidSettingException(setting, rule);
    }
  }
}
