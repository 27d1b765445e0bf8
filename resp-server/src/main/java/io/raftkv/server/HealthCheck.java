package io.raftkv.server;

import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/** Asks a node for its health, so that an image needs no HTTP client. */
final class HealthCheck {
  private static final int TIMEOUT_MILLIS = (int) Duration.ofSeconds(3).toMillis();
  private static final int MAX_BODY_BYTES = 64 * 1024;

  /** The answer; {@code text} is for a person. */
  record Result(boolean healthy, String text) {}

  private HealthCheck() {}

  /** Asks the node that runs on this machine with this configuration. */
  static Result ask(ServerConfig.Listen listen, boolean readiness) {
    int port = listen.httpPort().orElse(0);
    if (port == 0) {
      return new Result(false, "http-port is off or 0: there is no known port to ask");
    }
    String asked = port + (readiness ? "/health/ready" : "/health/live");
    try {
      return get("http://" + host(listen) + ":" + asked);
    } catch (IOException unreachable) {
      return new Result(false, "no answer on port " + asked + ": " + unreachable);
    }
  }

  /** The first address that the node listens on. */
  private static String host(ServerConfig.Listen listen) throws IOException {
    BindAddress first = new BindAddress(ListenHosts.of(listen.bind()).get(0), false);
    return first.isWildcard() ? "127.0.0.1" : HostPort.bracketed(first.host());
  }

  private static Result get(String url) throws IOException {
    HttpURLConnection connection = (HttpURLConnection) URI.create(url).toURL().openConnection();
    connection.setConnectTimeout(TIMEOUT_MILLIS);
    connection.setReadTimeout(TIMEOUT_MILLIS);
    try {
      int status = connection.getResponseCode();
      try (InputStream body =
          status < 400 ? connection.getInputStream() : connection.getErrorStream()) {
        String text =
            body == null
                ? ""
                : new String(body.readNBytes(MAX_BODY_BYTES), StandardCharsets.UTF_8).strip();
        return new Result(status == HttpURLConnection.HTTP_OK, status + " " + text);
      }
    } finally {
      connection.disconnect();
    }
  }
}
