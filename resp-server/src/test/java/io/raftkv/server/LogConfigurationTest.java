package io.raftkv.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URISyntaxException;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.core.Filter;
import org.apache.logging.log4j.core.LoggerContext;
import org.apache.logging.log4j.core.config.Configuration;
import org.apache.logging.log4j.core.config.ConfigurationFactory;
import org.apache.logging.log4j.core.config.LoggerConfig;
import org.apache.logging.log4j.core.impl.Log4jLogEvent;
import org.apache.logging.log4j.message.SimpleMessage;
import org.junit.jupiter.api.Test;

/** What of Ratis' lines an operator gets to see: faults, and not how a start goes. */
class LogConfigurationTest {
  private static final String DIVISION = "org.apache.ratis.server.RaftServer$Division";

  private static boolean isShown(Level level, String line) throws URISyntaxException {
    return isShown(DIVISION, level, line);
  }

  private static boolean isShown(String name, Level level, String line) throws URISyntaxException {
    Configuration configuration =
        ConfigurationFactory.getInstance()
            .getConfiguration(
                new LoggerContext("test"), "test", Main.class.getResource("/log4j2.xml").toURI());
    configuration.initialize();
    LoggerConfig logger = configuration.getLoggerConfig(name);
    Log4jLogEvent event =
        Log4jLogEvent.newBuilder()
            .setLoggerName(name)
            .setLevel(level)
            .setMessage(new SimpleMessage(line))
            .build();
    return level.isMoreSpecificThan(logger.getLevel())
        && (logger.getFilter() == null || logger.getFilter().filter(event) != Filter.Result.DENY);
  }

  @Test
  void leaderOfAFormerTermIsNoWarning() throws URISyntaxException {
    assertThat(
            isShown(
                Level.WARN,
                "n1@group-1: Failed to recognize n2 as leader for APPEND_ENTRIES"
                    + " since peerTerm = 1 < currentTerm = 2"))
        .isFalse();
  }

  @Test
  void twoLeadersOfOneTermAreShown() throws URISyntaxException {
    assertThat(
            isShown(
                Level.WARN,
                "n1@group-1: Failed to recognize n2 as leader for APPEND_ENTRIES since current"
                    + " leader is n3 (peerTerm = currentTerm = 2)"))
        .isTrue();
  }

  @Test
  void entriesThatCannotBeAppendedAreShownWhateverTheCause() throws URISyntaxException {
    assertThat(isShown(Level.ERROR, "n1@group-1: Failed appendEntries* n2->n1#0-t2,previous=(t:1)"))
        .isTrue();
  }

  /** RaftKV's own line names the file and what to do. */
  @Test
  void theStackOfAReplicaThatDoesNotStartIsNotShown() throws URISyntaxException {
    String lifeCycle = "org.apache.ratis.util.LifeCycle";
    String machine = "ReplicatedStateMachine-1:n1:group-D388D5E3C3DD";
    String server = "org.apache.ratis.server.RaftServer";
    assertThat(isShown(lifeCycle, Level.WARN, machine + ": Failed to start (state=STARTING)"))
        .isFalse();
    assertThat(isShown(lifeCycle, Level.ERROR, machine + " has failed (STARTING -> EXCEPTION)"))
        .isFalse();
    assertThat(isShown(lifeCycle, Level.ERROR, machine + " has failed (RUNNING -> EXCEPTION)"))
        .isTrue();
    assertThat(isShown(server, Level.WARN, "n1: Failed groupAdd* GroupManagementRequest:client-A"))
        .isFalse();
    assertThat(isShown(server, Level.WARN, "n1: Failed groupRemove* GroupManagementRequest:c"))
        .isTrue();
  }

  @Test
  void ordinaryStepsAreNotShown() throws URISyntaxException {
    assertThat(isShown(Level.INFO, "n1@group-1: changes role from FOLLOWER to CANDIDATE"))
        .isFalse();
  }
}
