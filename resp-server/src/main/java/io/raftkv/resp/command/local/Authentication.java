package io.raftkv.resp.command.local;

import io.raftkv.resp.command.Args;
import io.raftkv.resp.command.Connection;
import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.server.NodeStatus;
import io.raftkv.server.Secret;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Optional;

/** Checks passwords: there is one user, {@code default}, with one password or none. */
final class Authentication {
  static final String USER = "default";

  private static final byte[] USER_BYTES = USER.getBytes(StandardCharsets.US_ASCII);

  private final NodeStatus status;

  Authentication(NodeStatus status) {
    this.status = status;
  }

  /** AUTH [user] password. */
  Reply auth(Args args, Connection connection) {
    if (args.size() > 3) {
      throw new CommandException(RespErrors.SYNTAX);
    }
    if (args.size() == 2) {
      if (password().isEmpty()) {
        throw new CommandException(LocalErrors.PASSWORD_WITHOUT_NEED);
      }
      authenticate(connection, USER_BYTES, args.bytes(1));
    } else {
      authenticate(connection, args.bytes(1), args.bytes(2));
    }
    return Reply.OK;
  }

  /**
   * Lets the connection in.
   *
   * @throws CommandException if it may not; the connection stays what it was
   */
  void authenticate(Connection connection, byte[] user, byte[] password) {
    boolean knownUser = MessageDigest.isEqual(user, USER_BYTES);
    // The comparison takes as long as its first argument is long: the secret's length stays hidden.
    boolean rightPassword =
        password().map(secret -> MessageDigest.isEqual(password, secret.bytes())).orElse(true);
    if (!knownUser || !rightPassword) {
      throw new CommandException(RespErrors.WRONG_PASS);
    }
    connection.authenticated(true);
  }

  private Optional<Secret> password() {
    return status.config().security().password();
  }
}
