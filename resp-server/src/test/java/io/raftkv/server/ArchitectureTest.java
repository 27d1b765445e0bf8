package io.raftkv.server;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import org.junit.jupiter.api.Test;

/**
 * What the modules and packages may know of each other. Maven keeps a module from what is to its
 * left; this keeps it from libraries that are on everybody's class path.
 */
class ArchitectureTest {
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .withImportOption(location -> !location.contains("-tests.jar"))
          .importPackages("io.raftkv");

  private static final String[] STORAGE = {"io.raftkv.storage.."};
  private static final String[] SHARDS = {"io.raftkv.raft..", "io.raftkv.shard.."};
  private static final String[] METADATA = {"io.raftkv.meta.."};
  private static final String[] SERVER = {
    "io.raftkv.resp..", "io.raftkv.server..", "io.raftkv.metrics.."
  };

  /** Commands about the node itself; they stand beside the data commands, but belong to it. */
  private static final String NODE_COMMANDS = "io.raftkv.resp.command.local..";

  private static void check(ArchRule rule) {
    rule.check(CLASSES);
  }

  @Test
  void allModulesAreLookedAt() {
    assertThat(CLASSES.contain("io.raftkv.storage.ShardStore")).isTrue();
    assertThat(CLASSES.contain("io.raftkv.raft.RaftNode")).isTrue();
    assertThat(CLASSES.contain("io.raftkv.meta.ClusterState")).isTrue();
    assertThat(CLASSES.contain("io.raftkv.server.Node")).isTrue();
    assertThat(CLASSES.contain("io.raftkv.server.ArchitectureTest")).isFalse();
  }

  @Test
  void onePackageKnowsRocksDb() {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackage("io.raftkv.storage.rocks..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.rocksdb.."));
  }

  @Test
  void onePackageKnowsRatis() {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackage("io.raftkv.raft..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.apache.ratis.."));
  }

  @Test
  void nothingPointsLeft() {
    String[] leftOfShards = join(METADATA, SERVER);
    check(
        noClasses()
            .that()
            .resideInAnyPackage(STORAGE)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(join(SHARDS, leftOfShards)));
    check(
        noClasses()
            .that()
            .resideInAnyPackage(SHARDS)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(leftOfShards));
    check(
        noClasses()
            .that()
            .resideInAnyPackage(METADATA)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(SERVER));
  }

  @Test
  void onlyTheServerKnowsNetty() {
    check(
        noClasses()
            .that()
            .resideInAnyPackage(join(STORAGE, join(SHARDS, METADATA)))
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.netty.."));
  }

  @Test
  void neitherShardsNorMetadataKnowRows() {
    check(
        noClasses()
            .that()
            .resideInAnyPackage(join(SHARDS, METADATA))
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                "io.raftkv.storage.row..",
                "io.raftkv.storage.type..",
                "io.raftkv.storage.rocks.."));
  }

  @Test
  void buffersStayInTheCodec() {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackages("io.raftkv.resp.codec..", "io.raftkv.server.http..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.netty.buffer.."));
  }

  @Test
  void handlersAndStorageSeeNoClockNoChanceAndNoThread() {
    check(
        noClasses()
            .that()
            .resideInAnyPackage(
                "io.raftkv.resp.command",
                "io.raftkv.resp.rdb..",
                "io.raftkv.resp.reply..",
                "io.raftkv.storage",
                "io.raftkv.storage.row..",
                "io.raftkv.storage.type..",
                "io.raftkv.meta")
            .should()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .callMethod(System.class, "nanoTime")
            .orShould()
            .callMethod(Math.class, "random")
            .orShould()
            .callMethod(java.util.UUID.class, "randomUUID")
            .orShould()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.util.Random")
            .orShould()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.util.concurrent.ThreadLocalRandom")
            .orShould()
            .dependOnClassesThat()
            .areAssignableTo(Thread.class));
  }

  @Test
  void theProtocolDoesNotKnowTheServer() {
    check(
        noClasses()
            .that()
            .resideInAPackage("io.raftkv.resp..")
            .and()
            .resideOutsideOfPackage(NODE_COMMANDS)
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.raftkv.server.."));
  }

  @Test
  void packagesOfTheServerHaveNoCycles() {
    slices()
        .matching("io.raftkv.(**)")
        .should()
        .beFreeOfCycles()
        .ignoreDependency(resideInAPackage(NODE_COMMANDS), resideInAPackage("io.raftkv.server.."))
        .check(CLASSES.that(resideInAnyPackage(SERVER)));
  }

  @Test
  void oneClassWiresTheNode() {
    check(
        classes()
            .that()
            .haveFullyQualifiedName("io.raftkv.raft.RaftNode")
            .should()
            .onlyBeAccessed()
            .byAnyPackage("io.raftkv.raft..", "io.raftkv.server"));
  }

  private static String[] join(String[] some, String[] more) {
    String[] all = java.util.Arrays.copyOf(some, some.length + more.length);
    System.arraycopy(more, 0, all, some.length, more.length);
    return all;
  }
}
