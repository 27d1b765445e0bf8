package io.raftkv.it.cluster;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A plain RESP2/RESP3 connection that hides nothing: no retries, no redirects, no reconnects.
 *
 * <p>Strings go over the wire byte by byte as ISO 8859-1, so that any bytes survive. Replies are
 * {@code String} (simple and bulk), {@code Long}, {@code Double}, {@code Boolean}, {@code List},
 * {@code Map}, {@code null} and {@link RespError}. After an exception the connection is of no use:
 * a late reply would answer the wrong question. For one thread.
 */
public final class RespConnection implements Closeable {
  private static final Logger LOG = LoggerFactory.getLogger(RespConnection.class);
  private static final int BUFFER_BYTES = 64 * 1024;
  private static final int MAX_BULK_BYTES = 256 * 1024 * 1024;

  private final Socket socket = new Socket();
  private final InputStream in;
  private final OutputStream out;

  /** Connects, or fails within the timeout; reads wait at most as long. */
  public RespConnection(InetSocketAddress address, Duration timeout) throws IOException {
    try {
      socket.setTcpNoDelay(true);
      socket.connect(address, Math.toIntExact(timeout.toMillis()));
      socket.setSoTimeout(Math.toIntExact(timeout.toMillis()));
      in = new BufferedInputStream(socket.getInputStream(), BUFFER_BYTES);
      out = new BufferedOutputStream(socket.getOutputStream(), BUFFER_BYTES);
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  /** Sends one command and returns its reply, which may be a {@link RespError}. */
  public Object call(String... args) throws IOException {
    send(args);
    flush();
    return read();
  }

  /** Appends one command to what {@link #flush} sends. */
  public void send(String... args) throws IOException {
    out.write(("*" + args.length + "\r\n").getBytes(StandardCharsets.ISO_8859_1));
    for (String arg : args) {
      out.write(("$" + arg.length() + "\r\n").getBytes(StandardCharsets.ISO_8859_1));
      out.write(arg.getBytes(StandardCharsets.ISO_8859_1));
      out.write('\r');
      out.write('\n');
    }
  }

  /** Appends bytes as they are, well-formed or not. */
  public void sendRaw(String bytes) throws IOException {
    out.write(bytes.getBytes(StandardCharsets.ISO_8859_1));
  }

  public void flush() throws IOException {
    out.flush();
  }

  /** The next reply. */
  public Object read() throws IOException {
    return readRaw().value();
  }

  /** The next reply as it is on the wire. */
  public RawReply readRaw() throws IOException {
    String line = readLine();
    if (line.isEmpty()) {
      throw new IOException("empty reply line");
    }
    char kind = line.charAt(0);
    String rest = line.substring(1);
    return switch (kind) {
      case '+', '-', ':', '_', ',', '#', '(' -> new RawReply(kind, rest, null);
      case '$', '=', '!' -> new RawReply(kind, readBulk(length(rest)), null);
      case '*', '~', '>' -> new RawReply(kind, null, readItems(length(rest)));
      case '%' -> new RawReply(kind, null, readItems(2 * length(rest)));
      default -> throw new IOException("unknown reply type in: " + line);
    };
  }

  private static int length(String text) throws IOException {
    int length = Integer.parseInt(text);
    if (length < -1 || !Integer.toString(length).equals(text)) {
      throw new IOException("odd length in a reply: " + text);
    }
    return length;
  }

  /** True if the server has closed the connection and nothing is left to read. */
  public boolean isClosedByServer() throws IOException {
    try {
      return in.read() < 0;
    } catch (SocketTimeoutException stillOpen) {
      return false;
    } catch (SocketException reset) {
      return true;
    }
  }

  private String readBulk(int length) throws IOException {
    if (length < 0) {
      return null;
    }
    if (length > MAX_BULK_BYTES) {
      throw new IOException("bulk reply of " + length + " bytes");
    }
    byte[] bytes = in.readNBytes(length);
    if (bytes.length < length || in.read() != '\r' || in.read() != '\n') {
      throw new EOFException("bulk reply cut off");
    }
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  private List<RawReply> readItems(int length) throws IOException {
    if (length < 0) {
      return null;
    }
    List<RawReply> items = new ArrayList<>();
    for (int i = 0; i < length; i++) {
      items.add(readRaw());
    }
    return items;
  }

  private String readLine() throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = in.read(); c != '\r'; c = in.read()) {
      if (c < 0) {
        throw new EOFException("connection closed by the server");
      }
      line.append((char) c);
    }
    if (in.read() != '\n') {
      throw new IOException("reply line does not end in CRLF");
    }
    return line.toString();
  }

  /** How long {@link #read} waits from now on; zero waits forever. */
  public void timeout(Duration limit) throws IOException {
    socket.setSoTimeout(Math.toIntExact(limit.toMillis()));
  }

  /** Closes the socket; that it may be broken already is no news. */
  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException e) {
      LOG.debug("closing {}", socket, e);
    }
  }
}
