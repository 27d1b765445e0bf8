package io.raftkv.meta;

/** What the cluster as a whole is doing. */
public enum ClusterStatus implements Coded {
  /** No Bootstrap yet: there are no nodes and no shards. */
  FORMING(0),
  /** Bootstrapped; shards serve what their majorities allow. */
  ONLINE(1);

  private final int code;

  ClusterStatus(int code) {
    this.code = code;
  }

  @Override
  public int code() {
    return code;
  }
}
