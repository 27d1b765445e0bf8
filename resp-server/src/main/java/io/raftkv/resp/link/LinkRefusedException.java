package io.raftkv.resp.link;

import java.io.IOException;

/** Whoever was connected to does not take this node for one of its cluster; the message is its. */
public final class LinkRefusedException extends IOException {
  private static final long serialVersionUID = 1;

  LinkRefusedException(String how) {
    super(how);
  }
}
