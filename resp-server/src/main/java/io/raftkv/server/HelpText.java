package io.raftkv.server;

import java.util.ArrayList;
import java.util.List;

/** What {@code raftkv --help} prints. */
final class HelpText {
  private static final int WIDTH = 100;
  private static final int HELP_COLUMN = 34;

  private static final String HEAD =
      """
      RaftKV: a durable, linearizable server for the Redis protocol.

      Usage: raftkv [server] [--name value ...]      run a node
             raftkv healthcheck [--ready] [...]      exit 0 if the node with these settings is alive
             raftkv --help | --version

      Every setting below is a flag, a line 'name value' in a file given with --config, and an
      environment variable: --data-dir is RAFTKV_DATA_DIR. A flag beats the environment, which beats
      the file, which beats the default. Sizes: 512, 64kb, 64mb, 1gb. Times: 250ms, 5s, 10m, 1h.

      One node:

        raftkv
        redis-cli -p 6379 set greeting hello

      Three nodes on one machine, each command in a terminal of its own:

        NODES=n1=127.0.0.1:17001:7001,n2=127.0.0.1:17002:7002,n3=127.0.0.1:17003:7003
        raftkv --node-id n1 --cluster $NODES --data-dir data/n1
        raftkv --node-id n2 --cluster $NODES --data-dir data/n2
        raftkv --node-id n3 --cluster $NODES --data-dir data/n3
        redis-cli -p 7001 set greeting hello; redis-cli -p 7003 get greeting

      Three nodes on three machines: the same with their addresses, and on each node also
      --bind '*' --requirepass PASSWORD.
      """;

  private static final String TAIL =
      """

      Exit codes: 0 stopped as asked or healthy, 1 could not start or not healthy, 2 wrong settings,
      3 stopped by a fault that the log names.
      """;

  private HelpText() {}

  static String text() {
    StringBuilder text = new StringBuilder(HEAD);
    SettingGroup group = null;
    for (Setting<?> setting : ServerSettings.ALL) {
      if (setting.group() != group) {
        group = setting.group();
        text.append('\n').append(group.title()).append(":\n");
      }
      appendSetting(text, setting);
    }
    return text.append(TAIL).toString();
  }

  private static void appendSetting(StringBuilder text, Setting<?> setting) {
    StringBuilder line = new StringBuilder("  ").append(setting.flag()).append(' ');
    line.append(setting.type().placeholder());
    if (line.length() + 2 > HELP_COLUMN) {
      text.append(line).append('\n');
      line.setLength(0);
    }
    for (String help : wrap(setting.help() + " [" + setting.defaultText() + "]")) {
      line.append(" ".repeat(HELP_COLUMN - line.length())).append(help);
      text.append(line).append('\n');
      line.setLength(0);
    }
  }

  private static List<String> wrap(String sentence) {
    List<String> lines = new ArrayList<>();
    StringBuilder line = new StringBuilder();
    for (String word : sentence.split(" ", -1)) {
      if (line.length() > 0 && line.length() + 1 + word.length() > WIDTH - HELP_COLUMN) {
        lines.add(line.toString());
        line.setLength(0);
      }
      if (line.length() > 0) {
        line.append(' ');
      }
      line.append(word);
    }
    lines.add(line.toString());
    return lines;
  }
}
