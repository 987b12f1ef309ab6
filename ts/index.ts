/**
 * Concurrency for Node and Bun whose state every thread of the process shares.
 *
 * @packageDocumentation
 */
export * from './errors.js';
export { move } from './transfer.js';
export type {
  Processor,
  ProcessorModule,
  ScalingSample,
  SubmitOptions,
  TaskContext,
  WorkerPoolConfig,
  WorkerPoolOptions,
} from './worker-pools/config.js';
export { DynamicWorkerPool } from './worker-pools/dynamic-pool.js';
export type { PoolEvents } from './worker-pools/events.js';
export { FixedWorkerPool } from './worker-pools/fixed-pool.js';
export type { HealthStatus, PoolMetrics, TimeStatistics, WorkerHealth } from './worker-pools/metrics.js';
export type { BatchOptions, CloseOptions, MapOptions, PoolHandle } from './worker-pools/pool.js';
export { WorkerPool } from './worker-pools/pool.js';
