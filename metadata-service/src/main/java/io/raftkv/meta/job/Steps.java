package io.raftkv.meta.job;

/**
 * The steps of one kind of job. Pure: what is to be done follows from the scene alone, so that any
 * leader of the metadata group, and the same one after any failure, goes on where the job is.
 */
interface Steps {
  /** What takes the job's present step further. */
  JobAction take(Scene scene);

  /** How far the present step is while something long is being done for it. */
  default JobAction.Await progress(Scene scene) {
    return new JobAction.Await("", 0, 0);
  }

  /** What undoes the steps that were taken, the present one maybe in part. */
  JobAction undo(Scene scene);
}
