package io.raftkv.resp.command.local;

import static io.raftkv.resp.reply.RespErrors.quotable;

import io.raftkv.resp.reply.RespErrors;
import io.raftkv.server.NodeStatus;
import java.util.Locale;

/**
 * Error texts of commands about the connection, the node and the cluster; what they share with data
 * commands is in {@link RespErrors}. The texts are those of Redis 7.2 where it has one.
 */
final class LocalErrors {
  static final String PASSWORD_WITHOUT_NEED =
      "ERR AUTH <password> called without any password configured for the default user. Are you"
          + " sure your configuration is correct?";
  static final String HELLO_NO_AUTH =
      "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH"
          + " <user> <pass> option can be used to authenticate the client and select the RESP"
          + " protocol version at the same time";
  static final String PROTOCOL_NOT_INTEGER =
      "ERR Protocol version is not an integer or out of range";
  static final String NO_PROTOCOL = "NOPROTO unsupported protocol version";
  static final String CLIENT_NAME =
      "ERR Client names cannot contain spaces, newlines or special characters.";
  static final String CLIENT_ID_LIST = "ERR Invalid client ID";
  static final String CLIENT_ID_KILL = "ERR client-id should be greater than 0";
  static final String NO_SUCH_CLIENT = "ERR No such client";
  static final String CACHING_WITHOUT_TRACKING =
      "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or"
          + " OPTOUT mode enabled";
  static final String TIMEOUT_NOT_INTEGER = "ERR timeout is not an integer or out of range";
  static final String TIMEOUT_NEGATIVE = "ERR timeout is negative";
  static final String NUM_LOCAL = "ERR value is out of range, value must between 0 and 1";
  static final String BOUND_MILLIS = "ERR the bound must be a number of milliseconds from 1";

  static final String STATISTICS_ONLY_GROW =
      "ERR RaftKV's statistics cannot be reset: they only grow, so take differences";
  static final String NO_CONFIG_FILE = "ERR The server is running without a config file";
  static final String CONFIG_FILE_IS_NOT_WRITTEN =
      "ERR Rewriting config file: RaftKV reads its configuration file but never writes it";
  static final String DEBUG_NOT_ALLOWED =
      "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you"
          + " can run it from a local connection, otherwise you need to set this option in the"
          + " configuration file, and then restart the server.";
  static final String NO_MODULES = "ERR RaftKV has no modules";
  static final String NO_SHUTDOWN = "ERR No shutdown in progress.";
  static final String SLOWLOG_COUNT = "ERR count should be greater than or equal to -1";

  static final String INVALID_SLOT = "ERR Invalid slot";
  static final String NOT_A_MASTER = "ERR The specified node is not a master";
  static final String SLOTS_ARE_MANAGED = "ERR RaftKV manages slots itself: see RAFTKV.SHARD HELP";
  static final String NO_KEYS_IN_SLOT = "ERR CLUSTER GETKEYSINSLOT is not supported: use SCAN";

  private LocalErrors() {}

  static String helloOption(String option) {
    return "ERR Syntax error in HELLO option '" + quotable(option) + "'";
  }

  static String clientType(String type) {
    return "ERR Unknown client type '" + quotable(type) + "'";
  }

  static String noSuchUser(String user) {
    return "ERR No such user '" + quotable(user) + "'";
  }

  static String clientAttribute(String attribute) {
    return "ERR Unrecognized option '" + quotable(attribute) + "'";
  }

  static String clientAttributeValue(String attribute) {
    return "ERR " + attribute + " cannot contain spaces, newlines or special characters.";
  }

  /** {@code what} is the command, with what of it is meant. */
  static String notSupported(String what, String why) {
    return "ERR " + what + " is not supported: " + why;
  }

  static String unknownSetting(String name) {
    return "ERR Unknown option or number of arguments for CONFIG SET - '" + quotable(name) + "'";
  }

  static String setFailed(String name, String why) {
    return "ERR CONFIG SET failed (possibly related to argument '" + name + "') - " + why;
  }

  /** A subcommand that exists, with more words than it takes. */
  static String wrongUse(String command, String subcommand) {
    return "ERR unknown subcommand or wrong number of arguments for '"
        + quotable(subcommand)
        + "'. Try "
        + command.toUpperCase(Locale.ROOT)
        + " HELP.";
  }

  static String unknownRedisNode(String id) {
    return "ERR Unknown node " + quotable(id);
  }

  static String noReplicaOfSlot(int slot, String where) {
    return "ERR this node has no replica of slot " + slot + ": ask " + where;
  }

  static String noReplicaOfShard(String shard, String where) {
    return "ERR this node has no replica of shard " + shard + ": ask " + where;
  }

  static String noShard(String id) {
    return "ERR no shard '" + quotable(id) + "': see RAFTKV.SHARD LIST";
  }

  static String noNode(String id) {
    return "ERR no node '" + quotable(id) + "': see RAFTKV.NODE LIST";
  }

  static String noJob(String id) {
    return "ERR no job '" + quotable(id) + "': see RAFTKV.JOB LIST";
  }

  /** What a store has read from its files is not what it wrote. */
  static String damaged(String what) {
    return "ERR " + RespErrors.oneLine(what);
  }

  /** A change of the cluster that makes no sense as it is. */
  static String refused(String why) {
    return "ERR " + RespErrors.oneLine(why);
  }

  /** No leader of the metadata group answered in time. */
  static String changeUncertain(Throwable lost) {
    return RespErrors.uncertain(
        "the metadata group did not answer in time; see RAFTKV.JOB LIST ("
            + RespErrors.oneLine(String.valueOf(lost.getMessage()))
            + ")");
  }

  static String noBalanceReport(Throwable lost) {
    return "CLUSTERDOWN the leader of the metadata group does not answer ("
        + RespErrors.oneLine(String.valueOf(lost.getMessage()))
        + ")";
  }

  static final String NO_ROUTING_VERSION =
      "ERR the routing has had no such version, see RAFTKV.ROUTING HISTORY";

  static final String ROUTING_FORGOTTEN =
      "ERR that version of the routing is forgotten, see RAFTKV.ROUTING HISTORY";

  /** Nothing tells where the parts of a shard would be. */
  static String noSplitPoint(String shardId, NodeStatus.SplitBy by) {
    return "ERR "
        + switch (by) {
          case LOAD -> "clients used too few keys of shard " + shardId + " in the last minute";
          case SIZE -> "there is nothing in shard " + shardId;
        }
        + " to tell where its parts are; use AT";
  }

  /** The leader of a shard does not say where its parts are. */
  static String splitPointUnknown(String shardId, Throwable why) {
    return RespErrors.tryAgain(
        "the leader of shard "
            + shardId
            + " does not say where its parts are ("
            + RespErrors.oneLine(String.valueOf(why.getMessage()))
            + ")");
  }

  static String jobNotDone(String id, String state, String why) {
    return "ERR job "
        + id
        + " was not done: "
        + state
        + (why.isEmpty() ? "" : ", " + RespErrors.oneLine(why));
  }

  static String limit(int max) {
    return "ERR the number of entries must be from 1 to " + max;
  }
}
