package io.raftkv.resp.link;

/**
 * What another node asked for is not on this one: it may have moved away a moment ago. No fault,
 * and nothing to warn of: who asked looks elsewhere.
 */
public final class NotHereException extends Exception {
  private static final long serialVersionUID = 1;

  /**
   * @param what is not here, for people
   */
  public NotHereException(String what) {
    super(what, null, false, false); // it is made for each such request
  }
}
