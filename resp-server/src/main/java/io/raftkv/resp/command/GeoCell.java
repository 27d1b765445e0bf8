package io.raftkv.resp.command;

/**
 * A cell of the grid that cuts the map into 2^step rows and as many columns. The bits of row and
 * column, interleaved, are the cell's geohash; a finer cell inside begins with the same bits. So
 * the points of a cell are one range of scores.
 *
 * @param row from the south
 * @param column from the west
 * @param step 1 to {@link #MAX_STEP}
 */
record GeoCell(long row, long column, int step) {
  /** The finest grid, whose cells are about 60 centimeters wide: 52 bits, exact in a double. */
  static final int MAX_STEP = 26;

  private static final long[] SPREAD_MASKS = {
    0x0000FFFF0000FFFFL,
    0x00FF00FF00FF00FFL,
    0x0F0F0F0F0F0F0F0FL,
    0x3333333333333333L,
    0x5555555555555555L
  };

  /** The cell of a point. */
  static GeoCell of(GeoPoint point, int step) {
    return of(point, step, GeoPoint.MAX_LATITUDE);
  }

  /** The cell of a point in a grid whose rows reach to another latitude. */
  static GeoCell of(GeoPoint point, int step, double maxLatitude) {
    double row = (point.latitude() + maxLatitude) / (2 * maxLatitude);
    double column = (point.longitude() + GeoPoint.MAX_LONGITUDE) / (2 * GeoPoint.MAX_LONGITUDE);
    return new GeoCell((long) (row * (1L << step)), (long) (column * (1L << step)), step);
  }

  /** The score of a point: the geohash of its finest cell. */
  static double score(GeoPoint point) {
    return of(point, MAX_STEP).bits();
  }

  /** The middle of the finest cell that a score names. */
  static GeoPoint pointOf(double score) {
    long bits = (long) score;
    GeoCell cell = new GeoCell(gather(bits), gather(bits >>> 1), MAX_STEP);
    return new GeoPoint(
        clip((cell.west() + cell.east()) / 2, GeoPoint.MAX_LONGITUDE),
        clip((cell.south() + cell.north()) / 2, GeoPoint.MAX_LATITUDE));
  }

  /** The geohash, 2 × step bits. */
  long bits() {
    return spread(row) | spread(column) << 1;
  }

  /** The lowest score of a point in this cell. */
  double minScore() {
    return bits() << finerBits();
  }

  /** The lowest score that is above those of all points in this cell. */
  double endScore() {
    return (bits() + 1) << finerBits();
  }

  /** Bits that the finest geohash has beyond those of this cell. */
  private int finerBits() {
    return 2 * (MAX_STEP - step);
  }

  /** The cell so many rows further north and columns further east; the grid goes round. */
  GeoCell neighbour(int rows, int columns) {
    long mask = (1L << step) - 1;
    return new GeoCell(
        rows == 0 ? row : (row + rows) & mask,
        columns == 0 ? column : (column + columns) & mask,
        step);
  }

  double south() {
    return edge(row, GeoPoint.MAX_LATITUDE);
  }

  double north() {
    return edge(row + 1, GeoPoint.MAX_LATITUDE);
  }

  double west() {
    return edge(column, GeoPoint.MAX_LONGITUDE);
  }

  double east() {
    return edge(column + 1, GeoPoint.MAX_LONGITUDE);
  }

  private double edge(long index, double max) {
    return -max + index * 1.0 / (1L << step) * (2 * max);
  }

  private static double clip(double degrees, double max) {
    return Math.max(-max, Math.min(max, degrees));
  }

  /** The lower 32 bits, each moved to twice its place. */
  private static long spread(long value) {
    long bits = value & 0xFFFFFFFFL;
    for (int i = 0; i < SPREAD_MASKS.length; i++) {
      bits = (bits | bits << (16 >> i)) & SPREAD_MASKS[i];
    }
    return bits;
  }

  /** Inverse of {@link #spread}; the bits between do not matter. */
  private static long gather(long value) {
    long bits = value & SPREAD_MASKS[SPREAD_MASKS.length - 1];
    for (int i = SPREAD_MASKS.length - 2; i >= 0; i--) {
      bits = (bits | bits >>> (16 >> (i + 1))) & SPREAD_MASKS[i];
    }
    return (bits | bits >>> 16) & 0xFFFFFFFFL;
  }
}
