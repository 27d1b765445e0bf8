package io.raftkv.raft;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The segment files of a Raft log as Ratis writes them, looked at while no server has them open.
 *
 * <pre>
 *   RaftLog1  (length:varint  entry  crc32c:4, of length and entry)*  zeros, where space is reserved
 * </pre>
 *
 * A process that is killed while it writes leaves the last entry without its end. It was never
 * acknowledged, but Ratis does not tell it from damage and would not start.
 */
final class RaftLogFiles {
  private static final Logger LOG = LoggerFactory.getLogger(RaftLogFiles.class);
  private static final byte[] HEADER = "RaftLog1".getBytes(StandardCharsets.US_ASCII);
  private static final String SEGMENT_PREFIX = "log_";
  private static final String OPEN_PREFIX = "log_inprogress_";
  private static final int CHECKSUM_BYTES = Integer.BYTES;
  private static final int MAX_VARINT_BYTES = 5;
  private static final int CHUNK_BYTES = 1 << 16;

  /**
   * How far a segment is sound.
   *
   * @param validBytes length of the header and the sound entries
   * @param end where the entry behind them should end; {@code validBytes} if that is unknown
   * @param lastWritten the last byte from {@code validBytes} on that is not zero, -1 if none
   */
  private record Scan(long validBytes, long end, long lastWritten) {
    boolean isSound() {
      return lastWritten < 0;
    }

    /** Not a byte of the checksum, which is written last, is there, nor anything behind it. */
    boolean isTorn() {
      return !isSound() && end > validBytes && lastWritten < end - CHECKSUM_BYTES;
    }
  }

  private RaftLogFiles() {}

  /** Cuts off an entry at the end of the log in {@code directory} that was not written fully. */
  static void cutTornEntry(Path directory) throws IOException {
    for (Path file : DurableFiles.list(directory)) {
      if (file.getFileName().toString().startsWith(OPEN_PREFIX)) {
        Scan scan = scan(file);
        if (scan.isTorn()) {
          try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.truncate(scan.validBytes);
            channel.force(true);
          }
          LOG.warn("entry that was not fully written cut off {} at={}", file, scan.validBytes);
        }
      }
    }
  }

  /** Says where the log in {@code directory} is damaged, or returns null if it is sound. */
  static String damage(Path directory) throws IOException {
    for (Path file : DurableFiles.list(directory)) {
      if (file.getFileName().toString().startsWith(SEGMENT_PREFIX)) {
        Scan scan = scan(file);
        if (!scan.isSound()) {
          return file + " is damaged from byte " + scan.validBytes;
        }
      }
    }
    return null;
  }

  private static Scan scan(Path file) throws IOException {
    long valid = 0;
    try (DataInputStream in = open(file)) {
      if (!Arrays.equals(in.readNBytes(HEADER.length), HEADER)) {
        return new Scan(0, 0, lastWritten(file, 0));
      }
      valid = HEADER.length;
      CRC32C checksum = new CRC32C();
      byte[] chunk = new byte[CHUNK_BYTES];
      while (true) {
        checksum.reset();
        long[] length = readLength(in, checksum);
        long end = valid + length[1] + length[0] + CHECKSUM_BYTES;
        if (length[0] == 0) {
          return new Scan(valid, end, lastWritten(file, valid));
        }
        for (long left = length[0]; left > 0; ) {
          int part = (int) Math.min(left, chunk.length);
          in.readFully(chunk, 0, part);
          checksum.update(chunk, 0, part);
          left -= part;
        }
        if (in.readInt() != (int) checksum.getValue()) {
          return new Scan(valid, end, lastWritten(file, valid));
        }
        valid = end;
      }
    } catch (EOFException cut) {
      // Ratis itself drops what the end of the file cuts off; or the length is damaged.
      return new Scan(valid, valid, lastWritten(file, valid));
    }
  }

  /** The length of an entry, 0 where none was written, and the bytes that the length takes. */
  private static long[] readLength(DataInputStream in, CRC32C checksum) throws IOException {
    long length = 0;
    for (int i = 0; i < MAX_VARINT_BYTES; i++) {
      int part = in.readUnsignedByte();
      checksum.update(part);
      length |= (long) (part & 0x7f) << (7 * i);
      if ((part & 0x80) == 0) {
        return new long[] {length, i + 1};
      }
    }
    return new long[] {Long.MAX_VALUE / 2, MAX_VARINT_BYTES};
  }

  private static long lastWritten(Path file, long from) throws IOException {
    long last = -1;
    try (DataInputStream in = open(file)) {
      in.skipNBytes(from);
      byte[] chunk = new byte[CHUNK_BYTES];
      long position = from;
      for (int read = in.read(chunk); read > 0; read = in.read(chunk)) {
        for (int i = 0; i < read; i++) {
          if (chunk[i] != 0) {
            last = position + i;
          }
        }
        position += read;
      }
    }
    return last;
  }

  private static DataInputStream open(Path file) throws IOException {
    return new DataInputStream(new BufferedInputStream(Files.newInputStream(file), CHUNK_BYTES));
  }
}
