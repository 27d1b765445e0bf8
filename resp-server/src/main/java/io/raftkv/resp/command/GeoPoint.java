package io.raftkv.resp.command;

/**
 * A place on the earth, in degrees, and Redis' arithmetic with such: the earth is a sphere.
 *
 * <p>{@link StrictMath} throughout: stored distances must be the same on all replicas. They can
 * differ from those of a Redis whose C library rounds otherwise in the last of 53 bits.
 *
 * @param longitude from west to east
 * @param latitude from south to north
 */
record GeoPoint(double longitude, double latitude) {
  static final double EARTH_RADIUS_METERS = 6_372_797.560856;
  static final double MAX_LONGITUDE = 180;

  /** Beyond this Web Mercator has no place for points. */
  static final double MAX_LATITUDE = 85.05112878;

  private static final double RADIANS = Math.PI / 180;

  /** True if a geohash can stand for this point. */
  boolean isValid() {
    return longitude >= -MAX_LONGITUDE
        && longitude <= MAX_LONGITUDE
        && latitude >= -MAX_LATITUDE
        && latitude <= MAX_LATITUDE;
  }

  /** Great-circle distance in meters. */
  double distanceTo(GeoPoint other) {
    double sinLongitude = StrictMath.sin((radians(other.longitude) - radians(longitude)) / 2);
    if (sinLongitude == 0) {
      return latitudeDistanceTo(other);
    }
    double from = radians(latitude);
    double to = radians(other.latitude);
    double sinLatitude = StrictMath.sin((to - from) / 2);
    double haversine =
        sinLatitude * sinLatitude
            + StrictMath.cos(from) * StrictMath.cos(to) * sinLongitude * sinLongitude;
    return 2 * EARTH_RADIUS_METERS * StrictMath.asin(Math.sqrt(haversine));
  }

  /** Distance in meters of the two parallels. */
  double latitudeDistanceTo(GeoPoint other) {
    return EARTH_RADIUS_METERS * Math.abs(radians(other.latitude) - radians(latitude));
  }

  static double radians(double degrees) {
    return degrees * RADIANS;
  }

  static double degrees(double radians) {
    return radians / RADIANS;
  }
}
