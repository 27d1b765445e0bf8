package io.raftkv.bench;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One encoded request with places for numbers, which are filled in when it is copied out, so that
 * sending costs a copy and a few digits. Immutable.
 *
 * <p>It is written as a command line with places in braces: {@code HSET hash:{key} f:{element}
 * {value}}. All but the value are digits, twelve or as many as are said, with zeros in front. Where
 * a number must not begin with one, a digit is written before it: {@code 1{random:4}} is from 10000
 * to 19999.
 */
final class RequestTemplate {
  private static final int DIGITS = 12;
  private static final Pattern PLACE = Pattern.compile("\\{(\\w+)(?::(\\d+))?}");
  private static final String VALUE = "value";

  /** What stands at a place. */
  private enum Kind {
    /** The number of the key, out of those that the elements leave. */
    KEY,
    /** The number of an element in its key. */
    ELEMENT,
    /** Digits of a random number; several places of a request take different ones. */
    RANDOM,
    /** The number of the connection. */
    CONNECTION,
    /** How many turns the connection had before. */
    TURN
  }

  private record Place(Kind kind, int at, int digits) {}

  private final byte[] bytes;
  private final Place[] places;
  private final int elementsPerKey;

  private RequestTemplate(byte[] bytes, List<Place> places, int elementsPerKey) {
    this.bytes = bytes;
    this.places = places.toArray(new Place[0]);
    this.elementsPerKey = elementsPerKey;
  }

  /**
   * The request for a command line, its words separated by single spaces.
   *
   * @param elementsPerKey over how many elements of each key a number is spread
   */
  static RequestTemplate parse(String line, int elementsPerKey, int valueBytes) {
    Encoder encoder = new Encoder();
    String[] words = line.split(" ", -1);
    encoder.begin(words.length);
    for (String word : words) {
      encoder.word(word, valueBytes);
    }
    return new RequestTemplate(encoder.out.toByteArray(), encoder.places, elementsPerKey);
  }

  /** A request of these words as they are, without places. */
  static RequestTemplate fixed(String... words) {
    Encoder encoder = new Encoder();
    encoder.begin(words.length);
    for (String word : words) {
      encoder.text(word);
    }
    return new RequestTemplate(encoder.out.toByteArray(), List.of(), 1);
  }

  private static final class Encoder {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final List<Place> places = new ArrayList<>();

    void begin(int words) {
      ascii("*" + words + "\r\n");
    }

    /** A word with its places, each held free by zeros. */
    void word(String word, int valueBytes) {
      List<Place> ofWord = new ArrayList<>();
      StringBuilder text = new StringBuilder();
      Matcher matcher = PLACE.matcher(word);
      while (matcher.find()) {
        matcher.appendReplacement(text, "");
        if (matcher.group(1).equals(VALUE)) {
          text.append("x".repeat(valueBytes));
        } else {
          Kind kind = Kind.valueOf(matcher.group(1).toUpperCase(Locale.ROOT));
          int digits = matcher.group(2) == null ? DIGITS : Integer.parseInt(matcher.group(2));
          ofWord.add(new Place(kind, text.length(), digits));
          text.append("0".repeat(digits));
        }
      }
      matcher.appendTail(text);
      int wordAt = text(text.toString());
      ofWord.forEach(p -> places.add(new Place(p.kind, wordAt + p.at, p.digits)));
    }

    /** Appends the text as a word; returns where it begins. */
    int text(String word) {
      ascii("$" + word.length() + "\r\n");
      int at = out.size();
      ascii(word + "\r\n");
      return at;
    }

    private void ascii(String text) {
      out.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
    }
  }

  int size() {
    return bytes.length;
  }

  /** How many requests it takes to have sent each that this template can make, chance aside. */
  long variants(long numbers, int connections) {
    return has(Kind.CONNECTION) ? connections : ceilDiv(numbers, stride(numbers));
  }

  /** By how much to count numbers up so that each variant comes once. */
  long stride(long numbers) {
    if (has(Kind.ELEMENT)) {
      return 1;
    }
    return has(Kind.KEY) ? elementsPerKey : numbers;
  }

  private static long ceilDiv(long dividend, long divisor) {
    return (dividend + divisor - 1) / divisor;
  }

  private boolean has(Kind kind) {
    for (Place place : places) {
      if (place.kind == kind) {
        return true;
      }
    }
    return false;
  }

  /** Appends a request without places. */
  void copyTo(ByteBuffer out) {
    if (places.length > 0) {
      throw new IllegalStateException("this request has places to fill in");
    }
    out.put(bytes);
  }

  /** Appends the request of this turn. */
  void copyTo(ByteBuffer out, Turn turn) {
    int start = out.position();
    out.put(bytes);
    long random = turn.random();
    for (Place place : places) {
      int at = start + place.at;
      switch (place.kind) {
        case KEY -> writeDigits(out, at, place.digits, turn.number() / elementsPerKey);
        case ELEMENT -> writeDigits(out, at, place.digits, turn.number() % elementsPerKey);
        case RANDOM -> random = writeDigits(out, at, place.digits, random);
        case CONNECTION -> writeDigits(out, at, place.digits, turn.connection());
        case TURN -> writeDigits(out, at, place.digits, turn.count());
      }
    }
  }

  /** Writes the last digits of a number over zeros; returns those before them. */
  private static long writeDigits(ByteBuffer out, int at, int digits, long number) {
    long rest = number;
    for (int i = at + digits - 1; rest > 0 && i >= at; i--) {
      out.put(i, (byte) ('0' + rest % 10));
      rest /= 10;
    }
    return rest;
  }
}
