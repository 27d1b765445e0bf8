package io.raftkv.storage.type;

import io.raftkv.storage.CorruptStoreException;
import io.raftkv.storage.Family;
import io.raftkv.storage.KeyHandle;
import io.raftkv.storage.RowCursor;
import io.raftkv.storage.WritableRows;
import io.raftkv.storage.row.ElementRows;
import io.raftkv.storage.type.RankNode.Child;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Finds ranks in the score rows of a sorted set: a B+-tree whose leaves are the score rows
 * themselves.
 *
 * <p>The score rows are cut into blocks of at most {@link #BLOCK_MAX}. The lowest nodes name the
 * blocks by separators and say how many rows each has, the nodes above them say the same of nodes.
 * A rank is the sum of the counts to the left on the way down, and a walk inside one block. A set
 * that fits in one block has no nodes.
 *
 * <p>What a change touches is at most one node per level, and of these only the short row of counts
 * as long as nothing is split or joined. Changes gather here until {@link #store}, so that a
 * command with many members writes a node once. The shape follows from the sequence of changes, so
 * it is the same on all replicas.
 *
 * <p>A set from before there were nodes is one block of any size. It works, with ranks found by
 * walking, and is cut up by the next member that is added. One from before there were {@link
 * ScoreEnds} learns them as it changes.
 *
 * <p>The tree also counts the score rows that were deleted: when they are many {@link RowZSet}
 * makes the rows anew. Not thread-safe; lives for one command.
 */
final class RankTree {
  /** Rows of a block at most: the largest count that takes one byte. */
  static final int BLOCK_MAX = 127;

  /** Children of a node at most. */
  static final int CHILDREN_MAX = 256;

  /** Bytes of separators in a node at most, unless that left it with fewer than two children. */
  private static final int NODE_BYTES = 8 << 10;

  /** What has become as small as this is joined with a neighbour, if both are not too large. */
  private static final int SMALL_BLOCK = BLOCK_MAX / 4;

  private static final int SMALL_NODE = CHILDREN_MAX / 4;

  /** Blocks and nodes are made, and joined, up to two thirds: room for changes either way. */
  private static final int BLOCK_FILL = BLOCK_MAX * 2 / 3;

  private static final int NODE_FILL = CHILDREN_MAX * 2 / 3;
  private static final int NODE_FILL_BYTES = NODE_BYTES * 2 / 3;

  /**
   * Of the record's part: nodes alone, with the ends of the rows behind them, and with how many
   * rows were deleted between.
   */
  private static final byte NODES = 2;

  private static final byte NODES_AND_ENDS = 3;
  private static final byte NODES_REMOVED_AND_ENDS = 4;
  private static final int NODES_BYTES = 2 + 2 * Integer.BYTES;
  private static final int FIRST_NODE = 1;

  private final KeyHandle key;
  private final long id;

  /** Bytes of slot and id, with which all rows begin. */
  private final int prefix;

  /** Nodes that were read or made; null for one whose rows have to go. */
  private final Map<Integer, RankNode> nodes = new TreeMap<>();

  private ScoreEnds ends;
  private long size;

  /** Score rows that were deleted since the rows have their id, or since this was looked at. */
  private long removed;

  private int height;
  private int root;
  private int nextNode = FIRST_NODE;

  /** The tree of a new set. */
  RankTree(KeyHandle key, long id) {
    this.key = key;
    this.id = id;
    this.prefix = ElementRows.from(key.slot(), id).length;
    this.ends = ScoreEnds.ofNone(key, id);
  }

  /** The tree of a set of {@code size} members; {@code in} is behind the size in its record. */
  RankTree(KeyHandle key, long id, long size, ByteBuffer in) {
    this(key, id);
    this.size = size;
    if (!in.hasRemaining()) {
      ends = ScoreEnds.unknown(key, id);
      return;
    }
    int bytes = in.remaining();
    byte format = in.get();
    int least = NODES_BYTES + (format == NODES_REMOVED_AND_ENDS ? Long.BYTES : 0);
    boolean known = format == NODES ? bytes == least : bytes >= least;
    if (!known || format < NODES || format > NODES_REMOVED_AND_ENDS) {
      throw new CorruptStoreException("sorted set record with another format of ranks");
    }
    height = in.get();
    root = in.getInt();
    nextNode = in.getInt();
    boolean none = format != NODES && height == 0 && root == 0 && nextNode == FIRST_NODE;
    if (!none && (height <= 0 || root < FIRST_NODE || root >= nextNode)) {
      throw new CorruptStoreException("sorted set record with root " + root + " at " + height);
    }
    removed = format == NODES_REMOVED_AND_ENDS ? in.getLong() : 0;
    ends = format == NODES ? ScoreEnds.unknown(key, id) : ScoreEnds.decode(key, id, in);
  }

  /** What the set's record has to say behind its size. */
  byte[] encode() {
    byte[] encodedEnds = ends.encode();
    boolean sparse = removed > 0;
    int bytes = NODES_BYTES + (sparse ? Long.BYTES : 0) + encodedEnds.length;
    ByteBuffer out =
        ByteBuffer.allocate(bytes)
            .put(sparse ? NODES_REMOVED_AND_ENDS : NODES_AND_ENDS)
            .put((byte) height)
            .putInt(root)
            .putInt(nextNode);
    if (sparse) {
      out.putLong(removed);
    }
    return out.put(encodedEnds).array();
  }

  /** Writes the rows of the nodes that have changed. The set has members. */
  void store() {
    ends.settle();
    WritableRows out = key.writableRows();
    nodes.forEach(
        (number, node) -> {
          if (node == null) {
            out.delete(Family.SCORE, childrenRow(number));
            out.delete(Family.SCORE, countsRow(number));
            return;
          }
          byte[] children = node.takeUnstoredChildren();
          if (children != null) {
            out.put(Family.SCORE, childrenRow(number), children);
          }
          byte[] counts = node.takeUnstoredCounts();
          if (counts != null) {
            out.put(Family.SCORE, countsRow(number), counts);
          }
        });
    nodes.values().removeIf(node -> node == null);
  }

  long size() {
    return size;
  }

  /** How many score rows were deleted since the rows have their id, or {@link #forgetRemoved}. */
  long removed() {
    return removed;
  }

  /** Counts the deleted score rows anew. */
  void forgetRemoved() {
    removed = 0;
  }

  /** No score row is before this key: where a walk from the first one begins. */
  byte[] from() {
    return ends.from();
  }

  /** All score rows are before this key. */
  byte[] to() {
    return ends.to();
  }

  /** How many score rows come before {@code row}, which need not exist. */
  long rankOf(byte[] row) {
    if (isBefore(ends.to(), row)) {
      return size;
    }
    Path path = pathTo(row);
    return path.before + rowsBetween(path.from, row);
  }

  /** The score row of a rank that exists. */
  byte[] rowAt(long rank) {
    Path path = pathTo(rank);
    long offset = rank - path.before;
    boolean backwards = offset > path.count / 2;
    try (RowCursor cursor =
        backwards
            ? key.rows().descending(Family.SCORE, path.from, path.to)
            : key.rows().ascending(Family.SCORE, path.from, path.to)) {
      skip(cursor, (backwards ? path.count - 1 - offset : offset) + 1);
      return cursor.key();
    }
  }

  /**
   * The score rows from that of a rank, which exists, to the last or, backwards, the first one.
   * Close it.
   */
  RowCursor walk(long rank, boolean backwards) {
    Path path = pathTo(rank);
    long skip = backwards ? path.before + path.count - 1 - rank : rank - path.before;
    RowCursor cursor =
        backwards
            ? key.rows().descending(Family.SCORE, ends.from(), path.to)
            : key.rows().ascending(Family.SCORE, path.from, ends.to());
    try {
      skip(cursor, skip);
      return cursor;
    } catch (RuntimeException | Error e) {
      cursor.close();
      throw e;
    }
  }

  /** Takes account of a score row that was just written and was not there before. */
  void add(byte[] row) {
    ends.added(row);
    Path path = pathTo(row);
    path.add(1);
    size++;
    if (path.count > BLOCK_MAX) {
      List<Child> pieces = cut(path, isLast(path, row));
      for (int depth = height - 1; depth >= 0 && pieces.size() > 1; depth--) {
        pieces = replaceChild(path, depth, pieces);
      }
      if (pieces.size() > 1) {
        raise(pieces);
      }
    }
  }

  /**
   * Takes account of all the score rows of a new set, which are written already; until then it had
   * none.
   */
  void addAll(byte[] first, byte[] last, long rows) {
    ends.added(first);
    ends.added(last);
    size = rows;
    if (rows > BLOCK_MAX) {
      raise(cut(new Path(), false));
    }
  }

  /** Takes account of a score row that is deleted by this command. */
  void remove(byte[] row) {
    Path path = pathTo(row);
    ends.removed(row, path.first, path.last);
    path.add(-1);
    size--;
    removed++;
    tidy(path);
  }

  /**
   * Takes account of all score rows of a range, which are going to be deleted but are still there.
   *
   * @param count how many there are
   */
  void remove(byte[] from, byte[] to, long count) {
    if (height > 0) {
      long pruned = prune(node(root), height, ends.from(), ends.to(), from, to);
      if (pruned != count) {
        throw new CorruptStoreException(
            "sorted set counts %d rows where %d are".formatted(pruned, count));
      }
    }
    ends.removed(from, to);
    size -= count;
    removed += count;
    tidy(pathTo(from));
    tidy(pathTo(to));
  }

  /**
   * Takes account of few score rows, not all, which are deleted by this command.
   *
   * @param from no other row is between this key
   * @param to and this one
   */
  void remove(byte[] from, byte[] to, List<byte[]> rows) {
    ends.removed(from, to);
    removed += rows.size();
    for (byte[] row : rows) {
      Path path = pathTo(row);
      path.add(-1);
      size--;
      tidy(path);
    }
  }

  /** The set has no members any more: whoever deletes its key deletes all rows. */
  void clear() {
    nodes.clear();
    size = 0;
    height = 0;
    root = 0;
    nextNode = FIRST_NODE;
  }

  private Path pathTo(byte[] row) {
    Path path = new Path();
    for (int depth = 0; depth < height; depth++) {
      RankNode node = path.next(depth);
      path.enter(depth, node, node.find(row, prefix));
    }
    return path;
  }

  private Path pathTo(long rank) {
    Path path = new Path();
    for (int depth = 0; depth < height; depth++) {
      RankNode node = path.next(depth);
      path.enter(depth, node, node.at(node.indexOf(rank - path.before)));
    }
    return path;
  }

  private boolean isLast(Path path, byte[] row) {
    return path.last && rowsBetween(Arrays.copyOf(row, row.length + 1), ends.to()) == 0;
  }

  /**
   * The blocks that one too large is cut into.
   *
   * @param appending the block grows at the end of the set, as it does when scores are times: what
   *     is in front of the end will not grow and is left nearly full
   */
  private List<Child> cut(Path path, boolean appending) {
    int parts = parts(path.count, BLOCK_FILL);
    List<Child> pieces = new ArrayList<>(parts);
    byte[] separator = {};
    byte[] last = null;
    long seen = 0;
    try (RowCursor rows = key.rows().ascending(Family.SCORE, path.from, path.to)) {
      for (int part = 1; part <= parts; part++) {
        long first = seen;
        long behind = border(path.count, part, parts, appending);
        for (; seen < behind; seen++) {
          if (!rows.next()) {
            throw tooFewRows();
          }
          if (seen == first && last != null) {
            separator = separator(last, rows.key());
          }
          if (seen == behind - 1) {
            last = rows.key();
          }
        }
        pieces.add(new Child(separator, 0, behind - first));
      }
    }
    return pieces;
  }

  /** The shortest separator of two neighbouring rows. */
  private byte[] separator(byte[] left, byte[] right) {
    return Arrays.copyOfRange(right, prefix, Arrays.mismatch(left, right) + 1);
  }

  private static int parts(long size, int fill) {
    return Math.toIntExact(Math.max(2, (size + fill - 1) / fill));
  }

  /** Where a part of something that is cut up ends. */
  private static long border(long size, int part, int parts, boolean appending) {
    return appending && parts == 2 && part == 1
        ? size - Math.max(2, size / 8)
        : size * part / parts;
  }

  /**
   * Puts pieces in place of a child on the path. Returns the node, and if it was split the new
   * nodes too: what has to take its place in the node above it.
   */
  private List<Child> replaceChild(Path path, int depth, List<Child> pieces) {
    RankNode node = path.nodes[depth];
    int index = path.indexes[depth];
    List<Child> children = node.children();
    children.set(index, pieces.get(0).withSeparator(children.get(index).separator()));
    children.addAll(index + 1, pieces.subList(1, pieces.size()));
    return spread(node, children, path.last && index + pieces.size() == children.size());
  }

  /** A new root, or as many levels as it takes, above what the old root was split into. */
  private void raise(List<Child> pieces) {
    List<Child> top = pieces;
    while (top.size() > 1) {
      top = spread(newNode(), top, false);
      height++;
    }
    root = top.get(0).node();
  }

  /** Gives children to a node, and to new ones behind it if they are too many for one. */
  private List<Child> spread(RankNode first, List<Child> children, boolean appending) {
    first.replace(children);
    int size = children.size();
    int parts = 1;
    if (size > CHILDREN_MAX || (first.bytes() > NODE_BYTES && size >= 4)) {
      int byBytes = Math.min(parts(first.bytes(), NODE_FILL_BYTES), size / 2);
      parts = Math.max(parts(size, NODE_FILL), byBytes);
    }
    List<Child> above = new ArrayList<>(parts);
    int from = 0;
    for (int part = 1; part <= parts; part++) {
      int to = (int) border(size, part, parts, appending);
      RankNode node = part == 1 ? first : newNode();
      node.replace(children.subList(from, to));
      above.add(new Child(children.get(from).separator(), node.number(), node.total()));
      from = to;
    }
    return above;
  }

  /** Joins what has become small along a path, and takes away what is empty. */
  private void tidy(Path path) {
    for (int depth = path.nodes.length - 1; depth >= 0; depth--) {
      if (depth == path.nodes.length - 1) {
        tidyBlocks(path.nodes[depth], path.indexes[depth]);
      } else {
        tidyNodes(path.nodes[depth], path.indexes[depth], path.nodes[depth + 1]);
      }
    }
    while (height > 0 && node(root).size() <= 1) {
      RankNode top = node(root);
      drop(top);
      root = top.size() == 0 ? 0 : top.at(0).node();
      height = top.size() == 0 ? 0 : height - 1;
    }
    if (height == 0) {
      nextNode = FIRST_NODE;
    }
  }

  private static void tidyBlocks(RankNode node, int index) {
    long count = node.count(index);
    if (count > SMALL_BLOCK) {
      return;
    }
    if (node.size() == 1) {
      if (count == 0) {
        node.replace(List.of());
      }
      return;
    }
    boolean right =
        index == 0 || (index + 1 < node.size() && node.count(index + 1) < node.count(index - 1));
    int left = right ? index : index - 1;
    if (count == 0 || node.count(left) + node.count(left + 1) <= BLOCK_FILL) {
      node.replace(joined(node.children(), left));
    }
  }

  private void tidyNodes(RankNode parent, int index, RankNode child) {
    if (child.size() == 0) {
      List<Child> children = parent.children();
      children.remove(index);
      parent.replace(children);
      drop(child);
      return;
    }
    if (child.size() > SMALL_NODE || parent.size() == 1) {
      return;
    }
    int left = Math.max(index - 1, 0);
    RankNode first = node(parent.at(left).node());
    RankNode second = node(parent.at(left + 1).node());
    if (first.size() + second.size() > NODE_FILL
        || first.bytes() + second.bytes() > NODE_FILL_BYTES) {
      return;
    }
    List<Child> children = first.children();
    List<Child> more = second.children();
    more.set(0, more.get(0).withSeparator(parent.at(left + 1).from()));
    children.addAll(more);
    first.replace(children);
    parent.replace(joined(parent.children(), left));
    drop(second);
  }

  /** The children, of which one has taken over its right neighbour. */
  private static List<Child> joined(List<Child> children, int left) {
    Child second = children.remove(left + 1);
    Child first = children.get(left);
    children.set(left, first.withCount(first.count() + second.count()));
    return children;
  }

  /** Takes the rows of a range out of the counts below a node; returns how many they are. */
  private long prune(RankNode node, int level, byte[] low, byte[] high, byte[] from, byte[] to) {
    List<Child> children = node.children();
    List<Child> kept = new ArrayList<>(children.size());
    long pruned = 0;
    for (int i = 0; i < children.size(); i++) {
      Child child = children.get(i);
      byte[] first = i == 0 ? low : row(child.separator());
      byte[] behind = i == children.size() - 1 ? high : row(children.get(i + 1).separator());
      long gone;
      if (isBefore(behind, from) || isBefore(to, first)) {
        gone = 0;
      } else if (isBefore(from, first) && isBefore(behind, to)) {
        gone = child.count();
        dropAll(child);
      } else if (level == 1) {
        gone =
            rowsBetween(isBefore(from, first) ? first : from, isBefore(behind, to) ? behind : to);
      } else {
        gone = prune(node(child.node()), level - 1, first, behind, from, to);
        if (gone == child.count()) {
          drop(node(child.node()));
        }
      }
      pruned += gone;
      if (gone < child.count()) {
        kept.add(child.withCount(child.count() - gone));
      }
    }
    node.replace(kept);
    return pruned;
  }

  /** True if what ends before {@code end} has nothing at or behind {@code begin}. */
  private static boolean isBefore(byte[] end, byte[] begin) {
    return Arrays.compareUnsigned(end, begin) <= 0;
  }

  private void dropAll(Child child) {
    if (child.node() != 0) {
      RankNode node = node(child.node());
      node.children().forEach(this::dropAll);
      drop(node);
    }
  }

  private void drop(RankNode node) {
    nodes.put(node.number(), null);
  }

  private RankNode newNode() {
    RankNode node = new RankNode(nextNode++);
    nodes.put(node.number(), node);
    return node;
  }

  private RankNode node(int number) {
    RankNode known = nodes.get(number);
    if (known != null) {
      return known;
    }
    byte[] children = key.rows().get(Family.SCORE, childrenRow(number));
    byte[] counts = key.rows().get(Family.SCORE, countsRow(number));
    if (children == null || counts == null || nodes.containsKey(number)) {
      throw new CorruptStoreException("sorted set without its rank node " + number);
    }
    RankNode node = new RankNode(number, children, counts);
    nodes.put(number, node);
    return node;
  }

  private long rowsBetween(byte[] from, byte[] to) {
    if (isBefore(to, from)) {
      return 0;
    }
    long rows = 0;
    try (RowCursor cursor = key.rows().ascending(Family.SCORE, from, to)) {
      while (cursor.next()) {
        rows++;
      }
    }
    return rows;
  }

  private static void skip(RowCursor cursor, long rows) {
    for (long i = 0; i < rows; i++) {
      if (!cursor.next()) {
        throw tooFewRows();
      }
    }
  }

  private byte[] row(byte[] separator) {
    return ElementRows.scoreRow(key.slot(), id, separator);
  }

  private byte[] childrenRow(int node) {
    return ElementRows.rankChildren(key.slot(), id, node);
  }

  private byte[] countsRow(int node) {
    return ElementRows.rankCounts(key.slot(), id, node);
  }

  private static CorruptStoreException tooFewRows() {
    return new CorruptStoreException("sorted set with fewer score rows than it counts");
  }

  /** The way from the root to a block: nodes, which child of each, and what the block is. */
  private final class Path {
    private final RankNode[] nodes = new RankNode[height];
    private final int[] indexes = new int[height];
    private byte[] from = ends.from();
    private byte[] to = ends.to();

    /** True while the way goes through the first child of every node. */
    private boolean first = true;

    /** True while the way goes through the last child of every node. */
    private boolean last = true;

    /** Members in front of the block. */
    private long before;

    private long count = size;
    private int node = root;

    /** The node to search next; what its parent says of it must be true. */
    RankNode next(int depth) {
      RankNode found = node(node);
      if (found.total() != count) {
        throw new CorruptStoreException(
            "rank node %d at depth %d counts %d members, not %d"
                .formatted(node, depth, found.total(), count));
      }
      return found;
    }

    void enter(int depth, RankNode found, RankNode.Place place) {
      nodes[depth] = found;
      indexes[depth] = place.index();
      before += found.countBefore(place.index());
      count = found.count(place.index());
      from = place.index() == 0 ? from : row(place.from());
      to = place.to() == null ? to : row(place.to());
      first &= place.index() == 0;
      last &= place.to() == null;
      node = place.node();
    }

    void add(long delta) {
      for (int depth = 0; depth < nodes.length; depth++) {
        nodes[depth].add(indexes[depth], delta);
      }
      count += delta;
    }
  }
}
