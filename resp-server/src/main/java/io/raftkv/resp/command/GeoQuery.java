package io.raftkv.resp.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.type.ZSetCursor;
import io.raftkv.storage.type.ZSetRange;
import io.raftkv.storage.type.ZSetType;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * A search around a point: the arguments of GEOSEARCH, GEORADIUS and their like, and the run of it.
 *
 * <p>Mistakes are found in the order in which Redis finds them, for the first one is the answer.
 */
final class GeoQuery {
  /** Which command is read. */
  enum Form {
    RADIUS(6),
    RADIUS_READ_ONLY(6),
    RADIUS_BY_MEMBER(5),
    RADIUS_BY_MEMBER_READ_ONLY(5),
    SEARCH(2),
    SEARCH_STORE(3);

    /** Words in front of the options. */
    private final int fixedWords;

    Form(int fixedWords) {
      this.fixedWords = fixedWords;
    }

    boolean isSearch() {
      return this == SEARCH || this == SEARCH_STORE;
    }

    private boolean mayStore() {
      return this == RADIUS || this == RADIUS_BY_MEMBER;
    }

    private boolean isAroundMember() {
      return this == RADIUS_BY_MEMBER || this == RADIUS_BY_MEMBER_READ_ONLY;
    }
  }

  /**
   * A member that was found.
   *
   * @param distance from the center, in the unit of the query
   */
  record Found(byte[] member, double score, GeoPoint point, double distance) {}

  private enum Order {
    NONE,
    ASCENDING,
    DESCENDING
  }

  private static final Comparator<Found> NEAREST = Comparator.comparingDouble(Found::distance);

  private final Args args;
  private final Form form;
  private final ZSetType set;

  private GeoPoint center;

  /** FROMMEMBER or FROMLONLAT was given; without a source key the former has no point. */
  private boolean fromMember;

  private boolean fromPoint;
  private boolean circle;
  private boolean box;
  private double unit = 1;
  private double radius;
  private double width;
  private double height;

  private boolean withDistance;
  private boolean withHash;
  private boolean withCoordinates;
  private Order order = Order.NONE;
  private long count;
  private boolean any;
  private int storeAt;
  private boolean storesDistances;

  private GeoQuery(Args args, Form form, ZSetType set) {
    this.args = args;
    this.form = form;
    this.set = set;
  }

  static GeoQuery parse(Args args, Form form, Keyspace db) {
    int sourceAt = form == Form.SEARCH_STORE ? 2 : 1;
    GeoQuery query = new GeoQuery(args, form, new ZSetType(db.key(args.bytes(sourceAt))));
    query.parseFixed();
    for (int i = form.fixedWords; i < args.size(); ) {
      i = query.parseOption(i);
    }
    query.checkOptions();
    return query;
  }

  private void parseFixed() {
    storeAt = form == Form.SEARCH_STORE ? 1 : 0;
    if (form.isSearch()) {
      return;
    }
    circle = true;
    if (!form.isAroundMember()) {
      center = GeoText.point(args, 2);
      parseRadius(4);
    } else if (set.exists()) {
      center = pointOfMember(2);
      parseRadius(3);
    }
  }

  /** Reads the option at {@code at} and returns where the next one is. */
  private int parseOption(int at) {
    int following = args.size() - at - 1;
    if (args.is(at, "WITHDIST")) {
      withDistance = true;
    } else if (args.is(at, "WITHHASH")) {
      withHash = true;
    } else if (args.is(at, "WITHCOORD")) {
      withCoordinates = true;
    } else if (args.is(at, "ANY")) {
      any = true;
    } else if (args.is(at, "ASC")) {
      order = Order.ASCENDING;
    } else if (args.is(at, "DESC")) {
      order = Order.DESCENDING;
    } else if (args.is(at, "COUNT") && following >= 1) {
      count = args.int64(at + 1);
      if (count <= 0) {
        throw new CommandException(RespErrors.GEO_COUNT_NOT_POSITIVE);
      }
      return at + 2;
    } else if (form.mayStore() && isStore(args, at) && following >= 1) {
      storesDistances = args.is(at, "STOREDIST");
      storeAt = at + 1;
      return at + 2;
    } else if (form == Form.SEARCH_STORE && args.is(at, "STOREDIST")) {
      storesDistances = true;
    } else if (form.isSearch()) {
      return parseArea(at, following);
    } else {
      throw new CommandException(RespErrors.SYNTAX);
    }
    return at + 1;
  }

  private int parseArea(int at, int following) {
    if (args.is(at, "FROMMEMBER") && following >= 1 && !fromPoint) {
      fromMember = true;
      if (set.exists()) {
        center = pointOfMember(at + 1);
      }
      return at + 2;
    }
    if (args.is(at, "FROMLONLAT") && following >= 2 && !fromMember) {
      fromPoint = true;
      center = GeoText.point(args, at + 1);
      return at + 3;
    }
    if (args.is(at, "BYRADIUS") && following >= 2 && !box) {
      circle = true;
      parseRadius(at + 1);
      return at + 3;
    }
    if (args.is(at, "BYBOX") && following >= 3 && !circle) {
      box = true;
      width = args.float64(at + 1, RespErrors.GEO_WIDTH);
      height = args.float64(at + 2, RespErrors.GEO_HEIGHT);
      if (width < 0 || height < 0) {
        throw new CommandException(RespErrors.GEO_BOX_NEGATIVE);
      }
      unit = GeoText.unit(args, at + 3);
      return at + 4;
    }
    throw new CommandException(RespErrors.SYNTAX);
  }

  /** STORE and STOREDIST as the RADIUS commands have them, with a key behind. */
  static boolean isStore(Args args, int at) {
    return args.is(at, "STORE") || args.is(at, "STOREDIST");
  }

  private void parseRadius(int at) {
    radius = args.float64(at, RespErrors.GEO_RADIUS);
    if (radius < 0) {
      throw new CommandException(RespErrors.GEO_RADIUS_NEGATIVE);
    }
    unit = GeoText.unit(args, at + 1);
  }

  private GeoPoint pointOfMember(int at) {
    double score = set.score(args.bytes(at));
    if (Double.isNaN(score)) {
      throw new CommandException(RespErrors.GEO_NO_MEMBER);
    }
    return GeoCell.pointOf(score);
  }

  private void checkOptions() {
    if (stores() && (withDistance || withHash || withCoordinates)) {
      throw new CommandException(
          form == Form.SEARCH_STORE
              ? RespErrors.GEOSEARCHSTORE_WITH
              : RespErrors.GEORADIUS_STORE_WITH);
    }
    if (form.isSearch() && !fromMember && !fromPoint) {
      throw new CommandException(RespErrors.noGeoCenter(args.text(0)));
    }
    if (form.isSearch() && !circle && !box) {
      throw new CommandException(RespErrors.noGeoShape(args.text(0)));
    }
    if (any && count == 0) {
      throw new CommandException(RespErrors.GEO_ANY_WITHOUT_COUNT);
    }
  }

  /** The members of the area, in the order of the reply. */
  List<Found> run(Keyspace db) {
    List<Found> found = new ArrayList<>();
    if (!set.exists()) {
      return found;
    }
    GeoShape shape =
        circle
            ? new GeoShape.Circle(center, radius * unit)
            : new GeoShape.Box(center, width * unit, height * unit);
    for (GeoCell cell : GeoArea.cells(shape)) {
      if (!any || found.size() < count) {
        collect(cell, shape, found, db);
      }
    }
    // The nearest ones are meant if there is only a count, but not if any will do.
    Order effective = order == Order.NONE && count > 0 && !any ? Order.ASCENDING : order;
    if (effective != Order.NONE) {
      found.sort(effective == Order.ASCENDING ? NEAREST : NEAREST.reversed());
    }
    return count > 0 && count < found.size() ? found.subList(0, (int) count) : found;
  }

  private void collect(GeoCell cell, GeoShape shape, List<Found> found, Keyspace db) {
    ZSetRange range = new ZSetRange.ByScore(cell.minScore(), false, cell.endScore(), true);
    try (ZSetCursor cursor = set.walk(range)) {
      while ((!any || found.size() < count) && cursor.next()) {
        GeoPoint point = GeoCell.pointOf(cursor.score());
        double distance = shape.distanceInside(point);
        if (!Double.isNaN(distance)) {
          db.hold(cursor.member());
          found.add(new Found(cursor.member(), cursor.score(), point, distance / unit));
        }
      }
    }
  }

  /** True if there is a key that takes the result. */
  boolean stores() {
    return storeAt != 0;
  }

  byte[] storeKey() {
    return args.bytes(storeAt);
  }

  /** True if distances are stored as scores, not geohashes. */
  boolean storesDistances() {
    return storesDistances;
  }

  boolean withDistance() {
    return withDistance;
  }

  boolean withHash() {
    return withHash;
  }

  boolean withCoordinates() {
    return withCoordinates;
  }
}
