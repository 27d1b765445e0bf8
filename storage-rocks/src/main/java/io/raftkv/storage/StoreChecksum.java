package io.raftkv.storage;

/**
 * Digest of all replicated rows of a store. Two replicas at the same index have equal checksums.
 *
 * @param index log index of the entry applied last
 * @param sha256 in lower-case hexadecimal
 */
public record StoreChecksum(long index, String sha256) {}
