package io.raftkv.meta.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.raftkv.meta.control.MachinesSimulation.Mutant;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class MachinesSimulationTest {
  private static final int SEEDS = 5;
  private static final int MOST_SEEDS = 1_000;

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(ints = {1, 1_001, 2_001})
  void nothingIsLostWhileMachinesComeAndGo(int first) {
    int replaced = 0;
    for (int seed = first; seed < first + SEEDS; seed++) {
      replaced += new MachinesSimulation(seed, Mutant.NONE).run();
    }
    assertThat(replaced).as("nodes removed").isGreaterThan(SEEDS);
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
  void faultIsFound(Mutant mutant) {
    for (int seed = 1; seed <= MOST_SEEDS; seed++) {
      try {
        new MachinesSimulation(seed, mutant).run();
      } catch (AssertionError found) {
        System.out.println(mutant + " is found: " + found.getMessage());
        return;
      }
    }
    fail(mutant + " is not found with " + MOST_SEEDS + " seeds");
  }
}
