package io.raftkv.meta;

import io.raftkv.storage.StorageException;

/**
 * Bytes of the metadata group that this build cannot read: damaged, or written by a newer release.
 * The replica that meets them must stop; skipping them would let the copies differ in silence.
 */
public final class MetaFormatException extends StorageException {
  private static final long serialVersionUID = 1L;

  MetaFormatException(String message) {
    super(message);
  }

  MetaFormatException(String message, Throwable cause) {
    super(message, cause);
  }
}
