package io.raftkv.meta.job;

import io.raftkv.meta.JobInfo;
import java.util.List;

/**
 * A node is emptied, as by {@link DrainSteps}, but to one certain node, which also gets its vote in
 * the metadata group; then it is removed, as by {@link RemoveSteps}.
 */
final class ReplaceSteps implements Steps {
  static final List<String> NAMES = List.of("move", RemoveSteps.LEAVE);

  private final Steps drain = new DrainSteps();
  private final Steps remove = new RemoveSteps();

  @Override
  public JobAction take(Scene scene) {
    return (scene.job().step().equals(RemoveSteps.LEAVE) ? remove : drain).take(scene);
  }

  /** What has gone stays where it is. */
  @Override
  public JobAction undo(Scene scene) {
    boolean moves = DrainSteps.move(scene).filter(JobInfo::canBeCancelled).isPresent();
    return (moves ? drain : remove).undo(scene);
  }
}
