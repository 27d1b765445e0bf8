package io.raftkv.meta;

/**
 * Where the numbered records of a state begin and end. Numbers are never used twice.
 *
 * @param lastShard number of the newest shard ever made; 0 for none
 * @param lastJob number of the newest job ever made; 0 for none
 * @param firstEvent number of the oldest event still kept
 * @param nextEvent number the next event will get
 * @param firstRouting oldest routing version whose change is still kept
 */
record StateCounters(
    long lastShard, long lastJob, long firstEvent, long nextEvent, long firstRouting) {
  static final StateCounters START = new StateCounters(0, 0, 1, 1, 1);

  StateCounters {
    if (lastShard < 0 || lastJob < 0 || firstEvent < 1 || firstRouting < 1) {
      throw new IllegalArgumentException("counters out of range");
    }
    if (firstEvent > nextEvent) {
      throw new IllegalArgumentException("event " + firstEvent + " kept before it happened");
    }
  }

  StateCounters withShard(long number) {
    return new StateCounters(
        Math.max(lastShard, number), lastJob, firstEvent, nextEvent, firstRouting);
  }

  StateCounters withJob(long number) {
    return new StateCounters(lastShard, number, firstEvent, nextEvent, firstRouting);
  }
}
