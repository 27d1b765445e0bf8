package io.raftkv.raft;

import io.raftkv.raft.CheckpointCodec.Answer;
import io.raftkv.raft.CheckpointCodec.Ask;
import io.raftkv.raft.CheckpointCodec.Begin;
import io.raftkv.raft.CheckpointCodec.Begun;
import io.raftkv.raft.CheckpointCodec.Done;
import io.raftkv.raft.CheckpointCodec.Has;
import io.raftkv.raft.CheckpointCodec.Install;
import io.raftkv.raft.CheckpointCodec.Piece;
import io.raftkv.raft.CheckpointCodec.Refusal;
import io.raftkv.raft.CheckpointCodec.Refused;
import io.raftkv.raft.CheckpointCodec.Transfer;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.storage.FileInfo;
import org.apache.ratis.statemachine.SnapshotInfo;

/**
 * One attempt to bring a checkpoint to a follower: of each file what is not there yet, at last the
 * message by which Ratis installs them. What an attempt has brought, the next one need not. For one
 * thread.
 */
final class CheckpointSending {
  /** So often a file is sent that does not arrive as it is; then the attempt ends. */
  private static final int TRIES = 3;

  /** What an attempt needs of the leader. */
  interface Leader {
    UUID group();

    /** The follower's node. */
    String follower();

    /** The term in which it leads; fails when that is over. */
    long term() throws IOException;

    /** Whether the attempt is still wanted, with this checkpoint. */
    boolean wants(SnapshotInfo checkpoint);

    /** Ratis' message for a checkpoint all of whose files are there. */
    byte[] installMessage(TermIndex checkpoint, long term) throws IOException;

    /** The follower has so many bytes of the checkpoint. */
    void arrived(SnapshotInfo checkpoint, long bytes);
  }

  /** The follower refuses. */
  static final class RefusedException extends IOException {
    private static final long serialVersionUID = 1L;
    private final Refusal why;

    RefusedException(Refused refused) {
      super("refused: " + refused.why() + " " + refused.detail());
      this.why = refused.why();
    }

    Refusal why() {
      return why;
    }
  }

  /** The follower has all of it already, and the attempt need not go on. */
  private static final class DoneException extends IOException {
    private static final long serialVersionUID = 1L;
  }

  private final Leader leader;
  private final CheckpointSender sender;
  private final SnapshotInfo checkpoint;
  private final Map<String, String> known;
  private final Map<String, FileInfo> files = new LinkedHashMap<>();
  private final Map<String, String> digests = new HashMap<>();
  private final long term;
  private Transfer transfer;
  private long arrived;
  private long sent;

  /**
   * @param known digests of files by name, from attempt to attempt: tables never change
   */
  CheckpointSending(
      Leader leader, CheckpointSender sender, SnapshotInfo checkpoint, Map<String, String> known)
      throws IOException {
    this.leader = leader;
    this.sender = sender;
    this.checkpoint = checkpoint;
    this.known = known;
    this.term = leader.term();
    TermIndex at = checkpoint.getTermIndex();
    this.transfer =
        new Transfer(leader.group(), term, at.getTerm(), at.getIndex(), CheckpointCodec.NOBODY);
    for (FileInfo file : checkpoint.getFiles()) {
      files.put(file.getPath().getFileName().toString(), file);
    }
    known.keySet().removeIf(name -> !name.endsWith(".sst"));
  }

  /** Bytes of files that this attempt has sent. */
  long sentBytes() {
    return sent;
  }

  /** Returns when the follower has the checkpoint installed, or all that is in it. */
  void run() throws IOException, InterruptedException {
    try {
      Map<String, Long> sizes = new LinkedHashMap<>();
      files.forEach((name, file) -> sizes.put(name, file.getFileSize()));
      Begun begun = expect(Begun.class, sender.ask(follower(), () -> new Begin(transfer, sizes)));
      transfer =
          new Transfer(
              transfer.group(),
              term,
              transfer.checkpointTerm(),
              transfer.checkpointIndex(),
              begun.receiver());
      leader.arrived(checkpoint, 0);
      for (FileInfo file : files.values()) {
        bring(file);
      }
      install();
    } catch (DoneException done) {
      return;
    }
  }

  private String follower() {
    return leader.follower();
  }

  private void bring(FileInfo file) throws IOException, InterruptedException {
    String name = file.getPath().getFileName().toString();
    requireWanted();
    Has has = ask(name);
    if (has.digest().isEmpty()) {
      has = sendFrom(file, has.bytes());
    }
    for (int tries = 1; !has.digest().equals(digest(name, file.getPath())); tries++) {
      if (tries > TRIES) {
        throw new IOException(file.getPath() + " arrives damaged");
      }
      known.remove(name); // it may have been read wrongly here
      has = sendFrom(file, 0);
    }
    digests.put(name, has.digest());
    arrived += file.getFileSize();
    leader.arrived(checkpoint, arrived);
  }

  private Has ask(String name) throws IOException, InterruptedException {
    return expect(Has.class, sender.ask(follower(), () -> new Ask(transfer, name)));
  }

  private Has sendFrom(FileInfo file, long offset) throws IOException, InterruptedException {
    String name = file.getPath().getFileName().toString();
    try (FileChannel in = FileChannel.open(file.getPath(), StandardOpenOption.READ)) {
      Has has;
      long at = offset;
      do {
        requireWanted();
        long from = at;
        int bytes = (int) Math.min(CheckpointSender.PIECE_BYTES, file.getFileSize() - from);
        has =
            expect(
                Has.class,
                sender.send(
                    follower(),
                    bytes,
                    () -> new Piece(transfer, name, from, read(in, from, bytes))));
        sent += bytes;
        if (has.digest().isEmpty() && has.bytes() != from + bytes) {
          throw new IOException(name + " has " + has.bytes() + " bytes there, not " + from);
        }
        at = has.bytes();
        leader.arrived(checkpoint, arrived + at);
      } while (has.digest().isEmpty());
      return has;
    }
  }

  private static byte[] read(FileChannel in, long from, int bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(bytes);
    while (buffer.hasRemaining()) {
      if (in.read(buffer, from + buffer.position()) < 0) {
        throw new EOFException("a file of a checkpoint has become shorter");
      }
    }
    return buffer.array();
  }

  private String digest(String name, Path file) throws IOException {
    String digest = known.get(name);
    if (digest == null) {
      digest = FileDigest.of(file);
      known.put(name, digest);
    }
    return digest;
  }

  private void install() throws IOException, InterruptedException {
    requireWanted();
    byte[] message = leader.installMessage(checkpoint.getTermIndex(), term);
    String digest = FileDigest.ofAll(digests);
    expect(Done.class, sender.ask(follower(), () -> new Install(transfer, digest, message)));
  }

  private void requireWanted() throws IOException {
    if (!leader.wants(checkpoint)) {
      throw new IOException("it is not to be sent any more");
    }
  }

  private static <T extends Answer> T expect(Class<T> type, Answer answer) throws IOException {
    if (type.isInstance(answer)) {
      return type.cast(answer);
    }
    if (answer instanceof Done) {
      throw new DoneException();
    }
    if (answer instanceof Refused refused) {
      throw new RefusedException(refused);
    }
    throw new IOException("an answer to something else: " + answer);
  }
}
