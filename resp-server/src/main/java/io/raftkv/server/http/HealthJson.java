package io.raftkv.server.http;

/** The bodies of the health endpoints. */
final class HealthJson {
  private HealthJson() {}

  static String live(boolean live) {
    return "{\"live\":" + live + "}\n";
  }

  static String ready(Readiness readiness) {
    StringBuilder json = new StringBuilder();
    json.append("{\"ready\":").append(readiness.ready()).append(",\"node\":");
    quote(json, readiness.node());
    json.append(",\"shards\":[");
    String separator = "\n  ";
    for (ShardHealth shard : readiness.shards()) {
      json.append(separator);
      append(json, shard);
      separator = ",\n  ";
    }
    return json.append("]}\n").toString();
  }

  private static void append(StringBuilder json, ShardHealth shard) {
    json.append("{\"shard\":");
    quote(json, shard.shard());
    json.append(",\"role\":");
    quote(json, shard.role());
    json.append(",\"ready\":").append(shard.ready()).append(",\"leader\":");
    quote(json, shard.leader());
    json.append(",\"term\":").append(shard.term());
    json.append(",\"commitIndex\":").append(shard.commitIndex());
    json.append(",\"appliedIndex\":").append(shard.appliedIndex());
    if (shard.detail() != null) {
      json.append(",\"detail\":");
      quote(json, shard.detail());
    }
    json.append('}');
  }

  private static void quote(StringBuilder json, String text) {
    if (text == null) {
      json.append("null");
      return;
    }
    json.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        json.append('\\').append(c);
      } else if (c < ' ') {
        json.append(String.format("\\u%04x", (int) c));
      } else {
        json.append(c);
      }
    }
    json.append('"');
  }
}
