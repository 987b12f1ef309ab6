/** What a pool tells of itself. Times are in milliseconds, shares between 0 and 1. */

/** How many there were, and how large: from a histogram of fixed size that is exact to about 3 %. */
export interface TimeStatistics {
  count: number;
  mean: number;
  min: number;
  p50: number;
  p90: number;
  p99: number;
  p999: number;
  max: number;
}

/** A pool's counts and times since it began or was reset. */
export interface PoolMetrics {
  /** Tasks accepted. */
  submitted: number;
  /** Tasks that returned. */
  completed: number;
  /** Tasks that threw. */
  failed: number;
  /** Tasks cancelled by their submitter. */
  aborted: number;
  /** Tasks that took too long. */
  timedOut: number;
  /** Tasks refused because the queue was full. */
  rejected: number;
  /** Tasks that ran again after their worker was lost. */
  retried: number;
  /** Workers that died unordered. */
  crashes: number;
  /** Workers started in place of lost ones. */
  restarts: number;
  /** Workers started. */
  spawned: number;
  /** Workers retired. */
  retired: number;
  /** Tasks that an idle worker took from another's queue. */
  stolen: number;
  /** The share of the workers' time spent running tasks. */
  utilisation: number;
  /** From submission to begin. */
  waiting: TimeStatistics;
  /** From begin to end. */
  running: TimeStatistics;
}

/** One worker's health. */
export interface WorkerHealth {
  workerId: number;
  /** `'unresponsive'`: it runs something and has given no sign of life for `heartbeatTimeout`. */
  state: 'starting' | 'idle' | 'busy' | 'unresponsive' | 'retiring';
  /** Tasks that returned. */
  done: number;
  /** Tasks that threw. */
  failed: number;
  /** Tasks it has taken and not begun. */
  queued: number;
  /** How long its oldest running task has run. */
  currentTaskAge: number | null;
  /** How long ago it last gave a sign of life; idle workers are not asked for any. */
  lastHeartbeatAge: number | null;
  /** The share of time its event loop was busy, at the last heartbeat. */
  eventLoopUtilization: number;
  /** Bytes of heap in use, at the last heartbeat. */
  heapUsed: number;
  /** Bytes of heap it may use. */
  heapLimit: number;
  /** Its recent mean run time. */
  meanRun: number;
}

/** A pool's health. */
export interface HealthStatus {
  /** Whether no worker is unresponsive. */
  healthy: boolean;
  /** Tasks that wait, those that workers have taken and not begun included. */
  queued: number;
  /** Tasks that run. */
  running: number;
  /** Tasks that wait for room in the queue. */
  waitingRoom: number;
  /** Each worker. */
  workers: WorkerHealth[];
}
