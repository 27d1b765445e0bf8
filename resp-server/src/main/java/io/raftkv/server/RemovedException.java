package io.raftkv.server;

/** This node is no part of its cluster any more; the message says who said so. */
final class RemovedException extends Exception {
  private static final long serialVersionUID = 1;

  RemovedException(String message) {
    super(message);
  }
}
