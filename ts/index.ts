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
export type {
  AdaptiveLimiterConfig,
  AdaptiveLimiterEvents,
  AdaptiveLimiterMetrics,
  DropOptions,
} from './circuit-breakers/adaptive-limiter.js';
export { AdaptiveLimiter, AdaptivePermit } from './circuit-breakers/adaptive-limiter.js';
export type { BulkheadConfig, BulkheadEvents, BulkheadMetrics } from './circuit-breakers/bulkhead.js';
export { BulkheadCircuitBreaker } from './circuit-breakers/bulkhead.js';
export type { FullReason } from './circuit-breakers/bulkhead-errors.js';
export {
  AdaptiveLimitError,
  AdaptiveLimiterClosedError,
  BulkheadClosedError,
  BulkheadFullError,
  LoadShedError,
} from './circuit-breakers/bulkhead-errors.js';
export type { CircuitCallOptions, CircuitCallResult } from './circuit-breakers/call.js';
export { CircuitBreaker } from './circuit-breakers/circuit-breaker.js';
export type {
  CircuitBreakerConfig,
  CircuitBreakerLocals,
  CircuitWindow,
} from './circuit-breakers/config.js';
export type { Rejection } from './circuit-breakers/errors.js';
export { CircuitOpenError, CircuitShutdownError } from './circuit-breakers/errors.js';
export type { CircuitBreakerEvents, CircuitStateChange } from './circuit-breakers/events.js';
export type { QueuedCallOptions } from './circuit-breakers/line.js';
export type {
  LoadShedConfig,
  LoadShedEvents,
  LoadShedMetrics,
  ShedCallOptions,
  ShedMiddlewareOptions,
} from './circuit-breakers/load-shed.js';
export { LoadShed, loadShed } from './circuit-breakers/load-shed.js';
export type { CircuitBreakerMetrics, CircuitChange, CircuitLatency } from './circuit-breakers/metrics.js';
export type { CircuitState } from './circuit-breakers/states.js';
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
export type { GraphBuilder } from './graph/builder.js';
export type {
  AnyKeys,
  Attempts,
  EdgeOptions,
  Exec,
  FallbackContext,
  GraphOptions,
  NodeConfig,
  NodeOptions,
  PostContext,
  PrepContext,
  Routed,
  RunOptions,
  StepContext,
  StoreFor,
  SubGraph,
  WaitFor,
} from './graph/config.js';
export * from './graph/errors.js';
export { Graph } from './graph/graph.js';
export type { NodeMaker } from './graph/node.js';
export { GraphNode, node, nodeFor } from './graph/node.js';
export { GraphRun } from './graph/run.js';
export type { GraphInputs, GraphResults, RunGraphsOptions } from './graph/run-graphs.js';
export { runGraphs } from './graph/run-graphs.js';
export type { StoreOptions, StoreReader } from './graph/store.js';
export { Store } from './graph/store.js';
export type {
  ErrorJson,
  NodeState,
  RunTrace,
  StepJson,
  StepState,
  TraceJson,
} from './graph/trace.js';
export { HeardObject } from './heard-object.js';
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
export * from './messages/errors.js';
export type { DeadCommand, MessageBusEvents } from './messages/events.js';
export type { HandlerOptions } from './messages/handler.js';
export type { CommandOptions, MessageBusHandle, MessageBusOptions } from './messages/message-bus.js';
export { MessageBus } from './messages/message-bus.js';
export type { MessageBusMetrics } from './messages/metrics.js';
export { BusRegistration } from './messages/registration.js';
export type { CommandContext } from './messages/run.js';
export type { EventInfo } from './messages/subscriptions.js';
export type {
  AnyMessages,
  CommandName,
  CommandPayload,
  CommandResult,
  EventName,
  EventPayload,
  EventsMatching,
  MessageTypes,
  PayloadAnd,
  PayloadMatching,
} from './messages/types.js';
export type { PatternLife } from './patterns/as-pattern.js';
export { AdaptedPattern, asPattern } from './patterns/as-pattern.js';
export { BasePattern } from './patterns/base-pattern.js';
export type { ErrorHandler, PatternConfig } from './patterns/config.js';
export * from './patterns/errors.js';
export type { GracefulShutdownOptions } from './patterns/graceful-shutdown.js';
export { GracefulShutdown, gracefulShutdown } from './patterns/graceful-shutdown.js';
export type { Living } from './patterns/living.js';
export type { GlobalMetrics, PatternCounts, PatternMetrics, PatternStanding } from './patterns/metrics.js';
export type { RegisterOptions } from './patterns/registry.js';
export { PatternRegistry } from './patterns/registry.js';
export type { Branch, BranchResult } from './pipelines/branch.js';
export type { BuiltPipeline } from './pipelines/builder.js';
export type {
  DeadLetter,
  NamedStageOptions,
  OnError,
  PipelineCloseOptions,
  PipelineConfig,
  PipelineStageConfig,
  Retrying,
  StageOptions,
  StageProcessor,
  WindowOptions,
} from './pipelines/config.js';
export * from './pipelines/errors.js';
export type { PipelineMetrics, StageMetrics } from './pipelines/metrics.js';
export type { EmptyPipeline, PipelineConstructor } from './pipelines/pipeline.js';
export { Pipeline } from './pipelines/pipeline.js';
export type { PipelineSource } from './pipelines/source.js';
export { PipelineStage } from './pipelines/stage.js';
export type { PipeOptions } from './pipelines/stream.js';
export { PipelineStream } from './pipelines/stream.js';
export type { Cache, CacheOptions } from './policy/cache.js';
export { cache } from './policy/cache.js';
export type { CallContext } from './policy/call-context.js';
export * from './policy/errors.js';
export { CallTimeoutError } from './policy/errors.js';
export type { Fallback, FallbackOptions } from './policy/fallback.js';
export { fallback } from './policy/fallback.js';
export type { Limited, LimitedOptions, Limits } from './policy/limited.js';
export { limited } from './policy/limited.js';
export type { CallOptions, GuardedFunction, PolicyPart } from './policy/part.js';
export type { Instead, Policy } from './policy/policy.js';
export { guarded, policy } from './policy/policy.js';
export type { Timeout, TimeoutMode } from './policy/timeout.js';
export { timeout } from './policy/timeout.js';
export type { HttpResponse, WrapFetchOptions } from './policy/wrap-fetch.js';
export { HttpFailureError, wrapFetch } from './policy/wrap-fetch.js';
export type { CompositePart } from './rate-limiters/composite.js';
export { CompositeRateLimiter } from './rate-limiters/composite.js';
export {
  type ConcurrencyEvents,
  ConcurrencyLimiter,
  type ConcurrencyMetrics,
} from './rate-limiters/concurrency.js';
export type { RefusalReason } from './rate-limiters/errors.js';
export { LimiterClosedError, RateLimitError } from './rate-limiters/errors.js';
export type { FixedWindowConfig } from './rate-limiters/fixed-window.js';
export { FixedWindowRateLimiter } from './rate-limiters/fixed-window.js';
export type { KeyAlgorithm, KeyLimit } from './rate-limiters/key-limit.js';
export type { LimiterKey } from './rate-limiters/key-list.js';
export { KeyList } from './rate-limiters/key-list.js';
export { KeyedRateLimiter } from './rate-limiters/keyed.js';
export type {
  KeyDecision,
  KeyedLimiterEvents,
  KeyedRateLimiterOptions,
  KeyedStatistics,
} from './rate-limiters/keyed-types.js';
export type {
  LeakyBucketConfig,
  LeakyBucketEvents,
  LeakyBucketMetrics,
} from './rate-limiters/leaky-bucket.js';
export { LeakyBucketRateLimiter } from './rate-limiters/leaky-bucket.js';
export type { LeakyMeterConfig } from './rate-limiters/leaky-meter.js';
export { LeakyBucketMeter } from './rate-limiters/leaky-meter.js';
export type { LimiterCheck, LimiterEvents, LimiterMetrics, LimiterOptions } from './rate-limiters/limiter.js';
export { Limiter } from './rate-limiters/limiter.js';
export { RateLimiter } from './rate-limiters/rate-limiter.js';
export { Reservation } from './rate-limiters/reservation.js';
export type { SlidingLogConfig } from './rate-limiters/sliding-log.js';
export { SlidingLogRateLimiter } from './rate-limiters/sliding-log.js';
export type { SlidingWindowConfig } from './rate-limiters/sliding-window.js';
export { SlidingWindowRateLimiter } from './rate-limiters/sliding-window.js';
export type { TokenBucketConfig } from './rate-limiters/token-bucket.js';
export { TokenBucketRateLimiter } from './rate-limiters/token-bucket.js';
export type {
  RetryBudgetConfig,
  RetryBudgetEvents,
  RetryBudgetMetrics,
  RetryBudgetStanding,
} from './retry/budget.js';
export { RetryBudget } from './retry/budget.js';
export type { RetryContext } from './retry/context.js';
export * from './retry/errors.js';
export type { RetryExecutorOptions } from './retry/executor.js';
export { RetryExecutor } from './retry/executor.js';
export type { HedgeEvents, HedgeMetrics, HedgeOptions } from './retry/hedge.js';
export { Hedge, hedge } from './retry/hedge.js';
export type { GiveUpReason, RetryEvents, RetryMetrics } from './retry/metrics.js';
export type { BackoffStrategy, Jitter, RetryPolicyConfig } from './retry/policy.js';
export { RetryPolicy } from './retry/policy.js';
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
