package io.raftkv.raft;

import java.io.IOException;
import java.io.Reader;
import java.io.StringWriter;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Properties;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.server.storage.RaftStorageDirectory;
import org.apache.ratis.server.storage.RaftStorageMetadata;

/**
 * The two small files in which Ratis keeps what a replica must not forget: its term and vote, and
 * the members of its group.
 *
 * <p>Ratis writes each anew under another name and then moves it over the old one: even if not a
 * byte could be written, for want of space. It then goes on, but with an empty vote the replica
 * could not start again, for nobody else knows whom it has voted for. In memory Ratis still has
 * what it wrote last, and nobody was told of anything newer: so as long as the process lives, the
 * file can be written again. The members are in the log too, unless it was purged.
 */
final class RaftMetaFiles {
  private static final String VOTE = "raft-meta";
  private static final String MEMBERS = "raft-meta.conf";
  private static final String UNFINISHED_SUFFIX = ".restored";

  /** Of the directory of a group that {@link #begin} was making when the process ended. */
  static final String BEGUN_SUFFIX = ".begun";

  /** Of a directory that is whole, and is to take the place of the group's. */
  static final String ANEW_SUFFIX = ".anew";

  /** In the directory of a group that was begun for a node which the group was without. */
  private static final String LEFT_AT = "left-at";

  /** Of a replica that was not begun for a node which its group was without. */
  static final long NEVER_LEFT = -1;

  private RaftMetaFiles() {}

  /** Whether the vote could not be written, and with it the one before it is gone. */
  static boolean isVoteLost(Path directory) throws IOException {
    return isEmpty(directory.resolve(VOTE));
  }

  /** Says what is wrong with the vote in {@code directory}, or returns null if it is sound. */
  static String damage(Path directory) throws IOException {
    Path file = directory.resolve(VOTE);
    if (!Files.exists(file)) {
      return null;
    }
    Properties values = new Properties();
    try (Reader text = Files.newBufferedReader(file)) {
      values.load(text);
      Long.parseLong(values.getProperty("term"));
      return values.getProperty("votedFor") == null ? file + " is damaged: no vote" : null;
    } catch (CharacterCodingException | IllegalArgumentException nonsense) {
      return file + " is damaged: no term";
    }
  }

  /**
   * Writes the vote again, if it is lost.
   *
   * @param vote what Ratis has written last, of a replica that has stopped: else Ratis might write
   *     a newer one meanwhile
   */
  static void restoreVote(Path directory, RaftStorageMetadata vote) throws IOException {
    if (isVoteLost(directory)) {
      writeVote(directory, vote.getTerm(), vote.getVotedFor().toString());
    }
  }

  private static void writeVote(Path directory, long term, String votedFor) throws IOException {
    Properties values = new Properties();
    values.setProperty("term", Long.toString(term));
    values.setProperty("votedFor", votedFor);
    StringWriter text = new StringWriter();
    values.store(text, null);
    write(directory.resolve(VOTE), text.toString().getBytes(StandardCharsets.UTF_8));
  }

  /**
   * Begins the directory of a replica that has no log, and follows no leader of an earlier term: as
   * one step, for without the file Ratis would begin with the first term, or not start.
   *
   * @param group the group's directory; nothing is done if there is one
   */
  static void begin(Path group, long term) throws IOException {
    if (!Files.exists(group)) {
      build(group, group, term, NEVER_LEFT);
    }
  }

  /**
   * The same for one that is to take the place of another one, as soon as that is deleted: from now
   * on that is never started again.
   *
   * @param leftAt see {@link RaftNode#startJoining(java.util.UUID, long, long)}
   */
  static void beginAnew(Path group, long term, long leftAt) throws IOException {
    build(group, anew(group), term, leftAt);
  }

  /** Where that one is until then. */
  static Path anew(Path group) {
    return group.resolveSibling(group.getFileName() + ANEW_SUFFIX);
  }

  /** What {@link #beginAnew} has noted; {@link #NEVER_LEFT} if nothing. */
  static long leftAt(Path group) throws IOException {
    Path file = group.resolve(LEFT_AT);
    return Files.exists(file) ? Long.parseLong(Files.readString(file)) : NEVER_LEFT;
  }

  /**
   * Lays out the directory of a replica that has installed a checkpoint and has no log. It is not
   * durable yet.
   *
   * @param group the directory, which does not exist
   * @return where the checkpoint is to be put, a directory that does not exist
   */
  static Path layOut(Path group, long term, long index) throws IOException {
    layOut(group, term);
    Path checkpoints = checkpoints(group);
    Files.createDirectories(checkpoints);
    return checkpoints.resolve(CheckpointStorage.nameOf(term, index));
  }

  /** Where a group's directory has its checkpoints. */
  static Path checkpoints(Path group) {
    return group.resolve(RaftStorageDirectory.STATE_MACHINE_DIR_NAME);
  }

  private static void layOut(Path group, long term) throws IOException {
    Path current = group.resolve(RaftStorageDirectory.CURRENT_DIR_NAME);
    Files.createDirectories(current);
    writeVote(current, term, "");
  }

  /** Deletes the directories of groups that were being made when the process ended. */
  static void cleanBegun(Path groups) throws IOException {
    for (Path begun : DurableFiles.list(groups)) {
      if (begun.getFileName().toString().endsWith(BEGUN_SUFFIX)) {
        DurableFiles.deleteTree(begun);
      }
    }
  }

  private static void build(Path group, Path target, long term, long leftAt) throws IOException {
    Path building = group.resolveSibling(group.getFileName() + BEGUN_SUFFIX);
    DurableFiles.deleteTree(building);
    layOut(building, term);
    if (leftAt > NEVER_LEFT) {
      Files.writeString(building.resolve(LEFT_AT), Long.toString(leftAt));
    }
    DurableFiles.forceTree(building);
    DurableFiles.move(building, target);
  }

  /**
   * Writes the members again, if they are lost.
   *
   * @param entry the last one of the log that says who they are; null if none is known
   * @throws IOException if they are still lost afterwards
   */
  static void restoreMembers(Path directory, LogEntryProto entry) throws IOException {
    Path file = directory.resolve(MEMBERS);
    if (isEmpty(file)) {
      if (entry == null) {
        throw new IOException(file + " is empty");
      }
      write(file, entry.toByteArray());
    }
  }

  /**
   * Removes an empty list of members, at which Ratis would not start: without one it looks into the
   * log, which has them, since no snapshot was taken since.
   */
  static void forgetLostMembers(Path directory) throws IOException {
    Path file = directory.resolve(MEMBERS);
    if (isEmpty(file)) {
      Files.delete(file);
      DurableFiles.force(directory);
    }
  }

  private static boolean isEmpty(Path file) throws IOException {
    return Files.exists(file) && Files.size(file) == 0;
  }

  /** As Ratis does, but only what was written in full takes the old one's place. */
  private static void write(Path file, byte[] content) throws IOException {
    Path unfinished = file.resolveSibling(file.getFileName() + UNFINISHED_SUFFIX);
    Files.write(
        unfinished,
        content,
        StandardOpenOption.CREATE,
        StandardOpenOption.WRITE,
        StandardOpenOption.TRUNCATE_EXISTING);
    try (FileChannel channel = FileChannel.open(unfinished, StandardOpenOption.WRITE)) {
      channel.force(true);
    }
    DurableFiles.move(unfinished, file);
  }
}
