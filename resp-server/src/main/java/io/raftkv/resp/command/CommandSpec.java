package io.raftkv.resp.command;

import io.raftkv.resp.reply.CommandException;
import io.raftkv.resp.reply.Reply;
import io.raftkv.resp.reply.RespErrors;
import io.raftkv.storage.Keyspace;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;

/**
 * All that is known of a command before it runs. Parsing, arity errors, key extraction, routing,
 * ACL categories, COMMAND INFO and DOCS, metrics and the generated table of commands come from it.
 *
 * <p>Built by a chain that ends in {@link Builder#reads}, {@link Builder#writes} or {@link
 * Builder#local}.
 */
public final class CommandSpec {
  /** Runs a data command. A pure function of its arguments and the view. */
  @FunctionalInterface
  public interface Handler {
    /**
     * @throws io.raftkv.resp.reply.CommandException for a user's mistake; the command then has
     *     changed nothing
     */
    Reply run(Args args, Keyspace keys);
  }

  /** Runs a command of the connection or the node, on the connection's event loop. */
  @FunctionalInterface
  public interface LocalHandler {
    /**
     * @return the reply, or null if there is none
     * @throws io.raftkv.resp.reply.CommandException for a user's mistake
     */
    Reply run(Args args, Connection connection);
  }

  /** As {@link LocalHandler}, for commands that cannot be answered at once. */
  @FunctionalInterface
  public interface AsyncHandler {
    /**
     * @return completes with the reply, on any thread
     * @throws io.raftkv.resp.reply.CommandException for a user's mistake
     */
    CompletionStage<Reply> run(Args args, Connection connection);
  }

  /**
   * What a node allows its own clients; others may allow theirs something else.
   *
   * @param maxValueBytes the largest value that a command may make
   * @param databases how many there are for clients
   */
  public record Limits(long maxValueBytes, int databases) {}

  /**
   * Looks at a call on the node that received it, before it is routed: the one place where a limit
   * of that node may decide. What a replica does must not depend on its own configuration, so a
   * limit that matters in apply travels with the call, as data.
   */
  @FunctionalInterface
  public interface Admission {
    /**
     * @param limits of this node
     * @return the words to run: those of the call, or a copy with the limit as a word more
     * @throws io.raftkv.resp.reply.CommandException if the call goes beyond the limit; nothing has
     *     happened then
     */
    byte[][] admit(byte[][] words, Limits limits);
  }

  /** Looks at a call that is about to go to one of several shards. */
  @FunctionalInterface
  public interface ShardCheck {
    /**
     * @throws io.raftkv.resp.reply.CommandException if only a cluster of exactly one shard can run
     *     this call
     */
    void check(Args args);
  }

  /** What a command does to data, and so where and how it runs. */
  public enum Access {
    /** Reads one shard, or several when it {@link FanOut fans out}. */
    READ,
    /** Runs in apply, through the log. */
    WRITE,
    /** Concerns the connection or the node. */
    LOCAL
  }

  /** How a command whose keys live on several shards is cut up, and how the replies are joined. */
  public enum FanOut {
    /** Not at all: all keys must be in one slot. */
    NONE,
    /** By key; the integers are summed, as for DEL. */
    SUM_BY_KEY,
    /** By key; the arrays are joined in the order of the keys, as for MGET. */
    JOIN_BY_KEY,
    /** By key; OK if all are OK, as for MSET. */
    ALL_OK_BY_KEY,
    /** To every shard; the integers are summed, as for DBSIZE. */
    SUM_ALL_SHARDS,
    /** To every shard; the arrays are concatenated, as for KEYS. */
    CONCAT_ALL_SHARDS,
    /** To every shard; OK if all are OK, as for FLUSHALL. */
    ALL_OK_ALL_SHARDS,
    /** To the shards in order, beginning with a random one, until one has an answer: RANDOMKEY. */
    FIRST_NON_NULL,
    /** To the shard that owns the slot of the cursor in the first argument: SCAN. */
    BY_CURSOR
  }

  private final String name;
  private final int arity;
  private final KeySpec keys;
  private final Set<Flag> flags;
  private final Set<String> categories;
  private final Group group;
  private final String since;
  private final String complexity;
  private final String summary;
  private final String difference;
  private final FanOut fanOut;
  private final Admission admission;
  private final boolean container;
  private final Access access;
  private final Handler handler;
  private final AsyncHandler asyncHandler;
  private final LocalHandler localHandler;
  private final ShardCheck shardCheck;
  private final CommandSpec reader;
  private final Predicate<Args> isRead;

  private CommandSpec(
      Builder builder,
      Access access,
      Handler handler,
      LocalHandler localHandler,
      AsyncHandler asyncHandler) {
    this.localHandler = localHandler;
    this.asyncHandler = asyncHandler;
    this.name = builder.name;
    this.arity = builder.arity;
    this.keys = builder.keys;
    this.flags = builder.flags;
    this.categories = builder.categories;
    this.group = Objects.requireNonNull(builder.group, "group of " + name);
    this.since = Objects.requireNonNull(builder.since, "since of " + name);
    this.complexity = Objects.requireNonNull(builder.complexity, "complexity of " + name);
    this.summary = Objects.requireNonNull(builder.summary, "summary of " + name);
    this.difference = builder.difference;
    this.fanOut = builder.fanOut;
    this.admission = builder.admission;
    this.shardCheck = builder.shardCheck;
    this.reader = builder.reader;
    this.isRead = builder.isRead;
    this.container = builder.container;
    this.access = access;
    this.handler = handler;
    if (arity == 0) {
      throw new IllegalArgumentException("no arity for " + name);
    }
  }

  /** Starts the entry of a command; {@code name} is in upper case. */
  public static Builder command(String name) {
    return new Builder(name);
  }

  /** Name in upper case; a subcommand is {@code PARENT|SUB}. */
  public String name() {
    return name;
  }

  /** Name in lower case, as Redis shows it. */
  public String redisName() {
    return name.toLowerCase(Locale.ROOT);
  }

  /** Number of words, name included; negative: at least that many. */
  public int arity() {
    return arity;
  }

  /** True if a call may have this many words. */
  public boolean acceptsWords(int words) {
    return arity > 0 ? words == arity : words >= -arity;
  }

  public KeySpec keys() {
    return keys;
  }

  public Set<Flag> flags() {
    return flags;
  }

  /** ACL categories beyond those that follow from group, access and flags; without the at sign. */
  public Set<String> categories() {
    return categories;
  }

  public Group group() {
    return group;
  }

  /** The Redis release that brought the command. */
  public String since() {
    return since;
  }

  public String complexity() {
    return complexity;
  }

  public String summary() {
    return summary;
  }

  /** In what the command is not as in Redis; empty if in nothing that is known. */
  public String difference() {
    return difference;
  }

  public FanOut fanOut() {
    return fanOut;
  }

  /** What the receiving node does to each call before it routes it. */
  public Admission admission() {
    return admission;
  }

  /**
   * True for a command of data that only stands for its subcommands, which are in the table, too.
   * It is routed and run by what is said here, but COMMAND shows what the subcommands say.
   */
  public boolean isContainer() {
    return container;
  }

  public Access access() {
    return access;
  }

  /**
   * True for a read whose reply is one value found at once. It may go through the log together with
   * writes of its connection that are not answered yet, and so costs no round of its own.
   */
  public boolean travelsWithWrites() {
    return access == Access.READ && arity > 0 && flags.contains(Flag.FAST);
  }

  /** What to ask before a call goes to one of several shards; null if all calls may. */
  public ShardCheck shardCheck() {
    return shardCheck;
  }

  /**
   * The command that runs this call of a write in its place, because the call changes nothing; null
   * if it has to go through the log.
   */
  public CommandSpec readerOf(byte[][] words) {
    return reader != null && isRead.test(new Args(words)) ? reader : null;
  }

  /** The handler of a data command; null for {@link Access#LOCAL}. */
  public Handler handler() {
    return handler;
  }

  /** The handler of a local command that answers at once, else null. */
  public LocalHandler localHandler() {
    return localHandler;
  }

  /** The handler of a local command that answers later, else null. */
  public AsyncHandler asyncHandler() {
    return asyncHandler;
  }

  /** Collects an entry. */
  public static final class Builder {
    private final String name;
    private int arity;
    private KeySpec keys = KeySpec.NONE;
    private Set<Flag> flags = EnumSet.noneOf(Flag.class);
    private Set<String> categories = Set.of();
    private Group group;
    private String since;
    private String complexity;
    private String summary;
    private String difference = "";
    private FanOut fanOut = FanOut.NONE;
    private Admission admission = (words, limits) -> words;
    private ShardCheck shardCheck;
    private CommandSpec reader;
    private Predicate<Args> isRead;
    private boolean container;

    private Builder(String name) {
      this.name = name;
    }

    public Builder arity(int value) {
      arity = value;
      return this;
    }

    public Builder keys(KeySpec value) {
      keys = value;
      return this;
    }

    public Builder flags(Flag first, Flag... more) {
      flags = EnumSet.of(first, more);
      return this;
    }

    public Builder categories(String... names) {
      categories = Set.of(names);
      return this;
    }

    /** Group, first Redis release, complexity and one-sentence summary, for COMMAND DOCS. */
    public Builder docs(Group inGroup, String sinceVersion, String cost, String sentence) {
      group = inGroup;
      since = sinceVersion;
      complexity = cost;
      summary = sentence;
      return this;
    }

    /** In what it is not as in Redis, in one or two sentences. */
    public Builder differs(String sentences) {
      difference = sentences;
      return this;
    }

    public Builder fanOut(FanOut value) {
      fanOut = value;
      return this;
    }

    public Builder admission(Admission value) {
      admission = value;
      return this;
    }

    /** Nodes propose it; a client that sends it is told that there is no such command. */
    public Builder forNodesOnly() {
      return admission(
          (words, limits) -> {
            throw new CommandException(RespErrors.unknownCommand(words));
          });
    }

    /** Some or all calls need a cluster of exactly one shard. */
    public Builder onSeveralShards(ShardCheck check) {
      shardCheck = check;
      return this;
    }

    /** Calls of this write that change nothing run as {@code reader}, with the same arguments. */
    public Builder readsAs(CommandSpec readCommand, Predicate<Args> changesNothing) {
      reader = readCommand;
      isRead = changesNothing;
      return this;
    }

    /** See {@link CommandSpec#isContainer}. */
    Builder container() {
      container = true;
      return this;
    }

    /** Ends the entry of a command that changes nothing. */
    public CommandSpec reads(Handler handler) {
      return new CommandSpec(this, Access.READ, Objects.requireNonNull(handler), null, null);
    }

    /** Ends the entry of a command that goes through the log. */
    public CommandSpec writes(Handler handler) {
      return new CommandSpec(this, Access.WRITE, Objects.requireNonNull(handler), null, null);
    }

    /** Ends the entry of a command of the connection or the node. */
    public CommandSpec local(LocalHandler handler) {
      return new CommandSpec(this, Access.LOCAL, null, Objects.requireNonNull(handler), null);
    }

    /** As {@link #local}, for a command that answers later. */
    public CommandSpec localAsync(AsyncHandler handler) {
      return new CommandSpec(this, Access.LOCAL, null, null, Objects.requireNonNull(handler));
    }
  }
}
