package io.raftkv.resp.command;

import io.raftkv.resp.command.GeoQuery.Form;
import io.raftkv.resp.command.GeoQuery.Found;
import io.raftkv.resp.command.SortedSetAdding.Option;
import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.Keyspace;
import io.raftkv.storage.type.ScoredMember;
import io.raftkv.storage.type.ZSetType;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** The geo commands: sorted sets whose scores are geohashes. */
public final class GeoCommands {
  /** Where the options of GEORADIUS and GEORADIUSBYMEMBER may begin. */
  private static final int RADIUS_OPTIONS_AT = 5;

  private static final KeySpec SOURCE_AND_STORE =
      KeySpec.movable(1, 1, 1, GeoCommands::sourceAndStore);

  private static final String SEARCH_COST =
      "O(n + log m) for n members in cells around the area, m in all";

  /** The entries of the family. */
  public static final List<CommandSpec> ALL =
      List.of(
          geo("GEOADD", -5, KeySpec.FIRST, "3.2.0", "O(log n) per member", "Adds places.")
              .flags(Flag.DENYOOM)
              .writes(GeoCommands::geoadd),
          geo("GEOPOS", -2, KeySpec.FIRST, "3.2.0", "O(1) per member", "Returns where members are.")
              .reads(ofEach(GeoText::coordinates, Reply.NULL_ARRAY)),
          geo("GEOHASH", -2, KeySpec.FIRST, "3.2.0", "O(1) per member", "Returns geohashes.")
              .reads(ofEach(GeoText::hash, Reply.NULL)),
          geo("GEODIST", -4, KeySpec.FIRST, "3.2.0", "O(1)", "Returns how far two members are.")
              .reads(GeoCommands::geodist),
          geo(
                  "GEOSEARCH",
                  -7,
                  KeySpec.FIRST,
                  "6.2.0",
                  SEARCH_COST,
                  "Returns members in a circle or a box.")
              .reads(search(Form.SEARCH)),
          geo(
                  "GEOSEARCHSTORE",
                  -8,
                  KeySpec.FIRST_TWO,
                  "6.2.0",
                  SEARCH_COST,
                  "Stores members in a circle or a box.")
              .differs("Distances that are stored may differ in their last digits.")
              .flags(Flag.DENYOOM)
              .writes(search(Form.SEARCH_STORE)),
          geo(
                  "GEORADIUS",
                  -6,
                  SOURCE_AND_STORE,
                  "3.2.0",
                  SEARCH_COST,
                  "Returns or stores members around a point.")
              .differs("Distances that are stored may differ in their last digits.")
              .flags(Flag.DENYOOM)
              .writes(search(Form.RADIUS)),
          geo(
                  "GEORADIUS_RO",
                  -6,
                  KeySpec.FIRST,
                  "3.2.10",
                  SEARCH_COST,
                  "Returns members around a point.")
              .reads(search(Form.RADIUS_READ_ONLY)),
          geo(
                  "GEORADIUSBYMEMBER",
                  -5,
                  SOURCE_AND_STORE,
                  "3.2.0",
                  SEARCH_COST,
                  "Returns or stores members around another one.")
              .flags(Flag.DENYOOM)
              .writes(search(Form.RADIUS_BY_MEMBER)),
          geo(
                  "GEORADIUSBYMEMBER_RO",
                  -5,
                  KeySpec.FIRST,
                  "3.2.10",
                  SEARCH_COST,
                  "Returns members around another one.")
              .reads(search(Form.RADIUS_BY_MEMBER_READ_ONLY)));

  private GeoCommands() {}

  private static CommandSpec.Builder geo(
      String name, int arity, KeySpec keys, String since, String complexity, String summary) {
    return CommandSpec.command(name)
        .arity(arity)
        .keys(keys)
        .docs(Group.GEO, since, complexity, summary);
  }

  /** The source, and the key behind the last STORE or STOREDIST. */
  private static int[] sourceAndStore(Args args) {
    int store = 0;
    for (int i = RADIUS_OPTIONS_AT; i + 1 < args.size(); i++) {
      if (GeoQuery.isStore(args, i)) {
        store = ++i;
      }
    }
    return store == 0 ? new int[] {1} : new int[] {1, store};
  }

  /** As ZADD, with a geohash for a score. */
  private static Reply geoadd(Args args, Keyspace db) {
    SortedSetAdding adding = new SortedSetAdding(args, SortedSetAdding.OF_GEOADD);
    int at = adding.end();
    int places = (args.size() - at) / 3;
    if (places == 0 || (args.size() - at) % 3 != 0 || adding.hasSeveral(Option.NX, Option.XX)) {
      throw new CommandException(RespErrors.SYNTAX);
    }
    // All places are read before the first is set: a bad one leaves the set as it was.
    double[] scores = new double[places];
    for (int i = 0; i < places; i++) {
      scores[i] = GeoCell.score(GeoText.point(args, at + 3 * i));
    }
    ZSetType set = set(args, db);
    set.expect(places);
    for (int i = 0; i < places; i++) {
      adding.add(set, args.bytes(at + 3 * i + 2), scores[i], false);
    }
    set.save();
    return adding.countReply();
  }

  /** GEOPOS and GEOHASH: something of each place, something else for those that are not there. */
  private static CommandSpec.Handler ofEach(Function<GeoPoint, Reply> part, Reply absent) {
    return (args, db) -> {
      ZSetType set = set(args, db);
      List<Reply> replies = new ArrayList<>(args.size() - 2);
      for (int i = 2; i < args.size(); i++) {
        double score = set.score(args.bytes(i));
        replies.add(Double.isNaN(score) ? absent : part.apply(GeoCell.pointOf(score)));
      }
      return Reply.array(replies);
    };
  }

  private static Reply geodist(Args args, Keyspace db) {
    if (args.size() > 5) {
      throw new CommandException(RespErrors.SYNTAX);
    }
    double unit = args.size() == 5 ? GeoText.unit(args, 4) : 1;
    ZSetType set = set(args, db);
    double from = set.score(args.bytes(2));
    double to = set.score(args.bytes(3));
    return Double.isNaN(from) || Double.isNaN(to)
        ? Reply.NULL
        : GeoText.distance(GeoCell.pointOf(from).distanceTo(GeoCell.pointOf(to)) / unit);
  }

  private static CommandSpec.Handler search(Form form) {
    return (args, db) -> {
      GeoQuery query = GeoQuery.parse(args, form, db);
      List<Found> found = query.run(db);
      if (!query.stores()) {
        return Reply.array(found.stream().map(each -> reply(query, each)).toList());
      }
      List<ScoredMember> members = new ArrayList<>(found.size());
      for (Found each : found) {
        members.add(
            new ScoredMember(
                each.member(), query.storesDistances() ? each.distance() : each.score()));
      }
      db.release();
      return Reply.integer(ZSetType.replace(db.key(query.storeKey()), members));
    };
  }

  private static Reply reply(GeoQuery query, Found found) {
    List<Reply> parts = new ArrayList<>(4);
    parts.add(Reply.bulk(found.member()));
    if (query.withDistance()) {
      parts.add(GeoText.distance(found.distance()));
    }
    if (query.withHash()) {
      parts.add(Reply.integer((long) found.score()));
    }
    if (query.withCoordinates()) {
      parts.add(GeoText.coordinates(found.point()));
    }
    return parts.size() == 1 ? parts.get(0) : Reply.array(parts);
  }

  private static ZSetType set(Args args, Keyspace db) {
    return new ZSetType(db.key(args.bytes(1)));
  }
}
