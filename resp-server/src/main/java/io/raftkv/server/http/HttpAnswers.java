package io.raftkv.server.http;

import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the answers of one connection, in order. One thread makes those of all connections, but for
 * whether this process lives: who asks that must not wait for a long scrape, or would restart it.
 */
final class HttpAnswers extends SimpleChannelInboundHandler<FullHttpRequest> {
  private static final Logger LOG = LoggerFactory.getLogger(HttpAnswers.class);
  private static final String LIVE = "/health/live";
  private static final String JSON = "application/json";
  private static final String TEXT = "text/plain; charset=utf-8";
  private static final String PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";

  private final PrometheusMeterRegistry registry;
  private final HealthSource health;
  private final Executor executor;

  /** Requests that were handed to the executor; touched by the event loop only. */
  private int waiting;

  HttpAnswers(PrometheusMeterRegistry registry, HealthSource health, Executor executor) {
    this.registry = registry;
    this.health = health;
    this.executor = executor;
  }

  private record Answer(HttpResponseStatus status, String type, String body) {}

  @Override
  protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
    if (request.decoderResult().isFailure()) {
      send(
          context, false, false, new Answer(HttpResponseStatus.BAD_REQUEST, TEXT, "bad request\n"));
      return;
    }
    HttpMethod method = request.method();
    String path = pathOf(request.uri());
    boolean keepAlive = HttpUtil.isKeepAlive(request);
    if (waiting == 0 && path.equals(LIVE)) {
      answer(context, method, path, keepAlive);
      return;
    }
    try {
      executor.execute(
          () -> {
            answer(context, method, path, keepAlive);
            context.executor().execute(() -> waiting--);
          });
      waiting++;
    } catch (RejectedExecutionException overloaded) {
      // Closing keeps the answers of this connection in order.
      send(
          context,
          false,
          false,
          new Answer(HttpResponseStatus.SERVICE_UNAVAILABLE, TEXT, "too many requests\n"));
    }
  }

  private static String pathOf(String uri) {
    int query = uri.indexOf('?');
    return query < 0 ? uri : uri.substring(0, query);
  }

  private void answer(
      ChannelHandlerContext context, HttpMethod method, String path, boolean keepAlive) {
    boolean head = method.equals(HttpMethod.HEAD);
    Answer answer;
    try {
      answer = answerOf(path, head || method.equals(HttpMethod.GET));
    } catch (RuntimeException failed) {
      LOG.warn("cannot answer {} {}", method, path, failed);
      answer = new Answer(HttpResponseStatus.INTERNAL_SERVER_ERROR, TEXT, "internal error\n");
    }
    send(context, keepAlive, head, answer);
  }

  private Answer answerOf(String path, boolean allowed) {
    switch (path) {
      case "/metrics", LIVE, "/health/ready" -> {
        if (!allowed) {
          return new Answer(HttpResponseStatus.METHOD_NOT_ALLOWED, TEXT, "use GET\n");
        }
      }
      default -> {
        return new Answer(
            HttpResponseStatus.NOT_FOUND, TEXT, "there are /metrics /health/live /health/ready\n");
      }
    }
    return switch (path) {
      case "/metrics" -> new Answer(HttpResponseStatus.OK, PROMETHEUS, registry.scrape(PROMETHEUS));
      case LIVE -> {
        boolean live = health.live();
        yield new Answer(okIf(live), JSON, HealthJson.live(live));
      }
      default -> {
        Readiness readiness = health.ready();
        yield new Answer(okIf(readiness.ready()), JSON, HealthJson.ready(readiness));
      }
    };
  }

  private static HttpResponseStatus okIf(boolean healthy) {
    return healthy ? HttpResponseStatus.OK : HttpResponseStatus.SERVICE_UNAVAILABLE;
  }

  private static void send(
      ChannelHandlerContext context, boolean keepAlive, boolean head, Answer answer) {
    byte[] body = answer.body().getBytes(StandardCharsets.UTF_8);
    ByteBuf content = head ? Unpooled.EMPTY_BUFFER : Unpooled.wrappedBuffer(body);
    FullHttpResponse response =
        new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, answer.status(), content);
    response.headers().set(HttpHeaderNames.CONTENT_TYPE, answer.type());
    response.headers().setInt(HttpHeaderNames.CONTENT_LENGTH, body.length);
    if (answer.status().equals(HttpResponseStatus.METHOD_NOT_ALLOWED)) {
      response.headers().set(HttpHeaderNames.ALLOW, "GET, HEAD");
    }
    HttpUtil.setKeepAlive(response, keepAlive);
    var sent = context.writeAndFlush(response);
    if (!keepAlive) {
      sent.addListener(ChannelFutureListener.CLOSE);
    }
  }
}
