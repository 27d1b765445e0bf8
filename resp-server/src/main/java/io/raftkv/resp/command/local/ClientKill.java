package io.raftkv.resp.command.local;

import io.raftkv.resp.command.Args;
import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.RespErrors;

/**
 * Which connections CLIENT KILL closes: those that pass every filter given. Null or 0 means any.
 *
 * @param skipMe leaves out the connection that asks
 */
record ClientKill(long id, String address, String localAddress, ClientType type, boolean skipMe) {
  private static final int FIRST_OPTION = 2;

  /** Reads the options of CLIENT KILL; the form with one address is not among them. */
  static ClientKill parse(Args args) {
    long id = 0;
    String address = null;
    String localAddress = null;
    ClientType type = null;
    boolean skipMe = true;
    for (int i = FIRST_OPTION; i < args.size(); i += 2) {
      if (i + 1 == args.size()) {
        throw new CommandException(RespErrors.SYNTAX);
      }
      String value = args.text(i + 1);
      if (args.is(i, "ID")) {
        id = args.int64(i + 1, 1, Long.MAX_VALUE, LocalErrors.CLIENT_ID_KILL);
      } else if (args.is(i, "ADDR")) {
        address = value;
      } else if (args.is(i, "LADDR")) {
        localAddress = value;
      } else if (args.is(i, "TYPE")) {
        type = ClientType.parse(value);
      } else if (args.is(i, "USER")) {
        requireUser(value);
      } else if (args.is(i, "SKIPME") && (args.is(i + 1, "YES") || args.is(i + 1, "NO"))) {
        skipMe = args.is(i + 1, "YES");
      } else {
        throw new CommandException(RespErrors.SYNTAX);
      }
    }
    return new ClientKill(id, address, localAddress, type, skipMe);
  }

  /** There is one user, so that naming it filters nothing. */
  private static void requireUser(String name) {
    if (!name.equals(Authentication.USER)) {
      throw new CommandException(LocalErrors.noSuchUser(name));
    }
  }

  boolean concerns(ClientLine client, long askingId) {
    return (id == 0 || client.id() == id)
        && (address == null || client.address().equals(address))
        && (localAddress == null || client.localAddress().equals(localAddress))
        && (type == null || client.type() == type)
        && !(skipMe && client.id() == askingId);
  }
}
