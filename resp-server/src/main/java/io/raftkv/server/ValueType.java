package io.raftkv.server;

import io.raftkv.resp.command.ReadConsistency;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * How the values of a setting are written.
 *
 * @param placeholder what stands for the value in the help text
 * @param parser text to value; raises {@link IllegalArgumentException} with the rest of a sentence
 *     that begins with the setting's name, such as "must be from 0 to 65535"
 * @param format value to text that the parser reads back
 */
record ValueType<T>(String placeholder, Function<String, T> parser, Function<T, String> format) {
  static final ValueType<String> TEXT = new ValueType<>("TEXT", text -> text, text -> text);
  static final ValueType<String> NODE_ID = new ValueType<>("ID", ClusterMember::checkId, id -> id);
  static final ValueType<Path> PATH = new ValueType<>("DIR", ValueType::parsePath, Path::toString);
  static final ValueType<Optional<Path>> OPTIONAL_FILE =
      optional(new ValueType<>("FILE", ValueType::parsePath, Path::toString));
  static final ValueType<Duration> DURATION =
      new ValueType<>("TIME", ValueType::parseDuration, ValueType::formatDuration);

  /** As Redis writes {@code timeout}: a bare number is seconds. */
  static final ValueType<Duration> SECONDS =
      new ValueType<>("SECONDS", ValueType::parseSeconds, ValueType::formatSeconds);

  static final ValueType<ByteSize> SIZE =
      new ValueType<>("SIZE", ByteSize::parse, ByteSize::toString);
  static final ValueType<Boolean> YES_NO =
      new ValueType<>("yes|no", ValueType::parseYesNo, yes -> yes ? "yes" : "no");
  static final ValueType<Integer> PORT = integer("PORT", 0, 65_535);
  static final ValueType<OptionalInt> PORT_OR_OFF =
      new ValueType<>("PORT|off", ValueType::parsePortOrOff, ValueType::formatPortOrOff);
  static final ValueType<Optional<Secret>> SECRET =
      new ValueType<>(
          "PASSWORD",
          text -> text.isEmpty() ? Optional.empty() : Optional.of(new Secret(text)),
          secret -> secret.isPresent() ? Secret.MASK : "");
  static final ValueType<Optional<String>> OPTIONAL_HOST =
      optional(new ValueType<>("HOST", HostName::check, host -> host));
  static final ValueType<Optional<HostPort>> OPTIONAL_HOST_PORT =
      optional(new ValueType<>("HOST:PORT", HostPort::parse, HostPort::toString));
  static final ValueType<List<BindAddress>> BIND =
      list("ADDRESS,...", " ", BindAddress::parse, BindAddress::toString);
  static final ValueType<List<ClusterMember>> MEMBERS =
      list("ID=HOST:RAFTPORT:PORT,...", ",", ClusterMember::parse, ClusterMember::toString);
  static final ValueType<ReadConsistency> CONSISTENCY =
      new ValueType<>("LEVEL", ReadConsistency::parse, ReadConsistency::toString);

  static ValueType<Integer> integer(String placeholder, int min, int max) {
    return new ValueType<>(
        placeholder, text -> (int) parseLong(text, min, max), number -> Integer.toString(number));
  }

  static ValueType<Long> longInteger(String placeholder, long min, long max) {
    return new ValueType<>(
        placeholder, text -> parseLong(text, min, max), number -> Long.toString(number));
  }

  static <E extends Enum<E>> ValueType<E> oneOf(Class<E> type) {
    String choices =
        Arrays.stream(type.getEnumConstants())
            .map(choice -> choice.name().toLowerCase(Locale.ROOT))
            .collect(Collectors.joining("|"));
    return new ValueType<>(
        choices,
        text ->
            Arrays.stream(type.getEnumConstants())
                .filter(choice -> choice.name().equalsIgnoreCase(text))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("must be one of " + choices)),
        choice -> choice.name().toLowerCase(Locale.ROOT));
  }

  private static <T> ValueType<Optional<T>> optional(ValueType<T> type) {
    return new ValueType<>(
        type.placeholder(),
        text -> text.isEmpty() ? Optional.empty() : Optional.of(type.parser().apply(text)),
        value -> value.map(type.format()).orElse(""));
  }

  /** Items may be separated by commas, blanks or both. */
  private static <T> ValueType<List<T>> list(
      String placeholder,
      String separator,
      Function<String, T> parser,
      Function<T, String> format) {
    return new ValueType<>(
        placeholder,
        text ->
            Arrays.stream(text.trim().split("[,\\s]+", -1))
                .filter(item -> !item.isEmpty())
                .map(parser)
                .toList(),
        items -> items.stream().map(format).collect(Collectors.joining(separator)));
  }

  private static long parseLong(String text, long min, long max) {
    String range = "must be a number from " + min + " to " + max;
    try {
      long value = Long.parseLong(text);
      if (value < min || value > max) {
        throw new IllegalArgumentException(range);
      }
      return value;
    } catch (NumberFormatException notANumber) {
      throw new IllegalArgumentException(range, notANumber);
    }
  }

  private static Path parsePath(String text) {
    try {
      if (text.isBlank()) {
        throw new IllegalArgumentException("must not be empty");
      }
      return Path.of(text);
    } catch (InvalidPathException notAPath) {
      throw new IllegalArgumentException("must be a path", notAPath);
    }
  }

  private static boolean parseYesNo(String text) {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "yes", "true", "on" -> true;
      case "no", "false", "off" -> false;
      default -> throw new IllegalArgumentException("must be yes or no");
    };
  }

  private static OptionalInt parsePortOrOff(String text) {
    if (text.equalsIgnoreCase("off")) {
      return OptionalInt.empty();
    }
    return OptionalInt.of(PORT.parser().apply(text));
  }

  private static String formatPortOrOff(OptionalInt port) {
    return port.isPresent() ? Integer.toString(port.getAsInt()) : "off";
  }

  /** Reads {@code 250ms}, {@code 5s}, {@code 10m}, {@code 1h}; zero needs no unit. */
  static Duration parseDuration(String text) {
    String lower = text.toLowerCase(Locale.ROOT);
    int unitAt = 0;
    while (unitAt < lower.length() && Character.isDigit(lower.charAt(unitAt))) {
      unitAt++;
    }
    if (unitAt > 0 && unitAt <= 12) {
      long count = Long.parseLong(lower.substring(0, unitAt));
      switch (lower.substring(unitAt)) {
        case "ms" -> {
          return Duration.ofMillis(count);
        }
        case "s" -> {
          return Duration.ofSeconds(count);
        }
        case "m" -> {
          return Duration.ofMinutes(count);
        }
        case "h" -> {
          return Duration.ofHours(count);
        }
        case "" -> {
          if (count == 0) {
            return Duration.ZERO;
          }
        }
        default -> {
          // An unknown unit: the sentence below says which there are.
        }
      }
    }
    throw new IllegalArgumentException("must be a time with its unit, such as 250ms, 5s or 10m");
  }

  static String formatDuration(Duration time) {
    long millis = time.toMillis();
    if (millis == 0) {
      return "0";
    }
    return millis % 1000 == 0 ? millis / 1000 + "s" : millis + "ms";
  }

  private static Duration parseSeconds(String text) {
    boolean bare = !text.isEmpty() && text.chars().allMatch(Character::isDigit);
    return parseDuration(bare ? text + "s" : text);
  }

  private static String formatSeconds(Duration time) {
    return time.toMillis() % 1000 == 0 ? Long.toString(time.toSeconds()) : formatDuration(time);
  }
}
