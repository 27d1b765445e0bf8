package io.raftkv.resp.codec;

/**
 * Why nothing is left of a command but its name: it is well formed, but larger than this server
 * takes. Its bytes are dropped as they come, so that the connection can go on behind it.
 */
public enum Oversize {
  /** One of its words is longer than {@link RespLimits#maxBulkBytes}. */
  WORD,
  /** Its words together are longer than {@link RespLimits#queryBufferBytes}. */
  COMMAND
}
