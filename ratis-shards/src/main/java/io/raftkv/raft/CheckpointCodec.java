package io.raftkv.raft;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;

/**
 * What a leader and a follower tell each other while a checkpoint is sent, as bytes: each request
 * is answered before the next one goes.
 */
final class CheckpointCodec {
  /** Nobody yet: the answer to {@link Begin} tells who takes the files. */
  static final UUID NOBODY = new UUID(0, 0);

  private static final byte BEGIN = 1;
  private static final byte ASK = 2;
  private static final byte PIECE = 3;
  private static final byte INSTALL = 4;

  private static final byte BEGUN = 1;
  private static final byte HAS = 2;
  private static final byte DONE = 3;
  private static final byte REFUSED = 4;

  /**
   * What is sent, by whom, and to whom.
   *
   * @param term of the leader that sends it; there is one leader in a term
   * @param checkpointTerm term of the last entry that the checkpoint has
   * @param checkpointIndex index of that entry
   * @param receiver the very replica that takes the files: not one that stands there later
   */
  record Transfer(
      UUID group, long term, long checkpointTerm, long checkpointIndex, UUID receiver) {}

  /** From a leader. */
  sealed interface Request permits Begin, Ask, Piece, Install {
    Transfer transfer();
  }

  /**
   * These files are to come.
   *
   * @param files bytes of each, by name
   */
  record Begin(Transfer transfer, Map<String, Long> files) implements Request {}

  /** What of this file is there? */
  record Ask(Transfer transfer, String file) implements Request {}

  /** A part of a file, behind all that is there; at 0 the file begins anew. */
  record Piece(Transfer transfer, String file, long offset, byte[] bytes) implements Request {}

  /**
   * All files are there.
   *
   * @param digest of all of them, {@link FileDigest#ofAll}
   * @param message Ratis' own, which has the replica install them
   */
  record Install(Transfer transfer, String digest, byte[] message) implements Request {}

  /** From a follower. */
  sealed interface Answer permits Begun, Has, Done, Refused {}

  /** It takes the files. */
  record Begun(UUID receiver) implements Answer {}

  /**
   * So much of the file is there.
   *
   * @param digest what the file has on the disk, if it is whole; else empty
   */
  record Has(long bytes, String digest) implements Answer {}

  /** The follower needs no checkpoint up to there: it has committed that, or installed it. */
  record Done(long committedIndex) implements Answer {}

  record Refused(Refusal why, String detail) implements Answer {}

  /** Why a follower does not do what it is asked for. */
  enum Refusal {
    /** The leader's term is over, or has not begun here. */
    OTHER_TERM,
    /** The replica starts or stops, or there is none. */
    NOT_OPEN,
    /** The files go to another replica, or are of another checkpoint: to be begun again. */
    OTHER_TRANSFER,
    /** It is installing. */
    BUSY,
    /** There is no room on the disk. */
    NO_SPACE,
    /** Anything else; the follower's log has more. */
    FAILED
  }

  private CheckpointCodec() {}

  @FunctionalInterface
  private interface Body {
    void writeTo(DataOutputStream out) throws IOException;
  }

  private static byte[] bytes(Body body) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      body.writeTo(out);
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
    return bytes.toByteArray();
  }

  static byte[] encode(Request request) {
    return bytes(
        out -> {
          if (request instanceof Begin begin) {
            head(out, BEGIN, begin.transfer);
            out.writeInt(begin.files.size());
            for (Map.Entry<String, Long> file : begin.files.entrySet()) {
              out.writeUTF(file.getKey());
              out.writeLong(file.getValue());
            }
          } else if (request instanceof Ask ask) {
            head(out, ASK, ask.transfer);
            out.writeUTF(ask.file);
          } else if (request instanceof Piece piece) {
            head(out, PIECE, piece.transfer);
            out.writeUTF(piece.file);
            out.writeLong(piece.offset);
            out.write(piece.bytes);
          } else if (request instanceof Install install) {
            head(out, INSTALL, install.transfer);
            out.writeUTF(install.digest);
            out.write(install.message);
          }
        });
  }

  private static void head(DataOutputStream out, byte kind, Transfer transfer) throws IOException {
    out.writeByte(kind);
    write(out, transfer.group);
    out.writeLong(transfer.term);
    out.writeLong(transfer.checkpointTerm);
    out.writeLong(transfer.checkpointIndex);
    write(out, transfer.receiver);
  }

  private static void write(DataOutputStream out, UUID id) throws IOException {
    out.writeLong(id.getMostSignificantBits());
    out.writeLong(id.getLeastSignificantBits());
  }

  private static UUID uuid(DataInputStream in) throws IOException {
    return new UUID(in.readLong(), in.readLong());
  }

  /**
   * @throws IOException if it is none
   */
  static Request decodeRequest(byte[] message) throws IOException {
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(message));
    byte kind = in.readByte();
    Transfer transfer =
        new Transfer(uuid(in), in.readLong(), in.readLong(), in.readLong(), uuid(in));
    return switch (kind) {
      case BEGIN -> new Begin(transfer, files(in));
      case ASK -> new Ask(transfer, in.readUTF());
      case PIECE -> new Piece(transfer, in.readUTF(), in.readLong(), in.readAllBytes());
      case INSTALL -> new Install(transfer, in.readUTF(), in.readAllBytes());
      default -> throw new IOException("checkpoint request " + kind + " of another version");
    };
  }

  private static Map<String, Long> files(DataInputStream in) throws IOException {
    Map<String, Long> files = new LinkedHashMap<>();
    for (int left = in.readInt(); left > 0; left--) {
      files.put(in.readUTF(), in.readLong());
    }
    return files;
  }

  static byte[] encode(Answer answer) {
    return bytes(
        out -> {
          if (answer instanceof Begun begun) {
            out.writeByte(BEGUN);
            write(out, begun.receiver);
          } else if (answer instanceof Has has) {
            out.writeByte(HAS);
            out.writeLong(has.bytes);
            out.writeUTF(has.digest);
          } else if (answer instanceof Done done) {
            out.writeByte(DONE);
            out.writeLong(done.committedIndex);
          } else if (answer instanceof Refused refused) {
            out.writeByte(REFUSED);
            out.writeByte(refused.why.ordinal());
            out.writeUTF(refused.detail);
          }
        });
  }

  /**
   * @throws IOException if it is none
   */
  static Answer decodeAnswer(byte[] message) throws IOException {
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(message));
    byte kind = in.readByte();
    return switch (kind) {
      case BEGUN -> new Begun(uuid(in));
      case HAS -> new Has(in.readLong(), in.readUTF());
      case DONE -> new Done(in.readLong());
      case REFUSED -> new Refused(refusal(in.readByte()), in.readUTF());
      default -> throw new IOException("checkpoint answer " + kind + " of another version");
    };
  }

  private static Refusal refusal(byte code) {
    Refusal[] known = Refusal.values();
    return code >= 0 && code < known.length ? known[code] : Refusal.FAILED;
  }
}
