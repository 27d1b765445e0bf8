package io.raftkv.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class MemberChangesTest {
  private static final Set<String> ALL = Set.of("n2", "n3", "n4");

  @Test
  void heirIsTheWantedOneIfItHasNearlyAllOfTheLog() {
    Map<String, Long> matches = Map.of("n2", 90L, "n3", 90L, "n4", 90L);
    for (String wanted : ALL) {
      assertThat(MemberChanges.heir(ALL, matches, wanted)).contains(wanted);
    }
    Map<String, Long> behind = Map.of("n2", 90L, "n3", 90L, "n4", 74L);
    assertThat(MemberChanges.heir(ALL, behind, "n4")).contains("n4");
  }

  @Test
  void heirIsTheOneWithMostOfTheLogIfTheWantedOneIsBehindOrSilent() {
    Map<String, Long> matches = Map.of("n2", 89L, "n3", 90L, "n4", 73L);
    assertThat(MemberChanges.heir(ALL, matches, "n4")).as("behind").contains("n3");
    assertThat(MemberChanges.heir(Set.of("n2", "n3"), matches, "n4")).as("silent").contains("n3");
    assertThat(MemberChanges.heir(ALL, Map.of("n2", 89L, "n3", 90L), "n4"))
        .as("has not answered this leader")
        .contains("n3");
    assertThat(MemberChanges.heir(ALL, matches, "")).as("none is wanted").contains("n3");
    assertThat(MemberChanges.heir(Set.of(), matches, "n4")).isEmpty();
  }
}
