package io.raftkv.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Test;

class ConfigurationDocumentTest {
  @Test
  void tableOfSettingsIsUpToDate() throws IOException {
    GeneratedDocument.check("configuration.md", document());
  }

  @Test
  void everySettingHasANameOfItsOwnAndAFullHelpText() {
    assertThat(ServerSettings.ALL).extracting(Setting::name).doesNotHaveDuplicates();
    assertThat(ServerSettings.ALL)
        .allSatisfy(
            setting -> {
              assertThat(setting.name()).matches("[a-z]+(-[a-z]+)*");
              assertThat(setting.help()).endsWith(".");
              assertThat(setting.defaultText()).isNotEmpty();
            });
  }

  private static String document() {
    StringBuilder text =
        new StringBuilder(
            """
            # Configuration

            <!-- Generated from ServerSettings by ConfigurationDocumentTest: do not edit. -->

            Each setting can be given as a flag (`--data-dir DIR`), as an environment variable
            (`RAFTKV_DATA_DIR`) and as a line `data-dir DIR` of the file that `--config` names. A flag
            beats the environment, which beats the file, which beats the default. A value that is wrong
            or a name that does not exist stops the start; the message says where it stands.

            In a file, lines that begin with `#` are comments, and a value may stand in double quotes.
            Sizes are written `512`, `64kb`, `64mb`, `1gb` (powers of 1024; `k`, `m`, `g` are powers of
            1000), times `250ms`, `5s`, `10m`, `1h`. `CONFIG GET` shows all of them, passwords hidden.
            """);
    SettingGroup group = null;
    for (Setting<?> setting : ServerSettings.ALL) {
      if (setting.group() != group) {
        group = setting.group();
        text.append("\n## ").append(group.title());
        text.append(
            "\n\n| Setting | Environment | Default | Meaning |\n| --- | --- | --- | --- |\n");
      }
      text.append("| `").append(setting.flag()).append(' ');
      text.append(cell(setting.type().placeholder())).append("` | `");
      text.append(setting.environmentName()).append("` | ");
      text.append(cell(setting.defaultText())).append(" | ");
      text.append(cell(setting.help())).append(" |\n");
    }
    return text.toString();
  }

  private static String cell(String text) {
    return text.replace("|", "\\|");
  }
}
