package io.raftkv.meta;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.UUID;

/** Ids that follow from names, so that every node computes the same ones without asking. */
public final class DerivedIds {
  /** The Raft group that holds the metadata; one cluster has one. */
  public static final UUID METADATA_GROUP =
      UUID.nameUUIDFromBytes("raftkv-metadata".getBytes(StandardCharsets.US_ASCII));

  /** Keeps the parts of a hashed name apart: no id may contain it. */
  private static final char SEPARATOR = 0;

  private DerivedIds() {}

  /**
   * The Raft group of a shard.
   *
   * @param incarnation tells apart groups that serve the same shard id one after another
   */
  public static UUID groupId(String clusterId, String shardId, long incarnation) {
    String name = "group" + SEPARATOR + clusterId + SEPARATOR + shardId + SEPARATOR + incarnation;
    ByteBuffer hash = ByteBuffer.wrap(digest("SHA-256", name));
    // RFC 9562, version 8: an id of our own making.
    long high = (hash.getLong() & ~0xf000L) | 0x8000L;
    long low = (hash.getLong() & 0x3fff_ffff_ffff_ffffL) | 0x8000_0000_0000_0000L;
    return new UUID(high, low);
  }

  /** The 40 hexadecimal digits by which CLUSTER NODES and its like name a node. */
  public static String redisNodeId(String clusterId, String nodeId) {
    return HexFormat.of()
        .formatHex(digest("SHA-1", "node" + SEPARATOR + clusterId + SEPARATOR + nodeId));
  }

  private static byte[] digest(String algorithm, String name) {
    try {
      return MessageDigest.getInstance(algorithm).digest(name.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("every Java platform has " + algorithm, impossible);
    }
  }
}
