package io.raftkv.it.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/**
 * The server's classes as a JVM maps them into memory (application class-data sharing): a cluster
 * that starts with it takes two thirds of the processor time. It is recorded from a cluster that
 * starts, serves and stops, once for each build of the server.
 */
final class ClassArchive {
  /** Of this JVM: another one would warn that it is not its own. */
  private static final Path FILE =
      Path.of("target", "it", "server-" + System.getProperty("java.vm.version") + ".jsa")
          .toAbsolutePath();

  private static final String RECORD = "-XX:ArchiveClassesAtExit=";
  private static final String USE = "-XX:SharedArchiveFile=";

  private static boolean checked;

  private ClassArchive() {}

  /** Flags for the JVM of a node that runs this jar. */
  static synchronized List<String> flags(Path jar) {
    if (!checked) {
      checked = true;
      try {
        if (!Files.exists(FILE)
            || Files.getLastModifiedTime(FILE).compareTo(Files.getLastModifiedTime(jar)) < 0) {
          Path recorded = FILE.resolveSibling(FILE.getFileName() + ".new");
          Files.createDirectories(FILE.getParent());
          Files.deleteIfExists(recorded);
          TestCluster.ofNodes(3).shards(3).runOnce("ClassArchive", RECORD + recorded);
          Files.move(recorded, FILE, StandardCopyOption.REPLACE_EXISTING);
        }
      } catch (IOException e) {
        throw new UncheckedIOException("cannot record " + FILE, e);
      }
    }
    return List.of(USE + FILE);
  }
}
