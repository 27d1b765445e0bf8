package io.raftkv.resp.reply;

import java.util.Locale;
import java.util.UUID;

/** Every error text a client can see, once. The texts are those of Redis 7.2 where it has one. */
public final class RespErrors {
  private static final int MAX_QUOTED = 128;
  private static final String UNCERTAIN = "UNCERTAIN";

  public static final String WRONG_TYPE =
      "WRONGTYPE Operation against a key holding the wrong kind of value";
  public static final String SYNTAX = "ERR syntax error";
  public static final String NOT_INTEGER = "ERR value is not an integer or out of range";
  public static final String NOT_FLOAT = "ERR value is not a valid float";
  public static final String OVERFLOW = "ERR increment or decrement would overflow";
  public static final String REPLY_TOO_LARGE =
      "ERR reply too large to be forwarded or joined: read it in parts, or ask a node of the key's"
          + " shard";
  public static final String REPLIES_TOO_LARGE =
      "TRYAGAIN the replies of the commands sent together with this one are too large";
  public static final String NO_SUCH_KEY = "ERR no such key";
  public static final String CROSS_SLOT = "CROSSSLOT Keys in request don't hash to the same slot";
  public static final String DB_INDEX_OUT_OF_RANGE = "ERR DB index is out of range";
  public static final String INVALID_CURSOR = "ERR invalid cursor";
  public static final String INDEX_OUT_OF_RANGE = "ERR index out of range";
  public static final String OUT_OF_RANGE_POSITIVE = "ERR value is out of range, must be positive";
  public static final String OUT_OF_RANGE = "ERR value is out of range";
  public static final String OUT_OF_RANGE_COUNT =
      "ERR value is out of range, value must between " + -Long.MAX_VALUE + " and " + Long.MAX_VALUE;
  public static final String HASH_VALUE_NOT_INTEGER = "ERR hash value is not an integer";
  public static final String HASH_VALUE_NOT_FLOAT = "ERR hash value is not a float";
  public static final String HASH_FIELDS_MISSING =
      "ERR Mandatory argument FIELDS is missing or not at the right position";
  public static final String HASH_FIELDS_NOT_POSITIVE =
      "ERR Number of fields must be a positive integer";
  public static final String HEXPIRE_FIELDS_NOT_POSITIVE =
      "ERR Parameter `numFields` should be greater than 0";
  public static final String HSETEX_FIELDS_NOT_POSITIVE = "ERR invalid number of fields";
  public static final String HASH_FIELDS_OTHER_NUMBER =
      "ERR The `numfields` parameter must match the number of arguments";
  public static final String EXPIRE_NEGATIVE = "ERR invalid expire time, must be >= 0";
  public static final String EXPIRE_TIME_MISSING = "ERR missing expire time";
  public static final String HSETEX_FXX_AND_FNX =
      "ERR Only one of FXX or FNX arguments can be specified";
  public static final String HSETEX_TWO_EXPIRIES =
      "ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified";
  public static final String VALUE_NAN_OR_INFINITY = "ERR value is NaN or Infinity";
  public static final String NUMKEYS_NOT_POSITIVE = "ERR numkeys should be greater than 0";
  public static final String NUMKEYS_TOO_LARGE =
      "ERR Number of keys can't be greater than number of args";
  public static final String LIMIT_NEGATIVE = "ERR LIMIT can't be negative";
  public static final String STRING_TOO_LONG =
      "ERR string exceeds maximum allowed size (proto-max-bulk-len)";

  /** Ours: Redis closes such a connection without a word. */
  public static final String COMMAND_TOO_LONG =
      "ERR command exceeds maximum allowed size (client-query-buffer-limit)";

  public static final String OFFSET_OUT_OF_RANGE = "ERR offset is out of range";
  public static final String BIT_OFFSET_OUT_OF_RANGE =
      "ERR bit offset is not an integer or out of range";
  public static final String BIT_NOT_0_OR_1 = "ERR bit is not an integer or out of range";
  public static final String BITPOS_BIT = "ERR The bit argument must be 1 or 0.";
  public static final String BITOP_NOT_SOURCES =
      "ERR BITOP NOT must be called with a single source key.";
  public static final String BITFIELD_TYPE =
      "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64"
          + " is.";
  public static final String BITFIELD_OVERFLOW = "ERR Invalid OVERFLOW type specified";
  public static final String BITFIELD_RO_WRITES =
      "ERR BITFIELD_RO only supports the GET subcommand";
  public static final String NOT_HYPERLOGLOG =
      "WRONGTYPE Key is not a valid HyperLogLog string value.";
  public static final String CORRUPT_HYPERLOGLOG = "INVALIDOBJ Corrupted HLL object detected";
  public static final String COUNT_NOT_POSITIVE = "ERR count should be greater than 0";
  public static final String LPOS_RANK_ZERO =
      "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use"
          + " negative to start from the end of the list";
  public static final String LPOS_COUNT_NEGATIVE = "ERR COUNT can't be negative";
  public static final String LPOS_MAXLEN_NEGATIVE = "ERR MAXLEN can't be negative";
  public static final String SCORE_NAN = "ERR resulting score is not a number (NaN)";
  public static final String SCORE_RANGE_NOT_FLOAT = "ERR min or max is not a float";
  public static final String LEX_RANGE_NOT_VALID = "ERR min or max not valid string range item";
  public static final String ZADD_XX_AND_NX =
      "ERR XX and NX options at the same time are not compatible";
  public static final String ZADD_GT_LT_NX =
      "ERR GT, LT, and/or NX options at the same time are not compatible";
  public static final String ZADD_INCR_ONE_PAIR =
      "ERR INCR option supports a single increment-element pair";
  public static final String ZRANGE_LIMIT_BY_RANK =
      "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX";
  public static final String ZRANGE_LEX_WITHSCORES =
      "ERR syntax error, WITHSCORES not supported in combination with BYLEX";
  public static final String WEIGHT_NOT_FLOAT = "ERR weight value is not a float";
  public static final String GEO_UNIT = "ERR unsupported unit provided. please use M, KM, FT, MI";
  public static final String GEO_RADIUS = "ERR need numeric radius";
  public static final String GEO_RADIUS_NEGATIVE = "ERR radius cannot be negative";
  public static final String GEO_WIDTH = "ERR need numeric width";
  public static final String GEO_HEIGHT = "ERR need numeric height";
  public static final String GEO_BOX_NEGATIVE = "ERR height or width cannot be negative";
  public static final String GEO_COUNT_NOT_POSITIVE = "ERR COUNT must be > 0";
  public static final String GEO_NO_MEMBER = "ERR could not decode requested zset member";
  public static final String GEO_ANY_WITHOUT_COUNT = "ERR the ANY argument requires COUNT argument";
  public static final String GEOSEARCHSTORE_WITH = notCompatibleWithGeoParts("GEOSEARCHSTORE");
  public static final String GEORADIUS_STORE_WITH =
      notCompatibleWithGeoParts("STORE option in GEORADIUS");
  public static final String DECREMENT_OVERFLOW = "ERR decrement would overflow";
  public static final String LCS_NOT_STRINGS = "ERR The specified keys must contain string values";
  public static final String LCS_LENGTH_AND_INDEXES =
      "ERR If you want both the length and indexes, please just use IDX.";
  public static final String LCS_TOO_LARGE =
      "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len";
  public static final String EXPIRE_NX_AND_OTHERS =
      "ERR NX and XX, GT or LT options at the same time are not compatible";
  public static final String EXPIRE_GT_AND_LT =
      "ERR GT and LT options at the same time are not compatible";
  public static final String SWAPDB_FIRST = "ERR invalid first DB index";
  public static final String SWAPDB_SECOND = "ERR invalid second DB index";
  public static final String SWAPDB_SEVERAL_SHARDS = "ERR SWAPDB is not allowed in cluster mode";
  public static final String SORT_NOT_NUMBERS =
      "ERR One or more scores can't be converted into double";
  public static final String SAME_OBJECT = "ERR source and destination objects are the same";
  public static final String NOT_INT32 =
      "ERR value is out of range, value must between -2147483648 and 2147483647";
  public static final String ONLY_HSCAN_NOVALUES = "ERR NOVALUES option can only be used in HSCAN";
  public static final String NO_LFU =
      "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that"
          + " when switching between policies at runtime LRU and LFU data will take some time to"
          + " adjust.";
  public static final String BUSY_KEY = "BUSYKEY Target key name already exists.";
  public static final String DUMP_NOT_SEALED = "ERR DUMP payload version or checksum are wrong";
  public static final String DUMP_BAD_FORMAT = "ERR Bad data format";
  public static final String RESTORE_TTL = "ERR Invalid TTL value, must be >= 0";
  public static final String RESTORE_IDLE_TIME = "ERR Invalid IDLETIME value, must be >= 0";
  public static final String RESTORE_FREQUENCY = "ERR Invalid FREQ value, must be >= 0 and <= 255";
  public static final String DUMP_TOO_LARGE =
      "ERR the collection is too large for DUMP: its payload would be over 64 MB";
  public static final String RESTORE_TOO_LARGE =
      "ERR the value of this DUMP payload would need too much memory";
  public static final String STREAM_ID_INVALID =
      "ERR Invalid stream ID specified as stream command argument";
  public static final String STREAM_START_INVALID = "ERR invalid start ID for the interval";
  public static final String STREAM_END_INVALID = "ERR invalid end ID for the interval";
  public static final String XADD_ID_ZERO = "ERR The ID specified in XADD must be greater than 0-0";
  public static final String XADD_ID_NOT_AFTER =
      "ERR The ID specified in XADD is equal or smaller than the target stream top item";
  public static final String XADD_IDS_EXHAUSTED =
      "ERR The stream has exhausted the last possible ID, unable to add more items";
  public static final String TRIM_MAXLEN_AND_MINID =
      "ERR syntax error, MAXLEN and MINID options at the same time are not compatible";
  public static final String TRIM_MAXLEN_NEGATIVE = "ERR The MAXLEN argument must be >= 0.";
  public static final String TRIM_LIMIT_NEGATIVE = "ERR The LIMIT argument must be >= 0.";
  public static final String TRIM_LIMIT_ALONE =
      "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy";
  public static final String TRIM_LIMIT_EXACT =
      "ERR syntax error, LIMIT cannot be used without the special ~ option";
  public static final String XTRIM_NO_STRATEGY =
      "ERR syntax error, XTRIM must be called with a trimming strategy";
  public static final String XSETID_ADDED_NEGATIVE = "ERR entries_added must be positive";
  public static final String XSETID_BEFORE_GIVEN_DELETED =
      "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id";
  public static final String XSETID_BEFORE_DELETED =
      "ERR The ID specified in XSETID is smaller than current max_deleted_entry_id";
  public static final String XSETID_BEFORE_LAST =
      "ERR The ID specified in XSETID is smaller than the target stream top item";
  public static final String XSETID_ADDED_BELOW_LENGTH =
      "ERR The entries_added specified in XSETID is smaller than the target stream length";
  public static final String TIMEOUT_NOT_INTEGER = "ERR timeout is not an integer or out of range";
  public static final String TIMEOUT_NEGATIVE = "ERR timeout is negative";
  public static final String XREAD_GROUP =
      "ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.";
  public static final String XREAD_NOACK =
      "ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.";
  public static final String XREAD_NEW_IDS =
      "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group>"
          + " <consumer> option.";
  public static final String XREADGROUP_NO_GROUP = "ERR Missing GROUP option for XREADGROUP";
  public static final String XREADGROUP_LAST_ID =
      "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of"
          + " this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID"
          + " would just return an empty result set.";
  public static final String XGROUP_NO_KEY =
      "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to"
          + " use the MKSTREAM option to create an empty stream automatically.";
  public static final String XGROUP_ENTRIES_READ =
      "ERR value for ENTRIESREAD must be positive or -1";
  public static final String XGROUP_EXISTS = "BUSYGROUP Consumer Group name already exists";
  public static final String XAUTOCLAIM_COUNT = "ERR COUNT must be > 0";
  public static final String XAUTOCLAIM_COUNT_TOO_HIGH =
      "ERR Insufficient memory, failed allocating transient memory, COUNT too high.";
  public static final String NAN_OR_INFINITY = "ERR increment would produce NaN or Infinity";
  public static final String NO_AUTH = "NOAUTH Authentication required.";
  public static final String WRONG_PASS =
      "WRONGPASS invalid username-password pair or user is disabled.";
  public static final String DISK_FULL =
      "OOM command not allowed: the disk of the shard's leader is full";

  public static final String TOO_MANY_CLIENTS = "ERR max number of clients reached";

  /** Nothing of the command happened; by itself it has room. */
  public static final String ENTRY_FULL =
      "TRYAGAIN too many changes and replies in one log entry with this command";

  public static final String TOO_LARGE_FOR_AN_ENTRY =
      "ERR the changes and the reply of this command are too large for one log entry";

  public static final String READ_TOO_LARGE =
      "ERR this command would hold too many elements in memory";

  /** By itself it has room. */
  public static final String READS_TOO_LARGE =
      "TRYAGAIN other commands hold too many elements in memory";

  /** A fault of ours; the node's log has the rest. */
  public static final String INTERNAL = "ERR internal error";

  public static final String CLUSTER_NOT_FORMED =
      "CLUSTERDOWN The cluster is not formed yet (no shards)";
  public static final String NOT_A_COMMAND = "ERR Invalid command specified";
  public static final String NO_KEY_ARGUMENTS = "ERR The command has no key arguments";
  public static final String WRONG_NUMBER_FOR_COMMAND =
      "ERR Invalid number of arguments specified for command";
  public static final String WRONG_ARGUMENTS_FOR_COMMAND =
      "ERR Invalid arguments specified for command";

  /** Of orders to change which slots a shard has; for the nodes that gave them. */
  public static final String SLOTS_NOT_HERE = "ERR this shard does not have all of these slots";

  private RespErrors() {}

  public static String slotNotServed(int slot) {
    return "CLUSTERDOWN Hash slot not served (" + slot + ")";
  }

  public static String slotsAtEpoch(long present) {
    return "ERR the slots of this shard are at epoch " + present;
  }

  public static String slotsFenced(UUID target) {
    return "ERR slots of this shard are about to go to " + target;
  }

  private static String notCompatibleWithGeoParts(String what) {
    return "ERR " + what + " is not compatible with WITHDIST, WITHHASH and WITHCOORD options";
  }

  /** A search without a center; the command's name is given back as it was sent. */
  public static String noGeoCenter(String command) {
    return "ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for " + quotable(command);
  }

  /** A search without a shape; the command's name is given back as it was sent. */
  public static String noGeoShape(String command) {
    return "ERR exactly one of BYRADIUS and BYBOX can be specified for " + quotable(command);
  }

  /** A place outside the map; both with six decimals. */
  public static String invalidLongitudeLatitude(String longitude, String latitude) {
    return "ERR invalid longitude,latitude pair " + longitude + "," + latitude;
  }

  /** The command's name and the beginning of its arguments, as Redis quotes them: C strings. */
  public static String unknownCommand(byte[][] words) {
    StringBuilder line = new StringBuilder("ERR unknown command '");
    appendPrintable(line, words[0], MAX_QUOTED);
    line.append("', with args beginning with: ");
    int from = line.length();
    for (int i = 1; i < words.length && line.length() - from < MAX_QUOTED; i++) {
      int room = MAX_QUOTED - (line.length() - from);
      line.append('\'');
      appendPrintable(line, words[i], room);
      line.append("' ");
    }
    return line.toString();
  }

  private static void appendPrintable(StringBuilder line, byte[] word, int max) {
    for (int i = 0; i < Math.min(word.length, max) && word[i] != 0; i++) {
      char c = (char) (word[i] & 0xff);
      line.append(c == '\r' || c == '\n' ? ' ' : c);
    }
  }

  public static String wrongArity(String command) {
    return "ERR wrong number of arguments for '" + command.toLowerCase(Locale.ROOT) + "' command";
  }

  /** A command over counted keys was given a count below 1. */
  public static String noInputKeys(String command) {
    return "ERR at least 1 input key is needed for '"
        + command.toLowerCase(Locale.ROOT)
        + "' command";
  }

  public static String invalidExpire(String command) {
    return "ERR invalid expire time in '" + command.toLowerCase(Locale.ROOT) + "' command";
  }

  /** An option of HSETEX that does not exist. */
  public static String unknownArgument(String argument) {
    return "ERR unknown argument: " + quotable(argument);
  }

  /** An option of EXPIRE that does not exist. */
  public static String unsupportedOption(String option) {
    return "ERR Unsupported option " + quotable(option);
  }

  /** An option of SORT whose pattern may name keys of other slots; {@code BY} or {@code GET}. */
  public static String sortPatternDenied(String option) {
    return "ERR "
        + option
        + " option of SORT denied in cluster mode when keys formed by the pattern may be in"
        + " different slots.";
  }

  /** A subcommand that does not exist; {@code command} is in upper case. */
  public static String unknownSubcommand(String command, String subcommand) {
    return "ERR unknown subcommand '" + quotable(subcommand) + "'. Try " + command + " HELP.";
  }

  /** As {@link #unknownSubcommand}, where the arguments may be at fault. */
  public static String badSubcommand(String command, String subcommand) {
    return "ERR unknown subcommand or wrong number of arguments for '"
        + quotable(subcommand)
        + "'. Try "
        + command
        + " HELP.";
  }

  /** Keys and ids do not pair up; {@code command} is XREAD or XREADGROUP. */
  public static String unbalancedStreams(String command, char symbol) {
    return "ERR Unbalanced '"
        + command.toLowerCase(Locale.ROOT)
        + "' list of streams: for each stream key an ID or '"
        + symbol
        + "' must be specified.";
  }

  /** XCLAIM, XAUTOCLAIM: {@code what} is an argument's name. */
  public static String invalidClaim(String what, String command) {
    return "ERR Invalid " + what + " argument for " + command;
  }

  public static String unknownClaimOption(String option) {
    return "ERR Unrecognized XCLAIM option '" + oneLine(option) + "'";
  }

  /** A group that a command needs, of a key that may be missing, too. */
  public static String noGroup(String key, String group) {
    return "NOGROUP No such key '" + oneLine(key) + "' or consumer group '" + oneLine(group) + "'";
  }

  /** A group that a command needs, of a key that exists. */
  public static String noGroupOfKey(String key, String group) {
    return "NOGROUP No such consumer group '"
        + oneLine(group)
        + "' for key name '"
        + oneLine(key)
        + "'";
  }

  /** As {@link #quotable}, where Redis quotes the whole. */
  public static String oneLine(String text) {
    return text.replace('\r', ' ').replace('\n', ' ');
  }

  /**
   * What a user sent, made fit for an error line: without line breaks, and, as Redis handles it as
   * a C string, only up to a zero byte. Never long, though Redis cuts it only in some errors.
   */
  public static String quotable(String text) {
    int zero = text.indexOf('\0');
    int end = Math.min(MAX_QUOTED, zero < 0 ? text.length() : zero);
    return oneLine(text.substring(0, Math.min(end, text.length())));
  }

  /** No leader, or one without a majority, until the deadline; nothing happened. */
  public static String clusterDown(String shard) {
    return "CLUSTERDOWN no leader for shard " + shard + " (majority unreachable)";
  }

  /** A write was sent and its outcome is unknown. */
  public static String uncertain(String why) {
    return UNCERTAIN + " write may or may not have been applied: " + why;
  }

  /** True for the lines of {@link #uncertain}. */
  public static boolean isUncertain(String line) {
    return line.startsWith(UNCERTAIN);
  }

  /** Nothing happened; the same command may be sent again. */
  public static String tryAgain(String why) {
    return "TRYAGAIN " + why;
  }
}
