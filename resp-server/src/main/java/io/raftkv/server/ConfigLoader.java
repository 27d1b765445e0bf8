package io.raftkv.server;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Makes a {@link ServerConfig} of the defaults, a file, the environment and the command line, each
 * stronger than the one before. All mistakes are reported at once.
 */
public final class ConfigLoader {
  private static final long MAX_FILE_BYTES = 1 << 20;

  private final SettingValues values = new SettingValues();
  private final List<String> problems = new ArrayList<>();

  private ConfigLoader() {}

  /**
   * @param flags the command line behind the program's name and subcommand: {@code --name value} or
   *     {@code --name=value}
   * @param environment all variables; those that begin with {@code RAFTKV_} are settings
   * @throws ConfigException if a value or a name is wrong, wherever it is
   */
  public static ServerConfig load(List<String> flags, Map<String, String> environment)
      throws ConfigException {
    return new ConfigLoader().loadAll(flags, environment);
  }

  private ServerConfig loadAll(List<String> flags, Map<String, String> environment)
      throws ConfigException {
    // A stronger source is read later, but only the stronger ones know where the file is.
    List<Assignment> strong = new ArrayList<>(ofEnvironment(environment));
    strong.addAll(ofFlags(flags));
    Assignment file = null;
    for (Assignment assignment : strong) {
      if (assignment.name().equals(NodeSettings.CONFIG.name())) {
        file = assignment;
      }
    }
    if (file != null && isPath(file.text())) {
      ofFile(file).forEach(this::assign);
    }
    strong.forEach(this::assign);
    throwIfAny();
    try {
      return ServerConfig.from(values);
    } catch (InvalidSettingException broken) {
      SettingValues.Given given = values.given(broken.setting());
      String origin = given == null ? "default" : given.origin();
      problems.add(broken.setting() + " " + broken.getMessage() + " (" + origin + ")");
    }
    throwIfAny();
    throw new IllegalStateException("unreachable: a problem was just added");
  }

  private void throwIfAny() throws ConfigException {
    if (!problems.isEmpty()) {
      throw new ConfigException(problems);
    }
  }

  /** What is none is told where the setting itself is read. */
  private static boolean isPath(String text) {
    try {
      return NodeSettings.CONFIG.type().parser().apply(text).isPresent();
    } catch (IllegalArgumentException notAPath) {
      return false;
    }
  }

  private record Assignment(String name, String text, String origin) {}

  private List<Assignment> ofEnvironment(Map<String, String> environment) {
    List<Assignment> found = new ArrayList<>();
    new TreeMap<>(environment)
        .forEach(
            (variable, text) -> {
              if (variable.startsWith(Setting.ENVIRONMENT_PREFIX)) {
                Setting<?> setting = byEnvironmentName(variable);
                if (setting == null) {
                  problems.add(
                      "unknown environment variable "
                          + variable
                          + Suggestion.of(
                              variable,
                              ServerSettings.ALL.stream().map(Setting::environmentName).toList()));
                } else {
                  found.add(
                      new Assignment(setting.name(), text, "environment variable " + variable));
                }
              }
            });
    return found;
  }

  private List<Assignment> ofFlags(List<String> flags) {
    List<Assignment> found = new ArrayList<>();
    for (int i = 0; i < flags.size(); i++) {
      String word = flags.get(i);
      if (!word.startsWith("--")) {
        problems.add("unexpected argument '" + word + "': settings are --name value");
        continue;
      }
      int equals = word.indexOf('=');
      String flag = equals < 0 ? word : word.substring(0, equals);
      Setting<?> setting = byName(flag.substring(2));
      if (setting == null) {
        problems.add(
            "unknown flag "
                + flag
                + Suggestion.of(flag, ServerSettings.ALL.stream().map(Setting::flag).toList()));
        // Its value, if it has one, is not a mistake of its own.
        if (equals < 0 && i + 1 < flags.size() && !flags.get(i + 1).startsWith("--")) {
          i++;
        }
      } else if (equals >= 0) {
        addOnce(found, new Assignment(setting.name(), word.substring(equals + 1), "flag " + flag));
      } else if (i + 1 < flags.size() && !flags.get(i + 1).startsWith("--")) {
        i++;
        addOnce(found, new Assignment(setting.name(), flags.get(i), "flag " + flag));
      } else {
        problems.add(
            "flag " + flag + " needs a value: " + flag + " " + setting.type().placeholder());
      }
    }
    return found;
  }

  private List<Assignment> ofFile(Assignment config) {
    String file = config.text();
    List<Assignment> found = new ArrayList<>();
    List<String> lines = linesOf(file, config.origin());
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i).strip();
      String origin = file + ":" + (i + 1);
      if (line.isEmpty() || line.startsWith("#")) {
        continue;
      }
      int blank = 0;
      while (blank < line.length() && !Character.isWhitespace(line.charAt(blank))) {
        blank++;
      }
      String name = line.substring(0, blank);
      Setting<?> setting = byName(name);
      if (setting == null) {
        problems.add(
            origin
                + ": unknown setting "
                + name
                + Suggestion.of(name, ServerSettings.ALL.stream().map(Setting::name).toList()));
      } else if (name.equals(NodeSettings.CONFIG.name())) {
        problems.add(origin + ": a file cannot name another with config");
      } else if (blank == line.length()) {
        problems.add(origin + ": " + name + " needs a value (\"\" for an empty one)");
      } else {
        addOnce(found, new Assignment(name, unquoted(line.substring(blank).strip()), origin));
      }
    }
    return found;
  }

  private List<String> linesOf(String file, String origin) {
    try {
      Path path = Path.of(file);
      if (Files.size(path) > MAX_FILE_BYTES) {
        problems.add(file + ": is larger than " + MAX_FILE_BYTES + " bytes, not a configuration");
        return List.of();
      }
      return Files.readAllLines(path, StandardCharsets.UTF_8);
    } catch (CharacterCodingException notText) {
      problems.add(file + ": is not UTF-8 text");
    } catch (IOException unreadable) {
      problems.add(
          "cannot read the configuration file "
              + file
              + ": "
              + FileTrouble.reason(unreadable)
              + " ("
              + origin
              + ")");
    }
    return List.of();
  }

  /** Quotes let a value be empty or keep blanks at its ends. */
  private static String unquoted(String text) {
    boolean quoted = text.length() >= 2 && text.startsWith("\"") && text.endsWith("\"");
    return quoted ? text.substring(1, text.length() - 1) : text;
  }

  private void addOnce(List<Assignment> found, Assignment next) {
    for (Assignment earlier : found) {
      if (earlier.name().equals(next.name())) {
        problems.add(next.name() + " is given twice (" + distinct(earlier, next) + ")");
        return;
      }
    }
    found.add(next);
  }

  private static String distinct(Assignment earlier, Assignment later) {
    return earlier.origin().equals(later.origin())
        ? later.origin()
        : earlier.origin() + " and " + later.origin();
  }

  private void assign(Assignment assignment) {
    assignTo(byName(assignment.name()), assignment);
  }

  private <T> void assignTo(Setting<T> setting, Assignment assignment) {
    try {
      T value = setting.type().parser().apply(assignment.text());
      values.put(setting, value, assignment.text(), assignment.origin());
    } catch (IllegalArgumentException refused) {
      String shown = setting.secret() ? "" : ", not '" + assignment.text() + "'";
      problems.add(
          setting.name() + " " + sentence(refused) + shown + " (" + assignment.origin() + ")");
    }
  }

  /** A type's message is a rule ("must be …") or tells of one part of the value. */
  private static String sentence(IllegalArgumentException refused) {
    String message = refused.getMessage();
    return message.startsWith("must ") || message.startsWith("is ")
        ? message
        : "is wrong: " + message;
  }

  private static Setting<?> byName(String name) {
    for (Setting<?> setting : ServerSettings.ALL) {
      if (setting.name().equals(name)) {
        return setting;
      }
    }
    return null;
  }

  private static Setting<?> byEnvironmentName(String variable) {
    for (Setting<?> setting : ServerSettings.ALL) {
      if (setting.environmentName().equals(variable)) {
        return setting;
      }
    }
    return null;
  }
}
