/**
 * Concurrency for Node and Bun whose state every thread of the process shares.
 *
 * @packageDocumentation
 */

export type { BroadcastOptions, OnSlow, SubscribeOptions, SubscriberStatus } from './channels/broadcast.js';
export { Broadcast } from './channels/broadcast.js';
export type { ReceiveResult, SendOptions } from './channels/channel.js';
export { Channel } from './channels/channel.js';
export type { SelectCases, Selected } from './channels/select.js';
export { Sending, select, selectSync, sending } from './channels/select.js';
export { after, sleep, Ticker, Timer } from './channels/timers.js';
export { combineErrors } from './concurrent/combine-errors.js';
export type { DynamicFanOutOptions, LoadMonitor } from './concurrent/dynamic-fan-out.js';
export { DynamicFanOut } from './concurrent/dynamic-fan-out.js';
export * from './concurrent/errors.js';
export { fanIn } from './concurrent/fan-in.js';
export type { ConcurrentOptions } from './concurrent/fan-out.js';
export { fanOut } from './concurrent/fan-out.js';
export type { Stage } from './concurrent/pipeline.js';
export { pipeline } from './concurrent/pipeline.js';
export type { BatchProgress, InBatchesOptions } from './concurrent/process-in-batches.js';
export { processInBatches } from './concurrent/process-in-batches.js';
export type { LimiterLike } from './concurrent/rate-limited.js';
export { rateLimited } from './concurrent/rate-limited.js';
export type { ResultsOf } from './concurrent/run-concurrent.js';
export { runConcurrent } from './concurrent/run-concurrent.js';
export type { Gathered, ScatterOptions, Services } from './concurrent/scatter-gather.js';
export { scatterGather } from './concurrent/scatter-gather.js';
export type { StreamProcessor, StreamProcessorOptions } from './concurrent/stream-processor.js';
export { streamProcessor } from './concurrent/stream-processor.js';
export type { CancelFunction, ContextHandle } from './context/context.js';
export { Context } from './context/context.js';
export type { LivingObject, LivingWait } from './diagnostics.js';
export { diagnostics, leaks } from './diagnostics.js';
export * from './errors.js';
export type { FanPatternConfig, FanStreamOptions } from './fan-patterns/combined.js';
export { FanPattern } from './fan-patterns/combined.js';
export * from './fan-patterns/errors.js';
export type { FanInMetrics } from './fan-patterns/fan-in.js';
export { FanIn } from './fan-patterns/fan-in.js';
export type { FanInConfig, FanInOptions } from './fan-patterns/fan-in-config.js';
export { FanOut } from './fan-patterns/fan-out.js';
export type {
  BatchProcessor,
  FanOutConfig,
  FanOutOptions,
  FanProcessor,
} from './fan-patterns/fan-out-config.js';
export type { FanContext } from './fan-patterns/item-context.js';
export type { CustomLoadBalancer, LoadBalancer, WorkerLoad } from './fan-patterns/load-balancer.js';
export type { MergeOrder, MergeStrategy, ReadyInput } from './fan-patterns/merge-strategy.js';
export type { FanOutMetrics } from './fan-patterns/metrics.js';
export type { Source } from './fan-patterns/source.js';
export type { GoOptions, GoroutineState } from './go/go.js';
export { Goroutine, go, goAll, goRace } from './go/go.js';
export type { LoopOptions, ParallelOptions, Range, TypedArray } from './go/parallel-scheduler.js';
export { ParallelScheduler } from './go/parallel-scheduler.js';
export type { TaskGroupOptions } from './go/task-group.js';
export { TaskGroup } from './go/task-group.js';
export type {
  ThreadEvents,
  ThreadManagerOptions,
  ThreadOptions,
  ThreadStatus,
} from './go/worker-thread-manager.js';
export { WorkerThreadManager } from './go/worker-thread-manager.js';
export type { AtomicWaitResult } from './memory/atomic.js';
export { SharedAtomic } from './memory/atomic.js';
export { AtomicBool } from './memory/atomic-bool.js';
export { AtomicF64 } from './memory/atomic-f64.js';
export { AtomicI32 } from './memory/atomic-i32.js';
export { AtomicI64 } from './memory/atomic-i64.js';
export { AtomicRef } from './memory/atomic-ref.js';
export type { BufferPoolOptions, BufferPoolStatistics } from './memory/buffer-pool.js';
export { BufferLease, BufferPool } from './memory/buffer-pool.js';
export { Lease } from './memory/lease.js';
export { ObjectPool } from './memory/object-pool.js';
export type { ObjectPoolOptions, ObjectPoolStatistics } from './memory/object-pool-options.js';
export { RingBuffer } from './memory/ring-buffer.js';
export type { MapKey, MapStatistics, SetOptions, SharedMapOptions } from './memory/shared-map.js';
export { SharedMap } from './memory/shared-map.js';
export type { ViewType } from './memory/shared-memory.js';
export { SharedMemory } from './memory/shared-memory.js';
export type { PushOptions, SharedQueueOptions } from './memory/shared-queue.js';
export { SharedQueue } from './memory/shared-queue.js';
export type { CallContext } from './policy/call-context.js';
export { CallTimeoutError } from './policy/errors.js';
export type { SharedHandle, SharedOptions } from './shared-object.js';
export { SharedObject } from './shared-object.js';
export type { Cancellation, HasSignal } from './signal.js';
export { Barrier } from './sync/barrier.js';
export { Cond } from './sync/cond.js';
export { CountDownLatch } from './sync/count-down-latch.js';
export type { LockOptions } from './sync/fair.js';
export { Guard } from './sync/guard.js';
export { SharedLock } from './sync/lock.js';
export { Mutex } from './sync/mutex.js';
export { Once } from './sync/once.js';
export { RWMutex, WriteGuard } from './sync/rw-mutex.js';
export type { SemaphoreOptions } from './sync/semaphore.js';
export { Semaphore } from './sync/semaphore.js';
export { Singleflight } from './sync/singleflight.js';
export { WaitGroup } from './sync/wait-group.js';
export type { Holder } from './sync/watch.js';
export { debugLocks } from './sync/watch.js';
export { move } from './transfer.js';
export type { WaitOptions } from './wait-options.js';
export type { BatchOptions } from './worker-pools/batch.js';
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
export type { MapOptions } from './worker-pools/map.js';
export type { HealthStatus, PoolMetrics, TimeStatistics, WorkerHealth } from './worker-pools/metrics.js';
export type { PoolHandle } from './worker-pools/opening.js';
export { type CloseOptions, WorkerPool } from './worker-pools/pool.js';
