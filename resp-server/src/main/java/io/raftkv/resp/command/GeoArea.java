package io.raftkv.resp.command;

import java.util.ArrayList;
import java.util.List;

/**
 * The cells of the grid that a search has to look at: the one of the center and those around it, in
 * a grid just coarse enough that nine cells cover the shape. Which cells, and in which order,
 * follows Redis, for it shows: results that nobody asked to sort come in the order of cells.
 */
final class GeoArea {
  /** Half of the length of the equator on the map. */
  private static final double HALF_MAP_METERS = 20_037_726.37;

  /** Beyond these latitudes cells are so narrow that a coarser grid is taken, each time twice. */
  private static final double FAR_NORTH = 66;

  private static final double POLAR = 80;

  /** Rows and columns from the center's cell, in the order of the search. */
  private static final int[][] ORDER = {
    {0, 0}, {1, 0}, {-1, 0}, {0, 1}, {0, -1}, {1, 1}, {1, -1}, {-1, 1}, {-1, -1}
  };

  private final GeoShape shape;
  private final double south;
  private final double north;
  private final double west;
  private final double east;

  private GeoArea(GeoShape shape) {
    this.shape = shape;
    GeoPoint center = shape.center();
    double rows = GeoPoint.degrees(shape.halfHeight() / GeoPoint.EARTH_RADIUS_METERS);
    // Parallels are shortest at the side of the nearer pole.
    double parallel = center.latitude() < 0 ? center.latitude() - rows : center.latitude() + rows;
    double columns =
        GeoPoint.degrees(
            shape.halfWidth()
                / GeoPoint.EARTH_RADIUS_METERS
                / StrictMath.cos(GeoPoint.radians(parallel)));
    this.south = center.latitude() - rows;
    this.north = center.latitude() + rows;
    this.west = center.longitude() - columns;
    this.east = center.longitude() + columns;
  }

  /** The cells to search, in order, none twice in a row. */
  static List<GeoCell> cells(GeoShape shape) {
    return new GeoArea(shape).cells();
  }

  private List<GeoCell> cells() {
    int step = step(shape.reach(), shape.center().latitude());
    GeoCell center = GeoCell.of(shape.center(), step);
    if (step > 1 && !neighboursCover(center)) {
      center = GeoCell.of(shape.center(), --step);
    }
    List<GeoCell> cells = new ArrayList<>(ORDER.length);
    for (int[] offset : ORDER) {
      GeoCell cell = center.neighbour(offset[0], offset[1]);
      boolean again = !cells.isEmpty() && cells.get(cells.size() - 1).equals(cell);
      // In a grid of four cells neighbours are met from both sides: none can be left out.
      if (!again && (step == 1 || isOfUse(center, offset[0], offset[1]))) {
        cells.add(cell);
      }
    }
    return cells;
  }

  /** The finest grid of which nine cells surely cover a circle, as long as it is in the middle. */
  private static int step(double reach, double latitude) {
    if (reach == 0) {
      return GeoCell.MAX_STEP;
    }
    int step = -1;
    for (double length = reach; length < HALF_MAP_METERS; length *= 2) {
      step++;
    }
    double fromEquator = Math.abs(latitude);
    step -= fromEquator > POLAR ? 2 : fromEquator > FAR_NORTH ? 1 : 0;
    return Math.max(1, Math.min(step, GeoCell.MAX_STEP));
  }

  private boolean neighboursCover(GeoCell center) {
    return center.neighbour(1, 0).north() >= north
        && center.neighbour(-1, 0).south() <= south
        && center.neighbour(0, 1).east() >= east
        && center.neighbour(0, -1).west() <= west;
  }

  /** False for a neighbour on a side on which the center's cell reaches beyond the shape. */
  private boolean isOfUse(GeoCell center, int rows, int columns) {
    return !(rows < 0 && center.south() < south)
        && !(rows > 0 && center.north() > north)
        && !(columns < 0 && center.west() < west)
        && !(columns > 0 && center.east() > east);
  }
}
