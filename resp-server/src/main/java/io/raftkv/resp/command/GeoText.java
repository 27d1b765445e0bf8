package io.raftkv.resp.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import java.math.BigDecimal;
import java.math.RoundingMode;

/** Places and lengths as the geo commands read and write them. */
final class GeoText {
  private static final int COORDINATE_DECIMALS = 17;
  private static final int DISTANCE_DECIMALS = 4;
  private static final int ERROR_DECIMALS = 6;

  private static final String BASE_32 = "0123456789bcdefghjkmnpqrstuvwxyz";
  private static final int BASE_32_BITS = 5;
  private static final int HASH_CHARS = 11;
  private static final double STANDARD_MAX_LATITUDE = 90;

  /** Units of length, in meters. */
  private enum Unit {
    M(1),
    KM(1000),
    FT(0.3048),
    MI(1609.34);

    private final double meters;

    Unit(double meters) {
      this.meters = meters;
    }
  }

  private GeoText() {}

  /** The point whose longitude is at {@code index}, its latitude behind it. */
  static GeoPoint point(Args args, int index) {
    GeoPoint point = new GeoPoint(args.float64(index), args.float64(index + 1));
    if (!point.isValid()) {
      throw new CommandException(
          RespErrors.invalidLongitudeLatitude(
              fixed(point.longitude(), ERROR_DECIMALS), fixed(point.latitude(), ERROR_DECIMALS)));
    }
    return point;
  }

  /** The unit of length at {@code index}, in meters. */
  static double unit(Args args, int index) {
    for (Unit unit : Unit.values()) {
      if (args.is(index, unit.name())) {
        return unit.meters;
      }
    }
    throw new CommandException(RespErrors.GEO_UNIT);
  }

  /** A distance in Redis' fixed form. */
  static Reply distance(double distance) {
    return Reply.bulk(fixed(distance, DISTANCE_DECIMALS));
  }

  /** Longitude and latitude, each with as many decimals as they have, up to 17. */
  static Reply coordinates(GeoPoint point) {
    return Reply.array(coordinate(point.longitude()), coordinate(point.latitude()));
  }

  private static Reply coordinate(double degrees) {
    BigDecimal exact =
        new BigDecimal(degrees).setScale(COORDINATE_DECIMALS, RoundingMode.HALF_EVEN);
    return Reply.decimal(exact.signum() == 0 ? "0" : exact.stripTrailingZeros().toPlainString());
  }

  /** The standard geohash of 11 characters; Redis' own scores count latitude differently. */
  static Reply hash(GeoPoint point) {
    long bits = GeoCell.of(point, GeoCell.MAX_STEP, STANDARD_MAX_LATITUDE).bits();
    StringBuilder text = new StringBuilder(HASH_CHARS);
    for (int i = 1; i <= HASH_CHARS; i++) {
      int shift = 2 * GeoCell.MAX_STEP - i * BASE_32_BITS;
      // The 52 bits end within the last character; Redis always makes that a 0.
      int digit = shift < 0 ? 0 : (int) (bits >>> shift) & (BASE_32.length() - 1);
      text.append(BASE_32.charAt(digit));
    }
    return Reply.bulk(text.toString());
  }

  /** As {@code printf} does it: of the exact value, half to even, with the sign of -0. */
  private static String fixed(double value, int decimals) {
    if (Double.isInfinite(value)) {
      return value < 0 ? "-inf" : "inf";
    }
    String digits =
        new BigDecimal(Math.abs(value)).setScale(decimals, RoundingMode.HALF_EVEN).toPlainString();
    return Double.doubleToRawLongBits(value) < 0 ? "-" + digits : digits;
  }
}
