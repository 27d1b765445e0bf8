package io.raftkv.raft;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.grpc.GrpcConfigKeys;
import org.apache.ratis.server.RaftServerConfigKeys;
import org.apache.ratis.server.RaftServerConfigKeys.Log;
import org.apache.ratis.util.SizeInBytes;
import org.apache.ratis.util.TimeDuration;

/** Ratis' settings, each with its reason. The defaults of Ratis are kept where none is given. */
final class RaftSettings {
  private static final int FIRST_ELECTION_MIN_MILLIS = 150;
  private static final long QUEUE_MIN_BYTES = 64 << 20;

  static final int CATCHUP_ENTRIES = 16;

  /** Election timeouts without a leader that are worth a warning. */
  private static final int LEADERLESS_TIMEOUTS = 5;

  private RaftSettings() {}

  static RaftProperties of(RaftOptions options) {
    RaftProperties p = new RaftProperties();
    p.set("raft.rpc.type", RaftTransport.class.getName());
    RaftServerConfigKeys.setStorageDir(p, List.of(options.directory().resolve("groups").toFile()));
    // The default is under the temporary directory: renaming across file systems fails.
    RaftServerConfigKeys.setRemovedGroupsDir(p, options.directory().resolve("removed").toFile());
    GrpcConfigKeys.Server.setHost(p, options.bindHosts().get(0)); // the others: RaftNode
    GrpcConfigKeys.Server.setPort(p, options.port());

    TimeDuration min = millis(options.electionTimeoutMin().toMillis());
    TimeDuration max = millis(options.electionTimeoutMax().toMillis());
    RaftServerConfigKeys.Rpc.setTimeoutMin(p, min);
    RaftServerConfigKeys.Rpc.setTimeoutMax(p, max);
    // Right after a start nobody leads: no reason to wait as long as for a leader that is slow.
    RaftServerConfigKeys.Rpc.setFirstElectionTimeoutMin(p, millis(FIRST_ELECTION_MIN_MILLIS));
    RaftServerConfigKeys.Rpc.setFirstElectionTimeoutMax(p, millis(2 * FIRST_ELECTION_MIN_MILLIS));
    RaftServerConfigKeys.Rpc.setRequestTimeout(
        p, millis(2 * options.electionTimeoutMax().toMillis()));
    // Ten seconds by default: a leader that came back would stay out of elections for that long.
    RaftServerConfigKeys.LeaderElection.setLeaderStepDownWaitTime(p, max);
    RaftServerConfigKeys.LeaderElection.setPreVote(p, true);
    // A minute by default: too long for a word on why a shard does not answer.
    RaftServerConfigKeys.Notification.setNoLeaderTimeout(
        p, millis(LEADERLESS_TIMEOUTS * options.electionTimeoutMax().toMillis()));
    // A new voter is one when it lacks no more than so many entries, 1000 by default: as long as it
    // does it holds up writes in a group of one or two.
    RaftServerConfigKeys.setStagingCatchupGap(p, CATCHUP_ENTRIES);
    // A process that was stopped for a minute would close its server for good, and live on.
    RaftServerConfigKeys.setCloseThreshold(p, TimeDuration.valueOf(365, TimeUnit.DAYS));

    // An entry over the appender's limit makes the leader step down, so all limits go together.
    // Ratis wraps an entry into a message of its own, which counts.
    SizeInBytes entry = SizeInBytes.valueOf(RaftOptions.appenderBytes(options.maxEntryBytes()));
    // The default sleeps 5 s after some errors. By then a heartbeat is due, which goes instead of
    // the entries that would repair a follower whose log is gone, and fails again: for ever.
    Log.Appender.setRetryPolicy(p, "10ms,20, 50ms,1000000000");
    // Else a follower hands every entry to the common pool, which on two processors is a new thread
    // each time, and from there to another pool, before its log sees it.
    Log.setAppendEntriesComposeEnabled(p, false);
    SizeInBytes message = SizeInBytes.valueOf(RaftOptions.bufferBytes(options.maxEntryBytes()));
    Log.Appender.setBufferByteLimit(p, entry);
    Log.setWriteBufferSize(p, message);
    // An entry over this one closes the replica. Two, for a follower that has to wait for room
    // holds
    // up the thread that brings the entries of all groups.
    Log.setQueueByteLimit(
        p, SizeInBytes.valueOf(Math.max(QUEUE_MIN_BYTES, 2L * message.getSizeInt())));
    GrpcConfigKeys.setMessageSizeMax(
        p, SizeInBytes.valueOf(message.getSizeInt() + RaftOptions.OVERHEAD_BYTES));
    Log.setSegmentSizeMax(p, SizeInBytes.valueOf(options.segmentBytes()));
    Log.setPreallocatedSize(p, SizeInBytes.valueOf(Math.min(options.segmentBytes(), 4 << 20)));
    // 200 MB per group by default.
    Log.setSegmentCacheNumMax(p, 2);
    Log.setSegmentCacheSizeMax(p, SizeInBytes.valueOf("32MB"));
    // Both acknowledge what is not on disk.
    Log.setUnsafeFlushEnabled(p, false);
    Log.setAsyncFlushEnabled(p, false);
    // Costs an own entry for the commit index of every lone write; a restart learns it anyway.
    Log.setLogMetadataEnabled(p, false);
    // Else one dead peer keeps the log from ever being purged.
    Log.setPurgeUptoSnapshotIndex(p, true);
    Log.setPurgePreservationLogNum(p, options.keptEntries());
    // 1024 by default: large entries would fill the disk before the first of them is purged.
    Log.setPurgeGap(p, 1);

    RaftServerConfigKeys.Snapshot.setAutoTriggerEnabled(p, true);
    RaftServerConfigKeys.Snapshot.setAutoTriggerThreshold(p, options.snapshotEntries());
    RaftServerConfigKeys.Snapshot.setCreationGap(p, 1L);
    RaftServerConfigKeys.Snapshot.setTriggerWhenStopEnabled(p, true);
    RaftServerConfigKeys.Snapshot.setTriggerWhenRemoveEnabled(p, false);
    RaftServerConfigKeys.Snapshot.setRetentionFileNum(p, 1);

    // Exactly-once is the store's business: the cache is only ballast.
    RaftServerConfigKeys.RetryCache.setExpiryTime(p, TimeDuration.valueOf(5, TimeUnit.SECONDS));
    RaftServerConfigKeys.Write.setElementLimit(p, 64);
    RaftServerConfigKeys.Write.setByteLimit(p, SizeInBytes.valueOf(4L * message.getSizeInt()));
    return p;
  }

  private static TimeDuration millis(long millis) {
    return TimeDuration.valueOf(millis, TimeUnit.MILLISECONDS);
  }
}
