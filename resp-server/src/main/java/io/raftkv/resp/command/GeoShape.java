package io.raftkv.resp.command;

/** An area around a center: what a search is for. Lengths are in meters. */
sealed interface GeoShape {
  GeoPoint center();

  /** Half of the height of the smallest box around the shape. */
  double halfHeight();

  /** Half of its width. */
  double halfWidth();

  /** Distance from the center to the farthest point. */
  double reach();

  /** Distance of a point from the center if it is in the shape, else NaN. */
  double distanceInside(GeoPoint point);

  /** All points within a distance. */
  record Circle(GeoPoint center, double radius) implements GeoShape {
    @Override
    public double halfHeight() {
      return radius;
    }

    @Override
    public double halfWidth() {
      return radius;
    }

    @Override
    public double reach() {
      return radius;
    }

    @Override
    public double distanceInside(GeoPoint point) {
      double distance = center.distanceTo(point);
      return distance > radius ? Double.NaN : distance;
    }
  }

  /** All points whose distances along meridian and parallel are at most half of the sides. */
  record Box(GeoPoint center, double width, double height) implements GeoShape {
    @Override
    public double halfHeight() {
      return height / 2;
    }

    @Override
    public double halfWidth() {
      return width / 2;
    }

    @Override
    public double reach() {
      return Math.sqrt(halfWidth() * halfWidth() + halfHeight() * halfHeight());
    }

    @Override
    public double distanceInside(GeoPoint point) {
      if (point.latitudeDistanceTo(center) > halfHeight()) {
        return Double.NaN;
      }
      GeoPoint onSameParallel = new GeoPoint(center.longitude(), point.latitude());
      return point.distanceTo(onSameParallel) > halfWidth() ? Double.NaN : center.distanceTo(point);
    }
  }
}
