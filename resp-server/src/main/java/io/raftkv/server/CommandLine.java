package io.raftkv.server;

import com.beust.jcommander.JCommander;
import com.beust.jcommander.Parameter;
import com.beust.jcommander.ParameterException;
import java.util.ArrayList;
import java.util.List;

/**
 * The shape of the command line: which subcommand, and what is asked of the program rather than of
 * the server. The server's own flags are data ({@link ServerSettings}), not fields, and pass
 * through in order to {@link ConfigLoader}, which knows where each value is from.
 */
final class CommandLine {
  private static final String SERVER = "server";
  private static final String HEALTHCHECK = "healthcheck";

  /** What the program is to do. */
  enum Action {
    SERVE,
    CHECK_LIVE,
    CHECK_READY,
    HELP,
    VERSION
  }

  private static class Common {
    @Parameter(names = {"--help", "-h"})
    boolean help;

    @Parameter(names = {"--version", "-v"})
    boolean version;
  }

  private static final class Healthcheck extends Common {
    @Parameter(names = "--ready")
    boolean ready;
  }

  private final Action action;
  private final List<String> settings;

  private CommandLine(Action action, List<String> settings) {
    this.action = action;
    this.settings = settings;
  }

  /**
   * @throws ParameterException if there is no such subcommand, with a sentence for the operator
   */
  static CommandLine parse(String... words) {
    Common top = new Common();
    Common server = new Common();
    Healthcheck healthcheck = new Healthcheck();
    JCommander parser = new JCommander(top);
    parser.setAcceptUnknownOptions(true);
    parser.setExpandAtSign(false); // a password may begin with @
    parser.addCommand(SERVER, server);
    parser.addCommand(HEALTHCHECK, healthcheck);
    parser.parse(words);

    List<String> settings = new ArrayList<>(parser.getUnknownOptions());
    Action action = Action.SERVE;
    String command = parser.getParsedCommand();
    if (command != null) {
      settings.addAll(parser.getCommands().get(command).getUnknownOptions());
      if (command.equals(HEALTHCHECK)) {
        action = healthcheck.ready ? Action.CHECK_READY : Action.CHECK_LIVE;
      }
    }
    if (top.help || server.help || healthcheck.help) {
      action = Action.HELP;
    } else if (top.version || server.version || healthcheck.version) {
      action = Action.VERSION;
    }
    return new CommandLine(action, List.copyOf(settings));
  }

  Action action() {
    return action;
  }

  /** The words that are settings of the server, in order. */
  List<String> settings() {
    return settings;
  }
}
