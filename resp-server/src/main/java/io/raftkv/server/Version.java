package io.raftkv.server;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/** What this build is made of; written into the resource by the build. */
public final class Version {
  private static final Properties BUILD = load();

  private Version() {}

  /** RaftKV's own version. */
  public static String current() {
    return BUILD.getProperty("version");
  }

  /** Some lines: version, Java and the libraries that matter in a report of a problem. */
  public static String describe() {
    return String.format(
        "RaftKV %s%nJava %s (%s), %s %s%nRatis %s, RocksDB %s, Netty %s%n",
        current(),
        System.getProperty("java.version"),
        System.getProperty("java.vm.name"),
        System.getProperty("os.name"),
        System.getProperty("os.arch"),
        BUILD.getProperty("ratis"),
        BUILD.getProperty("rocksdb"),
        BUILD.getProperty("netty"));
  }

  private static Properties load() {
    Properties build = new Properties();
    try (InputStream in = Version.class.getResourceAsStream("version.properties")) {
      if (in == null) {
        throw new IllegalStateException("version.properties is not in this build");
      }
      build.load(in);
    } catch (IOException unreadable) {
      throw new UncheckedIOException("version.properties is unreadable", unreadable);
    }
    return build;
  }
}
