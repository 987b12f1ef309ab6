// Made by `npm run build:api` from ts/. The whole public API; do not edit.
import { WritableStream, ReadableStream } from 'node:stream/web';
import * as node_worker_threads from 'node:worker_threads';
import { Transferable, ResourceLimits, WorkerOptions, Worker } from 'node:worker_threads';
import { IncomingMessage, ServerResponse, Server } from 'node:http';
import { Readable, Writable } from 'node:stream';

/** An object's name for other threads: give it to `postMessage` or `workerData`, and to `from` there. */
interface SharedHandle<Kind extends string = string> {
    /** What kind of object it names. */
    readonly millrace: Kind;
    /** Which one. */
    readonly id: number;
}
/** How a shared object is made. */
interface SharedOptions {
    /** The same name in any thread of the process gives the same object; another configuration of it is an error. */
    name?: string;
}
/** An object that threads share. Not made itself. */
declare abstract class SharedObject<Kind extends string = string> {
    #private;
    /** The object's name, if it has one. */
    get name(): string | undefined;
    /** A token by which any thread of this process opens the same object. It keeps the object until it is closed or this thread ends. */
    toHandle(): SharedHandle<Kind>;
}

/** What can cut a wait short: an AbortSignal, or a context. */
/** Something with a signal: a `Context`. */
interface HasSignal {
    /** Aborts when it is cancelled. */
    readonly signal: AbortSignal;
}
/** Ends a wait: an `AbortSignal`, or a `Context`. */
type Cancellation = AbortSignal | HasSignal;

/** How long to wait, and who may end the wait. */
interface WaitOptions {
    /** Ends the wait when it aborts: the wait rejects with its reason. A context will do. */
    signal?: Cancellation;
    /** Milliseconds to wait at most; then the wait rejects with `WaitTimeoutError`. */
    timeout?: number;
}

/** How a receive ends. */
/** What a receive gives: a message, or the news that the channel is closed and empty. */
type ReceiveResult<T> = {
    value: T;
    done: false;
} | {
    value: undefined;
    done: true;
};

/** Channels with Go's semantics, between any threads of the process. */

/** How a message is sent. */
interface SendOptions extends WaitOptions {
    /**
     * What in the message is moved instead of copied, as for `postMessage`; it is gone from here also when the wait for room ends in
     * vain. A local channel copies nothing, and hands this over as it is too.
     */
    transfer?: readonly Transferable[];
}
/** How a channel is piped on. */
interface PipeOptions$1 extends WaitOptions {
    /** Whether the other one stays open at the end. Default false. */
    preventClose?: boolean;
}
/**
 * A channel: threads send messages into it and receive them from it, each message once.
 *
 * With a capacity of 0 a send ends when a receiver takes the message; otherwise as soon as there is room. Messages come in the
 * order in which they were sent, and those who wait are served in the order in which they came. Messages are cloned as by
 * `postMessage`, or moved with `transfer`. A message given to a thread that ends before it arrives goes to the next receiver.
 *
 * @example
 * ```ts
 * const jobs = new Channel<Job>(16);
 * new Worker('./worker.js', { workerData: jobs.toHandle() });   // there: Channel.from<Job>(workerData)
 * await jobs.send(job);
 * for await (const job of jobs) await handle(job);
 * ```
 */
declare class Channel<T> extends SharedObject<'channel'> implements AsyncIterable<T>, Disposable {
    #private;
    /**
     * @param capacity - How many messages it holds, a whole number from 0. Default 0: each goes from hand to hand.
     * @param options - `name` shares it by name.
     * @throws {@link InvalidArgumentError} for what cannot be meant; {@link NameConflictError} if the name is in use with another
     * capacity.
     */
    constructor(capacity?: number, options?: SharedOptions);
    /** Opens the channel of a name. @throws {@link NotFoundError} if there is none. */
    static open<T>(name: string): Channel<T>;
    /** Opens the channel that another thread's {@link toHandle} names. @throws {@link NotFoundError} if it is gone. */
    static from<T>(handle: SharedHandle<'channel'>): Channel<T>;
    /** A channel within this thread: messages are handed over as they are, without a copy. It has no handle. */
    static local<T>(capacity?: number): Channel<T>;
    toHandle(): SharedHandle<'channel'>;
    /** How many messages it holds. */
    get capacity(): number;
    /** How many messages are in it now. */
    get length(): number;
    /** Whether it is closed. Messages may be left to receive. */
    get closed(): boolean;
    /**
     * Sends a message.
     *
     * @returns Resolves when the message is in the channel, or in a receiver's hands.
     * @throws {@link ChannelClosedError} if the channel is closed, or is while it waits; `DataCloneError` for what cannot be cloned;
     * {@link WaitTimeoutError}; the signal's reason. The message has not been sent then.
     */
    send(value: T, options?: SendOptions): Promise<void>;
    /**
     * Receives a message.
     *
     * @returns `{ value, done: false }`, or `{ value: undefined, done: true }` once the channel is closed and empty.
     * @throws {@link WaitTimeoutError}; the signal's reason. No message has been taken then.
     */
    receive(options?: WaitOptions): Promise<ReceiveResult<T>>;
    /**
     * Sends if that needs no waiting.
     *
     * @returns Whether the message was sent.
     * @throws {@link ChannelClosedError}; `DataCloneError`.
     */
    trySend(value: T): boolean;
    /**
     * Receives if that needs no waiting.
     *
     * @returns `undefined` if nothing is there.
     * @throws {@link UnsupportedError} if the next message is one that only the platform can clone; `receive` gets it.
     */
    tryReceive(): ReceiveResult<T> | undefined;
    /**
     * Sends messages one after the other; cheaper than a `send` for each.
     *
     * @param options - The time-out is for each wait.
     * @returns Resolves when all are sent.
     * @throws As `send`; the messages before the one that failed have been sent.
     */
    sendBatch(values: Iterable<T>, options?: WaitOptions): Promise<void>;
    /**
     * Receives up to `max` messages: it waits for one, and takes what else is there.
     *
     * @param max - A whole number from 1.
     * @returns The messages; none if the channel is closed and empty.
     */
    receiveBatch(max: number, options?: WaitOptions): Promise<T[]>;
    /** As `send`, and blocks this thread: worker threads only. @throws {@link UnsupportedError} in the main thread. */
    sendSync(value: T, options?: SendOptions): void;
    /**
     * As `receive`, and blocks this thread: worker threads only.
     *
     * @throws {@link UnsupportedError} in the main thread, and for a message that only the platform can clone, which stays.
     */
    receiveSync(options?: WaitOptions): ReceiveResult<T>;
    /** Closes the channel: nothing more can be sent; what is in it can still be received. Again does no harm. */
    close(): void;
    [Symbol.dispose](): void;
    /** Receives until the channel is closed and empty. Leaving the loop leaves the channel as it is. */
    [Symbol.asyncIterator](): AsyncIterableIterator<T, undefined>;
    /**
     * Sends everything that comes on to another channel or stream, until this one is closed and empty; then closes that.
     *
     * @param options - `preventClose` leaves the other one open; a signal ends the pipe; the time-out is for each wait: for a message, and
     * for room in a channel.
     * @throws {@link WaitTimeoutError}; the signal's reason: a message that has been taken by then is still sent on.
     * {@link ChannelClosedError} if the other channel is closed; why the stream failed. A stream is aborted if the pipe fails.
     */
    pipeTo(to: Channel<T> | WritableStream<T>, options?: PipeOptions$1): Promise<void>;
    /** A stream of what is received: it takes a message when its reader wants one. */
    get readable(): ReadableStream<T>;
    /** A stream whose chunks are sent, with the channel's back-pressure; closing or aborting it closes the channel. */
    get writable(): WritableStream<T>;
}

/** Every message to every subscriber, in any thread. */

/** What happens to a message for which a subscriber has no room. */
type OnSlow = 'block' | 'drop-oldest' | 'drop-newest' | 'error' | 'disconnect';
/** How a broadcast is made. */
interface BroadcastOptions extends SharedOptions {
    /** How many of its last messages it keeps for those who subscribe late. Default 0. */
    history?: number;
}
/** How one subscribes. */
interface SubscribeOptions {
    /**
     * What happens to a message for which there is no room: its sender waits, the oldest one in the buffer is dropped, the message itself
     * is, its sender gets a `SubscriberSlowError` besides, or the subscriber is disconnected. Default `'error'`.
     */
    onSlow?: OnSlow;
    /** Up to so many of the messages that were sent before, as far as they were kept and there is room. Default 0. */
    last?: number;
}
/** A subscriber, as a broadcast sees it. */
interface SubscriberStatus {
    /** Its name. */
    id: string;
    /** Messages in its buffer. */
    length: number;
    /** Messages it has missed. */
    dropped: number;
}
/**
 * A broadcast: what one thread sends, every subscriber in any thread gets. Each has a channel with a buffer of its own. The
 * subscribers of a thread that ends are gone.
 *
 * @example
 * ```ts
 * const news = new Broadcast<string>({ name: 'news' });
 * const mine = news.subscribe('user1', 10);
 * await news.send('hello');
 * for await (const text of mine) show(text);
 * ```
 */
declare class Broadcast<T> extends SharedObject<'broadcast'> implements Disposable {
    #private;
    /** @param options - `history`; `name` shares it by name. */
    constructor(options?: BroadcastOptions);
    /** Opens the broadcast of a name. @throws {@link NotFoundError} if there is none. */
    static open<T>(name: string): Broadcast<T>;
    /** Opens the broadcast that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
    static from<T>(handle: SharedHandle<'broadcast'>): Broadcast<T>;
    /** Whether it is closed. */
    get closed(): boolean;
    /** Who subscribes, with what waits in each buffer and what each has missed. */
    get subscribers(): SubscriberStatus[];
    /**
     * Subscribes.
     *
     * @param id - The subscriber's name.
     * @param bufferSize - How many messages wait for it at most. Default 16.
     * @returns The channel to receive from. Closing it ends the subscription.
     * @throws {@link InvalidArgumentError} for what cannot be meant, and if the name is taken; {@link ChannelClosedError}.
     */
    subscribe(id: string, bufferSize?: number, options?: SubscribeOptions): Channel<T>;
    /** Ends a subscription: its channel is closed. @returns Whether there was one. */
    unsubscribe(id: string): boolean;
    /**
     * Sends a message to every subscriber.
     *
     * @returns How many have it, once those that are waited for do.
     * @throws {@link SubscriberSlowError} if subscribers with `onSlow: 'error'` have missed it; {@link ChannelClosedError};
     * `DataCloneError`; {@link WaitTimeoutError} and the signal's reason, if subscribers that are waited for do not get it in time.
     */
    send(message: T, options?: WaitOptions): Promise<number>;
    /** As `send`, and blocks this thread: worker threads only. @throws {@link UnsupportedError} in the main thread. */
    sendSync(message: T, options?: WaitOptions): number;
    /** Ends it: subscribers get what is in their buffers, and then the end. */
    close(): void;
    [Symbol.dispose](): void;
}

/** Select: one of several operations on channels, whichever can be done first. */

/** A select's case that sends. */
declare class Sending<T> {
}
/** A case of {@link select} that sends `value` to `channel`. */
declare function sending<T>(channel: Channel<T>, value: T): Sending<T>;
/** A select's operations by name: a channel to receive from, or what {@link sending} gives; `default: true` if it is not to wait. */
type SelectCases = Record<string, Channel<unknown> | Sending<unknown> | true>;
/** What has happened: the case, and for one that receives what `receive` gives. */
type Selected<C extends SelectCases> = {
    [K in keyof C & string]: C[K] extends Channel<infer T> ? {
        case: K;
        value: T;
        done: false;
    } | {
        case: K;
        value: undefined;
        done: true;
    } : {
        case: K;
        value: undefined;
        done: false;
    };
}[keyof C & string];
/**
 * Does exactly one of several operations on channels. If several can be done, each is as likely; if none can, it waits for the
 * first that can, or with `default: true` does nothing.
 *
 * @param cases - By name: a channel to receive from, or `sending(channel, value)`; `default: true`.
 * @returns `{ case, value, done }`: the name of the case, `value` and `done` as of `receive`.
 * @throws {@link ChannelClosedError} if the case that happens sends to a closed channel; {@link WaitTimeoutError}; the signal's
 * reason. No message has been taken or sent then.
 * @example
 * ```ts
 * const chosen = await select({ job: jobs, quit, result: sending(results, 42) }, { timeout: 1000 });
 * if (chosen.case === 'job' && !chosen.done) handle(chosen.value);
 * ```
 */
declare function select<C extends SelectCases>(cases: C, options?: WaitOptions): Promise<Selected<C>>;
/**
 * As {@link select}, and blocks this thread: worker threads only.
 *
 * @throws {@link UnsupportedError} in the main thread, and for a message that only the platform can clone, which stays.
 */
declare function selectSync<C extends SelectCases>(cases: C, options?: WaitOptions): Selected<C>;

/**
 * A channel that gets one message after a time: the milliseconds since the call.
 *
 * @example
 * ```ts
 * const { case: first } = await select({ answer, late: after(500) });
 * ```
 */
declare function after(ms: number): Channel<number>;
/** Waits for a time. @throws the signal's reason. */
declare function sleep(ms: number, options?: Pick<WaitOptions, 'signal'>): Promise<void>;
/** Go's Timer: its channel gets one message, the milliseconds since the timer was made, unless it is stopped before. */
declare class Timer implements Disposable {
    #private;
    /** Where it fires. */
    readonly channel: Channel<number>;
    /** @param ms - When it fires. */
    constructor(ms: number);
    /** Begins anew. @returns Whether it would still have fired. */
    reset(ms: number): boolean;
    /** It does not fire any more, and a message that nobody has received is gone. @returns Whether it would have fired. */
    stop(): boolean;
    [Symbol.dispose](): void;
}
/**
 * Go's Ticker: its channel gets a message, the milliseconds since the ticker was made, again and again, on schedule. A tick that finds
 * the last one still there is dropped.
 *
 * @example
 * ```ts
 * using ticker = new Ticker(1000);
 * for await (const _ of ticker.channel) report();
 * ```
 */
declare class Ticker implements Disposable {
    #private;
    /** Where it fires. */
    readonly channel: Channel<number>;
    /** @param ms - The time between two ticks, above 0. */
    constructor(ms: number);
    /** Begins anew, with another time between ticks. @returns Whether it was still ticking. */
    reset(ms: number): boolean;
    /** It does not tick any more; its channel is empty and stays open. @returns Whether it would have. */
    stop(): boolean;
    [Symbol.dispose](): void;
}

/**
 * An object that threads share and listen to. Not made itself. It tells each thread of its end once; after that it is heard no more, whoever
 * listens.
 */
declare abstract class HeardObject<Kind extends string, Events extends {
    [K in keyof Events]: unknown[];
}> extends SharedObject<Kind> {
    #private;
    /** Listens to an event; the listener keeps the AsyncLocalStorage context it is added in. Keeps the object, and no process, alive. */
    on<K extends keyof Events & string>(event: K, listener: (...args: Events[K]) => void): this;
    /** As {@link on}, for the next time only. */
    once<K extends keyof Events & string>(event: K, listener: (...args: Events[K]) => void): this;
    /** Listens no more. */
    off<K extends keyof Events & string>(event: K, listener: (...args: Events[K]) => void): this;
}

/** What everything that calls the user's function gives it. */
/** What a guarded function is called with. */
interface CallContext {
    /** Aborts when the call is to end: its caller gave up, or its time is over. `undefined` if nothing can end it. */
    readonly signal: AbortSignal | undefined;
}

/** What a pool tells of itself. Times are in milliseconds, shares between 0 and 1. */
/** How many there were, and how large: from a histogram of fixed size that is exact to about 3 %. */
interface TimeStatistics {
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
interface PoolMetrics {
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
interface WorkerHealth {
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
interface HealthStatus {
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

/** What every error of the package is, and those that belong to no concept alone. */
/** What every error of the package is. */
declare class MillraceError extends Error {
    name: string;
    /** Stable and machine-readable, such as `'ERR_TASK_TIMEOUT'`. */
    readonly code: string;
}
/**
 * Whether a value is an error of this package, whichever copy of it threw.
 *
 * @param value - Anything.
 * @example
 * ```ts
 * if (isMillraceError(error) && error.code === 'ERR_QUEUE_FULL') response.sendStatus(503);
 * ```
 */
declare function isMillraceError(value: unknown): value is MillraceError;
/** An argument or option that cannot be meant. The message names it, what it got and what it wants. */
declare class InvalidArgumentError extends MillraceError {
    name: string;
}
/** A handle whose object is gone, or which another thread gave out. */
declare class StaleHandleError extends MillraceError {
    name: string;
}
/** A name in use with another configuration. The message says both. */
declare class NameConflictError extends MillraceError {
    name: string;
}
/** No object of that name or token in this process. */
declare class NotFoundError extends MillraceError {
    name: string;
}
/** A defect of the package itself. */
declare class InternalError extends MillraceError {
    name: string;
}
/** What was asked for cannot be done by this runtime. */
declare class UnsupportedError extends MillraceError {
    name: string;
}
/** A wait took longer than its `timeout`. */
declare class WaitTimeoutError extends MillraceError {
    name: string;
    /** The limit, in milliseconds. */
    readonly timeout: number;
}
/** The thread that sent a value ended before it could be fetched from it: only the platform can clone such a value. */
declare class SenderGoneError extends MillraceError {
    name: string;
}

/** Errors of channels and broadcasts. */

/** The channel is closed: nothing can be sent to it. */
declare class ChannelClosedError extends MillraceError {
    name: string;
}
/** Subscribers of a broadcast had no room for a message and have missed it; the others have it. */
declare class SubscriberSlowError extends MillraceError {
    name: string;
    /** Who they are. */
    readonly subscribers: readonly string[];
}

/** Why a context is cancelled. */

/** The context was cancelled; its `cause` is what whoever cancelled it gave. */
declare class ContextCanceledError extends MillraceError {
    name: string;
}
/** The context's deadline has passed. */
declare class DeadlineExceededError extends MillraceError {
    name: string;
}

/** Errors of what threads share besides channels and locks: memory, atomics, queues, rings. */

/** The shared memory, or atomic, is closed: this object has no bytes any more, and nobody waits. */
declare class MemoryClosedError extends MillraceError {
    name: string;
}
/** The system has no memory to give. */
declare class OutOfMemoryError extends MillraceError {
    name: string;
}
/** A 64-bit integer is, or would be, beyond what a number holds exactly, which is ±(2^53 - 1). Nothing was changed. */
declare class UnsafeIntegerError extends MillraceError {
    name: string;
    /** The integer. */
    readonly value: bigint;
}
/** The queue is closed: nothing can be pushed to it, and nothing is left to pop. */
declare class QueueClosedError extends MillraceError {
    name: string;
}
/** The ring buffer is closed: nothing can be written to it. */
declare class RingBufferClosedError extends MillraceError {
    name: string;
}
/** This end of the ring buffer belongs to another thread, or has an operation under way. */
declare class RingBufferBusyError extends MillraceError {
    name: string;
}

/** Errors of locks and meeting points. */

/** The lock, or meeting point, is closed: nobody passes any more. */
declare class LockClosedError extends MillraceError {
    name: string;
}
/** One step of a deadlock: this thread waits for that one. */
interface DeadlockLink {
    /** The thread that waits: its `threadId`. */
    readonly thread: number;
    /** Where in the code it asked for the lock. */
    readonly place: string;
    /** The lock: its kind, and its name or number. */
    readonly lock: string;
    /** The thread that holds the lock. */
    readonly holder: number;
    /** Where in the code it took the lock. */
    readonly taken: string;
}
/** A wait for a lock would never end: those who hold it wait, in the end, for the one who asked. Thrown while `debugLocks` is on. */
declare class DeadlockError extends MillraceError {
    name: string;
    /** Who waits for whom, from the one who asked on. */
    readonly cycle: readonly DeadlockLink[];
}
/** Something is given back that is not held, or counted below zero. */
declare class NotHeldError extends MillraceError {
    name: string;
}
/** Somebody at the barrier has given up, or its thread has ended. */
declare class BarrierBrokenError extends MillraceError {
    name: string;
}

/** Errors of pools, and of the tasks and workers in them. */

/** The pool was closed or terminated. */
declare class PoolClosedError extends MillraceError {
    name: string;
}
/** The queue has as many tasks as `maxQueue` allows. */
declare class QueueFullError extends MillraceError {
    name: string;
    /** The pool's `maxQueue`. */
    readonly limit: number;
}
/** A task took longer than its submitter's `timeout` or the pool's `taskTimeout` allows. */
declare class TaskTimeoutError extends MillraceError {
    name: string;
    /** The limit, in milliseconds. */
    readonly timeout: number;
    /** Whether a worker had begun it. */
    readonly running: boolean;
}
/** What tasks wrote while their worker died; present with `captureOutput`. */
interface CapturedOutput {
    /** What went to standard output. */
    stdout: string;
    /** What went to standard error. */
    stderr: string;
}
/** The worker died under the task: it threw outside a task, exited, or ran out of memory. `cause` is what killed it. */
declare class WorkerCrashedError extends MillraceError {
    name: string;
    /** Which worker. */
    readonly workerId: number;
    /** The thread's exit code, where the runtime told it. */
    readonly exitCode: number | undefined;
    /** What the dying worker's tasks had written; `undefined` without `captureOutput`. */
    output?: CapturedOutput;
}
/** Why a worker was replaced under a task. */
type ReplacedReason = 'overdue' | 'unresponsive' | 'requested';
/** The worker was replaced under the task, for no fault of the task's own. */
declare class WorkerReplacedError extends MillraceError {
    name: string;
    /** Which worker. */
    readonly workerId: number;
    /**
     * `'overdue'`: another task there did not end after it was cancelled; `'unresponsive'`: its event loop stood still;
     * `'requested'`: somebody asked.
     */
    readonly reason: ReplacedReason;
}
/** Workers die at every start. `cause` is what killed the last one. */
declare class PoolBrokenError extends MillraceError {
    name: string;
    /** The last worker's exit code, where the runtime told it. */
    readonly exitCode: number | undefined;
}
/** There is no processor, it cannot be shipped to a worker, or it cannot be loaded there. `cause` says what went wrong. */
declare class ProcessorError extends MillraceError {
    name: string;
}

/** Why bulkheads, adaptive limiters and load shedding refuse a call. */

/** Why there was no room: `'full'`: neither inside nor in the line; `'timeout'`: the wait in the line ran out. */
type FullReason = 'full' | 'timeout';
/** The bulkhead has no room for the call. */
declare class BulkheadFullError extends MillraceError {
    name: string;
    /** `'full'`: neither inside nor in the line; `'timeout'`: the call waited for `maxWaitTime`. */
    readonly reason: FullReason;
}
/** The bulkhead is closed: no call enters any more. */
declare class BulkheadClosedError extends MillraceError {
    name: string;
}
/** As many calls are in flight as the adaptive limit allows. */
declare class AdaptiveLimitError extends MillraceError {
    name: string;
    /** `'full'`: neither within the limit nor in the line; `'timeout'`: the call waited for `maxWaitTime`. */
    readonly reason: FullReason;
    /** The limit at that moment. */
    readonly limit: number;
}
/** The adaptive limiter is closed: it gives no permits any more. */
declare class AdaptiveLimiterClosedError extends MillraceError {
    name: string;
}
/** The event loop is too late for calls of this priority. */
declare class LoadShedError extends MillraceError {
    name: string;
    /** Milliseconds after which such a call is admitted again, if the load falls now. */
    readonly retryAfter: number;
    /** The call's priority. */
    readonly priority: number;
}

/** How a call waits for its turn. */
interface QueuedCallOptions extends WaitOptions {
    /**
     * Who goes first of those who wait: higher numbers, and of equal ones who came first. Each second of waiting counts as one more, so that
     * nobody waits for ever. A whole number. Default 0.
     */
    priority?: number;
}

/** How a bulkhead is made. */
interface BulkheadConfig {
    /** How many calls may run at once, over all threads: a whole number from 1. */
    readonly maxConcurrentCalls: number;
    /** Milliseconds that a call waits for its turn at most; `Infinity` for no limit, 0 for no waiting. */
    readonly maxWaitTime: number;
    /** Whether calls wait at all when it is full; otherwise they are refused. */
    readonly enableQueue: boolean;
    /** How many calls may wait, over all threads. Default: any number. */
    readonly maxQueue?: number;
    /** The same name in any thread of the process gives the same bulkhead; another configuration of it is an error. */
    readonly name?: string;
}
/** What a bulkhead has counted, in all threads, since it was made. Times are in milliseconds. */
interface BulkheadMetrics {
    /** Calls that got in. */
    calls: number;
    /** Calls refused because it was full. */
    rejections: number;
    /** Calls that waited until their time was up. */
    timeouts: number;
    /** Calls that gave up waiting because their signal aborted. */
    cancelled: number;
    /** Calls that had to wait. */
    queued: number;
    /** Calls that run now. */
    running: number;
    /** Calls that wait now. */
    waiting: number;
    /** How many ran at once at most. */
    peak: number;
    /** How long those waited who got in after waiting. */
    waitTimes: TimeStatistics;
}
/** A bulkhead's events, with what each listener gets. They are heard in every thread that listens, whichever thread calls. */
interface BulkheadEvents {
    /** A call found no room, or its time to wait was up. */
    reject: [event: {
        reason: FullReason;
    }];
    /** A call waits for its turn. */
    queue: [];
    /** It is closed. */
    close: [];
}
/**
 * A bulkhead: so many calls at once among all threads of the process. The others wait in a line, first come first served within a
 * priority, or are refused. A call's place is free again when its function has really ended: not when its caller has given up. A thread that
 * ends frees the places of its calls.
 *
 * @example
 * ```ts
 * const bulkhead = new BulkheadCircuitBreaker({
 *   maxConcurrentCalls: 10, maxWaitTime: 5000, enableQueue: true, name: 'database',
 * });
 * const rows = await bulkhead.call(({ signal }) => database.query('…', { signal }));
 * ```
 */
declare class BulkheadCircuitBreaker extends HeardObject<'bulkhead', BulkheadEvents> implements Disposable {
    #private;
    /** @param config - `maxConcurrentCalls`, `maxWaitTime` and `enableQueue`; `maxQueue`; `name` shares it by name. */
    constructor(config: BulkheadConfig);
    /** Opens the bulkhead of a name. @throws {@link NotFoundError} if there is none. */
    static open(name: string): BulkheadCircuitBreaker;
    /** Opens the bulkhead that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
    static from(handle: SharedHandle<'bulkhead'>): BulkheadCircuitBreaker;
    /**
     * Calls a function when it is its turn.
     *
     * @param fn - Gets a context with the call's signal, if there is one.
     * @param options - `signal` ends the wait and is handed to the function; `timeout` is the longest wait in milliseconds; `priority`.
     * @returns What the function returns.
     * @throws {@link BulkheadFullError} if there is no room, or `maxWaitTime` is over; {@link WaitTimeoutError} if `timeout` is; the
     * signal's reason; {@link BulkheadClosedError}; what the function throws.
     */
    call<T>(fn: (context: CallContext) => T | PromiseLike<T>, options?: QueuedCallOptions): Promise<T>;
    /**
     * Calls a function if there is a place at once.
     *
     * @returns What the function returns; `undefined`, and it is not called, if the bulkhead is full.
     * @throws {@link BulkheadClosedError}; what the function throws.
     */
    tryCall<T>(fn: (context: CallContext) => T | PromiseLike<T>): Promise<T | undefined>;
    /** A function that does the same when it is its turn; see {@link BulkheadCircuitBreaker.call}. */
    wrap<A extends unknown[], T>(fn: (...args: A) => T | PromiseLike<T>): (...args: A) => Promise<T>;
    /** How many calls may run at once. */
    get maxConcurrentCalls(): number;
    /**
     * Changes how many calls may run at once, for all threads. Calls that run go on; those that wait begin if they may now. The name's
     * configuration stays the one it was made with.
     *
     * @param count - A whole number from 1.
     */
    setMaxConcurrentCalls(count: number): void;
    /** How many more calls may begin now. */
    getAvailablePermits(): number;
    /** How many calls wait. */
    getQueueLength(): number;
    /** Whether a call that came now would not be refused: there is a place, or room in the line, and it is not closed. */
    isHealthy(): boolean;
    /** What it has counted, in all threads. */
    getMetrics(): BulkheadMetrics;
    /** Whether it is closed. */
    get closed(): boolean;
    /** Closes it for all threads: calls that wait reject with `BulkheadClosedError`, and none begins any more. Those that run go on. */
    close(): void;
    [Symbol.dispose](): void;
}

/** What an adaptive limiter takes that is of this thread alone. */
interface DropOptions {
    /**
     * Whether an error of a call says that the server has too much to do. Other errors are ignored: a call that fails quickly says nothing.
     * Default: time-outs, refused connections, refusals of this package, and errors whose `status` is 429, 503 or 504.
     */
    readonly isDrop?: (error: unknown) => boolean;
}
/** How an adaptive limiter is made. */
interface AdaptiveLimiterConfig extends DropOptions {
    /**
     * `'gradient'` compares latency with that of a server without load, which it measures now and then with fewer calls; `'aimd'` adds one per
     * round of calls that went well. Default `'gradient'`.
     */
    readonly algorithm?: 'gradient' | 'aimd';
    /** The limit to begin with. Default 20, or what is nearest to it between `minLimit` and `maxLimit`. */
    readonly initialLimit?: number;
    /** The limit is never less. Default 1. */
    readonly minLimit?: number;
    /** The limit is never more. Default 200. */
    readonly maxLimit?: number;
    /** What a drop leaves of the limit: above 0 and below 1. Default 0.9. */
    readonly backoff?: number;
    /** `'gradient'`: how much of each change takes place, above 0 and up to 1. Default 0.2. */
    readonly smoothing?: number;
    /** `'gradient'`: so many times the latency without load is no load yet, at least 1. Default 1.5. */
    readonly rttTolerance?: number;
    /** `'aimd'`: a call that takes longer counts as dropped, in milliseconds. Default 5000. */
    readonly timeout?: number;
    /** How many calls may wait, over all threads; 0 for none. Default: any number. */
    readonly maxQueue?: number;
    /** Milliseconds that a call waits at most; `Infinity`, the default, for no limit, 0 for no waiting. */
    readonly maxWaitTime?: number;
    /** The same name in any thread of the process gives the same limiter; another configuration of it is an error. */
    readonly name?: string;
}
/** What an adaptive limiter has counted, in all threads, since it was made. */
interface AdaptiveLimiterMetrics extends BulkheadMetrics {
    /** The limit now. */
    limit: number;
    /** Calls that ended in a drop. */
    dropped: number;
    /** Calls that said nothing about the server. */
    ignored: number;
}
/** An adaptive limiter's events, with what each listener gets. They are heard in every thread that listens, whichever thread calls. */
interface AdaptiveLimiterEvents {
    /** The limit has changed. */
    limit: [event: {
        from: number;
        to: number;
    }];
    /** A call found no room, or its time to wait was up. */
    reject: [event: {
        reason: FullReason;
    }];
    /** A call waits for its turn. */
    queue: [];
    /** It is closed. */
    close: [];
}
/** A call's permit. One that is disposed of without a word is ignored. */
declare class AdaptivePermit implements Disposable {
    #private;
    /** Whether it is held. */
    get held(): boolean;
    /** The call was served: its latency counts. @throws {@link NotHeldError} if it was given back before. */
    success(): void;
    /** The call was refused by the server, or timed out: the limit backs off. @throws {@link NotHeldError} if it was given back before. */
    drop(): void;
    /** The call says nothing about the server. @throws {@link NotHeldError} if it was given back before. */
    ignore(): void;
    [Symbol.dispose](): void;
}
/**
 * An adaptive concurrency limit, shared by all threads of the process: as many calls at once as a server takes without becoming slower. It
 * needs no figure to begin with, and follows when the server's capacity changes. The others wait in a line, or are refused.
 *
 * It does not grow while less than half of it is in use, and backs off at drops, whatever their latency. Permits of a thread that ends are
 * given back.
 *
 * @example
 * ```ts
 * const limiter = new AdaptiveLimiter({ name: 'search', maxQueue: 50, maxWaitTime: 200 });
 * limiter.on('limit', ({ to }) => console.log(`search takes ${to} calls at once`));
 * const hits = await limiter.call(({ signal }) => search(query, { signal }));
 *
 * using permit = await limiter.acquire();
 * const response = await fetch(url);
 * if (response.status === 503) permit.drop();
 * else permit.success();
 * ```
 */
declare class AdaptiveLimiter extends HeardObject<'adaptive', AdaptiveLimiterEvents> implements Disposable {
    #private;
    /** @param config - See {@link AdaptiveLimiterConfig}; `name` shares it by name. */
    constructor(config?: AdaptiveLimiterConfig);
    /** Opens the limiter of a name. @throws {@link NotFoundError} if there is none. */
    static open(name: string, options?: DropOptions): AdaptiveLimiter;
    /** Opens the limiter that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
    static from(handle: SharedHandle<'adaptive'>, options?: DropOptions): AdaptiveLimiter;
    /**
     * Waits for a permit, which is to be told how the call went.
     *
     * @param options - `signal` and `timeout` end the wait; `priority`.
     * @throws {@link AdaptiveLimitError} if there is no room, or `maxWaitTime` is over; {@link WaitTimeoutError} if `timeout` is; the
     * signal's reason; {@link AdaptiveLimiterClosedError}.
     */
    acquire(options?: QueuedCallOptions): Promise<AdaptivePermit>;
    /** Takes a permit if there is one at once; otherwise gives `undefined`. @throws {@link AdaptiveLimiterClosedError}. */
    tryAcquire(): AdaptivePermit | undefined;
    /**
     * Calls a function when it is its turn, and learns from how long it takes. An error is a drop if `isDrop` says so, and ignored otherwise.
     *
     * @param fn - Gets a context with the call's signal, if there is one.
     * @param options - `signal` ends the wait and is handed to the function; `timeout` is the longest wait in milliseconds; `priority`.
     * @returns What the function returns.
     * @throws As `acquire`; what the function throws.
     */
    call<T>(fn: (context: CallContext) => T | PromiseLike<T>, options?: QueuedCallOptions): Promise<T>;
    /** Calls a function if there is a permit at once; otherwise gives `undefined`. @throws As `call`. */
    tryCall<T>(fn: (context: CallContext) => T | PromiseLike<T>): Promise<T | undefined>;
    /** A function that does the same when it is its turn; see {@link AdaptiveLimiter.call}. */
    wrap<A extends unknown[], T>(fn: (...args: A) => T | PromiseLike<T>): (...args: A) => Promise<T>;
    /** The limit now. */
    get limit(): number;
    /** How many permits are held. */
    get inFlight(): number;
    /** How many wait. */
    get waiting(): number;
    /** What it has counted, in all threads. */
    getMetrics(): AdaptiveLimiterMetrics;
    /** Whether it is closed. */
    get closed(): boolean;
    /** Closes it for all threads: those who wait reject with `AdaptiveLimiterClosedError`, and there are no permits any more. */
    close(): void;
    [Symbol.dispose](): void;
}

/** What circuit breakers refuse with. */

/** Why a breaker lets nobody in, and when to ask again. */
interface Rejection {
    /** `'half-open'`: as many probes are in flight as may be. */
    readonly state: 'open' | 'half-open' | 'isolated';
    /**
     * Milliseconds after which to ask again; rounded up. Of a half-open breaker: at the latest then a probe's place is free. `Infinity` if it
     * is isolated.
     */
    readonly retryAfter: number;
}
/** The circuit is open: the function was not called. */
declare class CircuitOpenError extends MillraceError implements Rejection {
    name: string;
    readonly state: Rejection['state'];
    readonly retryAfter: number;
    /** The breaker's name, if it has one. */
    readonly breaker: string | undefined;
}
/** The breaker was closed by `close()`: it calls nothing any more. */
declare class CircuitShutdownError extends MillraceError {
    name: string;
}

/** How a call is made. */
interface CircuitCallOptions {
    /** Ends the call when it aborts: it rejects with the reason, and counts as nothing. A context will do. */
    signal?: Cancellation | undefined;
}
/** What {@link CircuitBreaker.tryCall} comes to: a value, what was thrown, or why the function was not called. */
type CircuitCallResult<T> = {
    ok: true;
    value: T;
} | {
    ok: false;
    error: unknown;
    rejected?: undefined;
} | {
    ok: false;
    rejected: Rejection;
    error?: undefined;
};

/** What a call through a policy takes. */
interface CallOptions {
    /** Ends the call when it aborts: it rejects with the reason. A context will do. */
    signal?: Cancellation | undefined;
}
/** A function to be guarded. */
type GuardedFunction<T> = (context: CallContext) => T | PromiseLike<T>;
/** Calls a function in its own way: a breaker, a bulkhead, a retry executor, a policy. */
interface PolicyPart {
    /** Calls `fn`, once, several times, or not at all. */
    call<T>(fn: GuardedFunction<T>, options?: CallOptions): Promise<unknown>;
}

/** What a breaker looks back on. */
interface CircuitWindow {
    /** `'count'`: the last `size` calls. `'time'`: the calls of the last `size` milliseconds. */
    type: 'count' | 'time';
    /** Calls, 1 to 1,000,000, default 100; or milliseconds, from 1. */
    size?: number;
    /** Fewer calls than these open nothing; 1 to 1,000,000, and at most `size` of calls. Default 10. */
    minimumCalls?: number;
    /**
     * Of a time window: in how many parts it moves on, 1 to 1000. What is older than `size` is never counted, what is younger than `size` less
     * one part always. Default 10.
     */
    buckets?: number;
}
/** What a thread brings of its own to a breaker; the others may bring something else. */
interface CircuitBreakerLocals {
    /**
     * What a call came to: `true`: it failed; `false`: it did not; `'ignore'`: it counts as nothing, as if it had not been made. Gets what was
     * thrown, or `undefined` and the result. If it throws, the call rejects with that and has failed. Default: whatever is thrown is a failure.
     */
    isFailure?: (error: unknown, result: unknown) => boolean | 'ignore';
    /** What a caller gets instead when the circuit is open, or the call failed or took too long. */
    fallback?: (error: unknown) => unknown;
    /** Looks whether what is called is well again: it is, unless this gives `false` or throws. See {@link CircuitBreaker.checkHealth}. */
    healthCheck?: () => unknown;
    /** Checks the health every so many milliseconds while the circuit is open. Needs `healthCheck`. Default: by hand. */
    healthCheckInterval?: number;
}
/** A circuit breaker's settings. Times are milliseconds. */
type CircuitBreakerConfig = {
    /** So many failures in a row open the circuit; from 1. Default 5, or none if a rate is given. */
    failureThreshold: number;
    /** How long it is open before it is tried again; from 1, at most ten years. Default 30000. */
    recoveryTimeout: number;
    /** Probes in flight at most, over all threads, while it is tried; 1 to 100,000. Default 1. */
    halfOpenMaxRequests: number;
    /** Counts and times calls. Default true. Without it {@link CircuitBreaker.getMetrics} tells of states alone. */
    enableMetrics: boolean;
    /** So many successful probes close it. Default: `halfOpenMaxRequests`. */
    halfOpenSuccesses?: number;
    /**
     * A probe that has not ended after so long gives its place to the next who asks, and comes back for nothing then. Default: the longest of
     * `recoveryTimeout`, `timeout` and 30000.
     */
    probeLease?: number;
    /** How `recoveryTimeout` grows with each probe that fails in a row: times `factor`, 1 to 1000, up to `max`. Default: it does not. */
    recoveryBackoff?: {
        factor: number;
        max: number;
    };
    /** This share of failures among the window's calls, or a larger one, opens it; above 0, up to 1. */
    failureRate?: number;
    /** This share of slow calls, failed or not, opens it; above 0, up to 1. Needs `slowCallDuration`. A slow probe is a failure then. */
    slowCallRate?: number;
    /** A call that takes longer is slow. */
    slowCallDuration?: number;
    /** What the rates look back on. Default: the last 100 calls, of which there must be 10. */
    window?: CircuitWindow;
    /** How long a call may take; then it rejects with `CallTimeoutError`, and has failed. Default: `Infinity`. */
    timeout?: number;
    /** The same name in any thread of the process gives the same breaker; another configuration of it is an error. */
    name?: string;
} & CircuitBreakerLocals;

/** What policies refuse with. */

/** A call took longer than its time limit. */
declare class CallTimeoutError extends MillraceError {
    name: string;
    /** The limit, in milliseconds. */
    readonly timeout: number;
}

/** Where a breaker stands. `'shutdown'`: it was closed by `close()`. */
type CircuitState = 'closed' | 'open' | 'half-open' | 'isolated' | 'shutdown';

/** What a circuit breaker tells those who listen, by the names that opossum made known. */

/** A change of state, as listeners are told it. */
interface CircuitStateChange {
    /** The state before. */
    from: CircuitState;
    /** The state after. The breaker has it already, and may have gone on. */
    to: CircuitState;
    /** Milliseconds until it is tried again; 0 unless it is open. */
    retryAfter: number;
}
/**
 * A breaker's events, with what each listener gets. Those of calls are told in the thread of the call, those of states in every thread that
 * listens, whichever thread caused them, in the order in which they happened. `close` is that of the circuit, as in opossum: the breaker's
 * own end is `shutdown`. What a listener throws is an uncaught exception and changes nothing for the call.
 */
interface CircuitBreakerEvents {
    /** Somebody calls. */
    fire: [];
    /** A call has not failed; what it gave. */
    success: [result: unknown];
    /** A call has failed, with what it threw; `undefined` if its result was a failure. */
    failure: [error: unknown];
    /** A call took too long. `failure` follows. */
    timeout: [error: CallTimeoutError];
    /** A call was not let in. */
    reject: [error: CircuitOpenError];
    /** A caller got this instead of that. */
    fallback: [result: unknown, error: unknown];
    /** The circuit is open. */
    open: [change: CircuitStateChange];
    /** It is tried. */
    halfOpen: [change: CircuitStateChange];
    /** It is closed. */
    close: [change: CircuitStateChange];
    /** Its state has changed, to whichever. */
    stateChange: [change: CircuitStateChange];
    /** It was shut down by `close()`, in whichever thread. */
    shutdown: [];
}

/** One change of state. */
interface CircuitChange {
    /** The state before. */
    from: CircuitState;
    /** The state after. */
    to: CircuitState;
    /** When, in milliseconds since the epoch. */
    at: number;
}
/** How long calls took, in milliseconds, to about 3 %; 0 if there were none. */
interface CircuitLatency {
    /** The shortest, exactly. */
    min: number;
    /** The mean, exactly. */
    mean: number;
    /** The longest, exactly. */
    max: number;
    /** What half of the calls did not exceed. */
    p50: number;
    /** What 90 of 100 did not exceed. */
    p90: number;
    /** What 95 of 100 did not exceed. */
    p95: number;
    /** What 99 of 100 did not exceed. */
    p99: number;
    /** What 999 of 1000 did not exceed. */
    p999: number;
}
/** What a breaker has counted over all threads since it was made or reset. Without `enableMetrics` only what concerns states. */
interface CircuitBreakerMetrics {
    /** Where it stands. */
    state: CircuitState;
    /** Milliseconds until it is tried again; 0 if it is not open, `Infinity` if it is isolated. */
    retryAfter: number;
    /** Calls that asked and whose outcome is known: successes, failures, ignored and rejected ones. */
    calls: number;
    /** Calls that did not fail. */
    successes: number;
    /** Calls that failed, those that took too long included. */
    failures: number;
    /** Calls that were not let in. */
    rejections: number;
    /** Calls that took longer than `timeout`. */
    timeouts: number;
    /** Calls that took longer than `slowCallDuration`, failed or not. */
    slowCalls: number;
    /** Calls that counted as nothing: aborted, or ignored by `isFailure`. */
    ignored: number;
    /** Callers who got what `fallback` gave. */
    fallbacks: number;
    /** Failures in a row. */
    consecutiveFailures: number;
    /** What the window counts now; zeros if there is none. */
    window: {
        calls: number;
        failures: number;
        slowCalls: number;
    };
    /** Probes in flight. */
    probes: number;
    /** How often the state has changed. */
    stateChanges: number;
    /** The last 32 changes, oldest first. */
    history: CircuitChange[];
    /** Milliseconds spent in each state. */
    timeInState: Record<CircuitState, number>;
    /**
     * How long calls took that were not ignored. Of calls that follow one another in a thread within 10 microseconds one in sixteen is timed; with
     * `slowCallDuration` each is.
     */
    latency: CircuitLatency;
}

/**
 * A circuit breaker: when what it calls fails too often, it lets nobody in for a while, in any thread of the process, and then tries with a
 * few calls whether it is well again.
 *
 * Closed, it lets all calls in. `failureThreshold` failures in a row, or a rate of failures or slow calls among the last ones, open it. After
 * `recoveryTimeout` it is half-open: at most `halfOpenMaxRequests` calls at once, over all threads, are let in as probes. So many successes of
 * probes close it; one failure opens it again. What a call comes to that was let in before the state changed changes nothing.
 *
 * The state stands in one word that all threads share; no timer runs. A probe whose thread ends, or which does not end for as long as
 * `probeLease`, gives its place to another.
 *
 * @example
 * ```ts
 * const payments = new CircuitBreaker({ name: 'payments', failureThreshold: 5, recoveryTimeout: 30_000, timeout: 2_000 });
 * const receipt = await payments.call(({ signal }) => fetch(url, { signal }));
 * ```
 */
declare class CircuitBreaker extends HeardObject<'breaker', CircuitBreakerEvents> implements Disposable {
    #private;
    /**
     * @param config - See {@link CircuitBreakerConfig}; `name` shares it by name.
     * @throws {@link InvalidArgumentError} for what cannot be meant; {@link NameConflictError} if the name is in use with another
     * configuration. Functions and `healthCheckInterval` are each thread's own.
     */
    constructor(config?: Partial<CircuitBreakerConfig>);
    /**
     * Opens the breaker of a name.
     *
     * @param locals - What this thread brings of its own.
     * @throws {@link NotFoundError} if there is none.
     */
    static open(name: string, locals?: CircuitBreakerLocals): CircuitBreaker;
    /**
     * Opens the breaker that another thread's `toHandle` names.
     *
     * @param locals - What this thread brings of its own.
     * @throws {@link NotFoundError} if it is gone.
     */
    static from(handle: SharedHandle<'breaker'>, locals?: CircuitBreakerLocals): CircuitBreaker;
    /**
     * Calls a function if the circuit lets it.
     *
     * @param fn - Gets a context whose `signal` aborts when the call takes too long or its caller gives up.
     * @returns What the function returns; or what `fallback` gives.
     * @throws {@link CircuitOpenError} if it was not let in; {@link CallTimeoutError}; the signal's reason; {@link CircuitShutdownError} after
     * `close`; what the function throws.
     */
    call<T>(fn: GuardedFunction<T>, options?: CircuitCallOptions): Promise<T>;
    /**
     * As `call`, without throwing: a refusal costs no error. With a `fallback` its value is the value.
     *
     * @returns `{ ok: true, value }`, `{ ok: false, error }` with what `call` would have thrown, or `{ ok: false, rejected }` if the circuit did
     * not let it in.
     * @throws {@link InvalidArgumentError} if `fn` is no function, or for an option that cannot be meant.
     */
    tryCall<T>(fn: GuardedFunction<T>, options?: CircuitCallOptions): Promise<CircuitCallResult<T>>;
    /** A function that calls another through the breaker, with its own `this` and arguments. */
    wrap<This, Args extends unknown[], R>(fn: (this: This, ...args: Args) => R): (this: This, ...args: Args) => Promise<Awaited<R>>;
    /** Whether nobody is let in: it is open or isolated. */
    isOpen(): boolean;
    /** Whether it is tried. */
    isHalfOpen(): boolean;
    /** Whether all are let in. */
    isClosed(): boolean;
    /** Where it stands: `'closed'`, `'open'`, `'half-open'`, `'isolated'` or, after `close`, `'shutdown'`. */
    getState(): string;
    /** Opens it as too many failures do: after `recoveryTimeout` it is tried. */
    forceOpen(): void;
    /** Closes it, whatever it was; failures count from here on. */
    forceClose(): void;
    /** Opens it until `reset` or `forceClose`: no time ends that. */
    isolate(): void;
    /** Closes it, and forgets all that was counted. */
    reset(): void;
    /** What it has counted, over all threads. */
    getMetrics(): CircuitBreakerMetrics;
    /**
     * Runs `healthCheck`. If all is well while the circuit is open, its recovery time is over: the next calls are probes. An isolated one stays
     * so, and a closed one is not opened. Who asks while a check runs gets its answer.
     *
     * @returns Whether all is well.
     * @throws {@link InvalidArgumentError} without a `healthCheck`.
     */
    checkHealth(): Promise<boolean>;
    /**
     * Shuts it down for all threads: it calls nothing any more. Functions that run go on, and what they come to is the caller's. Again does no
     * harm.
     */
    close(): void;
    [Symbol.dispose](): void;
}

/** How load is shed. */
interface LoadShedConfig {
    /** Milliseconds that the event loop may be late before the lowest priority is refused; from 1. */
    readonly maxEventLoopDelay: number;
    /** How many priorities there are: 0 is the lowest. Each further `maxEventLoopDelay` refuses one more. 1 to 100, default 3. */
    readonly priorities?: number;
}
/** How one call is made. */
interface ShedCallOptions {
    /** How important it is: a whole number from 0, the lowest, to one less than `priorities`. Default 0. */
    priority?: number;
    /** Handed to the function. */
    signal?: Cancellation;
}
/** How the middleware decides. */
interface ShedMiddlewareOptions<Request extends IncomingMessage = IncomingMessage> {
    /** The priority of all requests, or of each. Default 0. */
    priority?: number | ((request: Request) => number);
}
/** What was shed, in this thread. */
interface LoadShedMetrics {
    /** How late the event loop is to be reckoned, in milliseconds. */
    delay: number;
    /** Calls admitted. */
    admitted: number;
    /** Calls refused, by priority. */
    refused: number[];
}
/** The events of load shedding, with what each listener gets. */
interface LoadShedEvents {
    /** A call was refused. */
    refuse: [event: {
        priority: number;
        retryAfter: number;
    }];
    /** It is closed. */
    close: [];
}
/**
 * Sheds load by priority while the event loop of this thread is late. What is measured is this thread's alone, so nothing is shared. It is
 * measured by a timer that keeps no process alive, and runs only while calls come. The delay rises at once and halves with each
 * `maxEventLoopDelay` that passes.
 *
 * @example
 * ```ts
 * const shed = loadShed({ maxEventLoopDelay: 100 });
 * app.use(shed.middleware({ priority: (request) => (request.url === '/health' ? 2 : 0) }));
 * const report = await shed.call(() => makeReport(), { priority: 1 });
 * ```
 */
declare class LoadShed implements Disposable {
    #private;
    /** @param config - `maxEventLoopDelay`; `priorities`. */
    constructor(config: LoadShedConfig);
    /** Whether a call of this priority may go on now. Counts as a call. */
    admits(priority?: number): boolean;
    /**
     * Calls a function, unless the event loop is too late for its priority.
     *
     * @returns What the function returns.
     * @throws {@link LoadShedError}, and the function is not called; the signal's reason; what the function throws.
     */
    call<T>(fn: (context: CallContext) => T | PromiseLike<T>, options?: ShedCallOptions): Promise<T>;
    /** A function that does the same unless the event loop is too late for it; see {@link LoadShed.call}. */
    wrap<A extends unknown[], T>(fn: (...args: A) => T | PromiseLike<T>, options?: {
        priority?: number;
    }): (...args: A) => Promise<T>;
    /**
     * Middleware for Express, and for all that calls `(request, response, next)`: a request that is refused is answered 503 with `Retry-After`.
     *
     * @param options - `priority`: a number, or a function of the request.
     */
    middleware<Request extends IncomingMessage = IncomingMessage>(options?: ShedMiddlewareOptions<Request>): (request: Request, response: ServerResponse, next: (error?: unknown) => void) => void;
    /** The lowest priority that is admitted now; as many as there are priorities if none is. */
    get lowest(): number;
    /** What it has done. */
    getMetrics(): LoadShedMetrics;
    /** Listens to an event; the listener keeps the AsyncLocalStorage context it is added in. */
    on<K extends keyof LoadShedEvents>(event: K, listener: (...args: LoadShedEvents[K]) => void): this;
    /** Listens once. */
    once<K extends keyof LoadShedEvents>(event: K, listener: (...args: LoadShedEvents[K]) => void): this;
    /** Listens no more. */
    off<K extends keyof LoadShedEvents>(event: K, listener: (...args: LoadShedEvents[K]) => void): this;
    /** Whether it is closed. */
    get closed(): boolean;
    /** Ends the measuring: from here on everything is admitted, and nothing counted. Again does no harm. */
    close(): void;
    [Symbol.dispose](): void;
}
/** Makes a {@link LoadShed}. */
declare function loadShed(config: LoadShedConfig): LoadShed;

/**
 * Makes one error of several; `undefined` and `null` among them are passed over.
 *
 * @returns `undefined` if there is none, the error itself if there is one, otherwise a {@link CombinedError} of all.
 * @example
 * ```ts
 * const error = combineErrors(outcomes.map((outcome) => outcome.reason));
 * if (error !== undefined) throw error;
 * ```
 */
declare function combineErrors(errors: Iterable<unknown>): unknown;

/** What a processor may know of the call it is in. */

/** The second argument of a processor. */
interface FanContext extends CallContext {
    /** Aborts when the result is not wanted any more: its caller gave up, another input failed, or its time is over. */
    readonly signal: AbortSignal;
    /** The input's number, from 0; that of a batch's first. */
    readonly index: number;
    /** The worker's number, from 0. */
    readonly worker: number;
}

/** What measures a load. */
interface LoadMonitor {
    /** 0 to 1; `undefined` if there is nothing new. */
    load(): number | undefined;
}
/** How a dynamic fan-out is made. */
interface DynamicFanOutOptions {
    /** Calls that may run at once in any case. Default 1. */
    min?: number;
    /** Calls that run at once at most. Default: four for each of the machine's processors. */
    max?: number;
    /** Measures the load. Default: how busy other processes keep the machine's processors. */
    monitor?: LoadMonitor;
}
/**
 * Runs as many calls at once as the machine's load allows, between a least and a most: the least when others keep it busy, a tenth of the number of
 * items when they do not, something between otherwise. It looks at the load when a call of `process` begins, and again and again as items are done.
 *
 * @example
 * ```ts
 * const fan = new DynamicFanOut({ min: 2, max: 32 });
 * const results = await fan.process(items, (item, { signal }) => handle(item, signal), { signal: ctx });
 * ```
 */
declare class DynamicFanOut {
    #private;
    /** @throws {@link InvalidArgumentError} for an option that cannot be meant. */
    constructor(options?: DynamicFanOutOptions);
    /** The load as it was last measured, 0 to 1. */
    get load(): number;
    /** How many calls would run at once for so many items, by the load as it was last measured. */
    workersFor(items: number): number;
    /**
     * Calls a function with each item.
     *
     * @returns The results in the order of the items.
     * @throws The first error of the function, by which the calls that run are told; {@link WaitTimeoutError}; the signal's reason; what the
     * monitor throws.
     */
    process<T, R>(items: Iterable<T>, fn: (item: T, context: FanContext) => R | PromiseLike<R>, options?: WaitOptions): Promise<R[]>;
}

/** What went wrong with several things at once. */

/** Several errors. */
declare class CombinedError extends MillraceError {
    name: string;
    /** All of them. */
    readonly errors: readonly unknown[];
}
/** Too few services have answered. */
declare class QuorumError extends MillraceError {
    name: string;
    /** How many were to answer. */
    readonly atLeast: number;
    /** The answers there are, by the services' names. */
    readonly answers: Readonly<Record<string, unknown>>;
    /** The errors, by the services' names. */
    readonly failed: Readonly<Record<string, unknown>>;
    /** The errors alone. */
    readonly errors: readonly unknown[];
}

/** Items through a function, so many at once. */

/** How many at once, and who may end it. */
interface ConcurrentOptions extends WaitOptions {
    /** How many calls run at once. Default: all. */
    concurrency?: number;
}
/**
 * Calls a function with each item, so many at once.
 *
 * @param fn - Gets the item, and its number and a signal.
 * @returns The results in the order of the items.
 * @throws The first error of the function: the calls that run are told by their signal, the others do not begin; {@link WaitTimeoutError}; the
 * signal's reason.
 * @example
 * ```ts
 * const pages = await fanOut((url, { signal }) => load(url, signal), urls, { concurrency: 8, signal: ctx });
 * ```
 */
declare function fanOut<T, R>(fn: (item: T, context: FanContext) => R | PromiseLike<R>, items: Iterable<T>, options?: ConcurrentOptions): Promise<R[]>;

/** What functions give, each in its place. */
type ResultsOf<F extends readonly ((context: FanContext) => unknown)[]> = {
    -readonly [K in keyof F]: Awaited<ReturnType<F[K]>>;
};
/**
 * Runs functions at once.
 *
 * @param fns - Each gets a context with a signal.
 * @returns What each gives, in their order.
 * @throws The first error: the others are told by their signal; {@link WaitTimeoutError}; the signal's reason.
 * @example
 * ```ts
 * const [stock, payment] = await runConcurrent([() => checkStock(order), ({ signal }) => charge(order, signal)], { timeout: 2_000 });
 * ```
 */
declare function runConcurrent<F extends readonly ((context: FanContext) => unknown)[]>(fns: readonly [...F], options?: ConcurrentOptions): Promise<ResultsOf<F>>;

/**
 * Asks all sources at once, and makes one result of what they give.
 *
 * @param sources - Functions; each gets a context with a signal.
 * @param aggregate - Gets what they gave, in their order.
 * @throws The first error of a source, by which the others are told; what `aggregate` throws; {@link WaitTimeoutError}; the signal's reason.
 * @example
 * ```ts
 * const all = await fanIn([fetchHere, fetchThere], (lists) => lists.flat(), { signal: ctx });
 * ```
 */
declare function fanIn<F extends readonly ((context: FanContext) => unknown)[], R>(sources: readonly [...F], aggregate: (results: ResultsOf<F>) => R | PromiseLike<R>, options?: ConcurrentOptions): Promise<R>;

/** A link of a chain. */
type Stage<I, O> = (input: I, context: FanContext) => O | PromiseLike<O>;
/**
 * Gives each function what the one before it gave. For streams, and for many items at once, there is `Pipeline`.
 *
 * @param stages - Each gets what comes, and a context with a signal.
 * @returns What the last gives.
 * @throws What a stage throws, and those behind it do not run; {@link WaitTimeoutError}; the signal's reason.
 * @example
 * ```ts
 * const saved = await pipeline([fetchPage, parse, (data) => save(data)], url, { signal: ctx });
 * ```
 */
declare function pipeline<A, B>(stages: readonly [Stage<A, B>], input: A, options?: WaitOptions): Promise<B>;
declare function pipeline<A, B, C>(stages: readonly [Stage<A, B>, Stage<B, C>], input: A, options?: WaitOptions): Promise<C>;
declare function pipeline<A, B, C, D>(stages: readonly [Stage<A, B>, Stage<B, C>, Stage<C, D>], input: A, options?: WaitOptions): Promise<D>;
declare function pipeline<A, B, C, D, E>(stages: readonly [Stage<A, B>, Stage<B, C>, Stage<C, D>, Stage<D, E>], input: A, options?: WaitOptions): Promise<E>;
declare function pipeline<A, B, C, D, E, F>(stages: readonly [Stage<A, B>, Stage<B, C>, Stage<C, D>, Stage<D, E>, Stage<E, F>], input: A, options?: WaitOptions): Promise<F>;
declare function pipeline<A, B, C, D, E, F, G>(stages: readonly [Stage<A, B>, Stage<B, C>, Stage<C, D>, Stage<D, E>, Stage<E, F>, Stage<F, G>], input: A, options?: WaitOptions): Promise<G>;
declare function pipeline<T>(stages: readonly Stage<T, T>[], input: T, options?: WaitOptions): Promise<T>;

/** Items in batches, one batch after the other. */

/** How far it is. */
interface BatchProgress<R> {
    /** The batch that is done, from 1, and how many there are. */
    batch: number;
    batches: number;
    /** Items that are done, and how many there are. */
    done: number;
    total: number;
    /** The batch's results, in the order of its items. */
    results: readonly R[];
}
/** How batches are processed. */
interface InBatchesOptions<R> extends ConcurrentOptions {
    /** How long to wait between two batches, in milliseconds. Default 0. */
    pause?: number;
    /** Is called after each batch; the next one begins when what it returns has settled. What it throws ends all. */
    onProgress?: (progress: BatchProgress<R>) => unknown;
}
/**
 * Calls a function with each item, batch by batch: a batch begins when the one before it is done.
 *
 * @param size - How many items a batch has.
 * @param fn - Gets the item, and its number and a signal.
 * @param options - `concurrency`: how many calls run at once, default: a whole batch; `pause`; `onProgress`; `signal`; `timeout` for all.
 * @returns The results in the order of the items.
 * @throws The first error of the function: the rest of the batch is told by its signal, the next batch does not begin; {@link WaitTimeoutError};
 * the signal's reason.
 * @example
 * ```ts
 * await processInBatches(users, 100, notify, { pause: 1_000, onProgress: ({ done, total }) => log(`${done}/${total}`) });
 * ```
 */
declare function processInBatches<T, R>(items: Iterable<T>, size: number, fn: (item: T, context: FanContext) => R | PromiseLike<R>, options?: InBatchesOptions<R>): Promise<R[]>;

/** A function behind a limiter. */

/** What lets so many through: a rate limiter, a semaphore. */
interface LimiterLike {
    /** Waits until `count` may pass. What it gives is given back when the call has ended, if it can be disposed of: a semaphore's permits. */
    acquire(count: number, options?: {
        signal?: Cancellation;
    }): PromiseLike<unknown>;
}
/**
 * Makes a function that waits for a limiter before each call. Goes wherever the function does: `fanOut`, `processInBatches`, a pipeline's stage.
 *
 * @param limiter - Anything with `acquire(count, { signal })`.
 * @param options - `count`: how many a call takes, default 1; or what says so for its input.
 * @returns The function. Its second argument may have a `signal`, which ends the wait for the limiter.
 * @example
 * ```ts
 * const limited = rateLimited(process, new TokenBucketRateLimiter({ capacity: 1, refillRate: 10, refillInterval: 1000, enableBurst: true }));
 * const results = await fanOut(limited, items, { signal: ctx });
 * ```
 */
declare function rateLimited<T, C extends Partial<CallContext>, R>(processor: (input: T, context: C) => R | PromiseLike<R>, limiter: LimiterLike, options?: {
    count?: number | ((input: T) => number);
}): (input: T, context?: C) => Promise<R>;

/** One request to many services. */

/** Functions by name; each gets the request and a context with a signal. */
type Services<Q> = Record<string, (request: Q, context: CallContext) => unknown>;
/** What came back, by the services' names. A name stands in one of the two; in none if its answer was not waited for. */
interface Gathered<S> {
    /** The answers. */
    answers: {
        -readonly [K in keyof S]?: S[K] extends (...args: never[]) => infer R ? Awaited<R> : never;
    };
    /** The errors; `CallTimeoutError` of a service that took too long. */
    errors: {
        -readonly [K in keyof S]?: unknown;
    };
}
/** How a request is scattered. Times are in milliseconds. */
interface ScatterOptions<Names extends string = string> {
    /** How long a service may take: each, or by their names. Default: no limit. */
    timeout?: number | {
        readonly [K in Names]?: number;
    };
    /** How many must answer; with less it rejects, as soon as that is certain. Default 1, or 0 if there are no services. */
    atLeast?: number;
    /** `'quorum'`: it ends as soon as `atLeast` have answered, and the others are told by their signal. Default `'all'`. */
    until?: 'all' | 'quorum';
    /** Ends it. */
    signal?: Cancellation;
}
/**
 * Sends a request to all services at once, and gathers what they answer, each within its time.
 *
 * @returns The answers and the errors by the services' names.
 * @throws {@link QuorumError}, with the answers and errors there are, if fewer than `atLeast` answer; the signal's reason.
 * @example
 * ```ts
 * const { answers, errors } = await scatterGather({ eu: askEurope, us: askAmerica }, query, { timeout: 500, atLeast: 1 });
 * ```
 */
declare function scatterGather<Q, S extends Services<Q>>(services: S & Services<Q>, request: Q, options?: ScatterOptions<keyof S & string>): Promise<Gathered<S>>;

/** What items come from: an async iterable, an iterable, a channel, a Web stream, or a Node stream. */
type Source<T> = AsyncIterable<T> | Iterable<T>;

/** A function over streams. */

/** How a stream is processed. */
interface StreamProcessorOptions {
    /** How many calls run at once, of each stream. Default 1. */
    concurrency?: number;
    /** Results that may be done before anybody wants them. Default: as many as run at once. */
    bufferSize?: number;
    /** Results in the order of the items; otherwise as they come. Default true. */
    ordered?: boolean;
    /** How long a call may take, in milliseconds; then it has failed with `CallTimeoutError`. Default: no limit. */
    timeout?: number;
    /**
     * When a call fails: `'fail'`, the stream ends with its error; `'collect'`, it goes on, and ends with `FanOutError`, which has all errors. Default
     * `'fail'`.
     */
    onError?: 'fail' | 'collect';
    /** Each outcome, as from `Promise.allSettled`, in place of its result: no error ends the stream. Default false. */
    settle?: boolean;
}
/** Processes streams. */
interface StreamProcessor<T, R> {
    /**
     * @param source - Async iterable, iterable, channel, Web or Node stream. It is read as fast as results are taken, and ended when their reader
     * leaves.
     * @param options - A signal that ends it; `timeout`, how long the reader waits for a result.
     */
    processStream(source: Source<T>, options?: WaitOptions): AsyncIterableIterator<R, undefined> & AsyncDisposable;
}
/**
 * Makes a processor of streams out of a function, with back-pressure at both ends.
 *
 * @example
 * ```ts
 * const resize = streamProcessor(resizeImage, { concurrency: 10, bufferSize: 100, settle: true });
 * for await (const outcome of resize.processStream(images, { signal: ctx })) report(outcome);
 * ```
 */
declare function streamProcessor<T, R>(fn: (item: T, context: FanContext) => R | PromiseLike<R>, options: StreamProcessorOptions & {
    settle: true;
}): StreamProcessor<T, PromiseSettledResult<R>>;
declare function streamProcessor<T, R>(fn: (item: T, context: FanContext) => R | PromiseLike<R>, options?: StreamProcessorOptions): StreamProcessor<T, R>;

/** Cancels a context. Again does no harm. `using` cancels at the end of the block. */
type CancelFunction<A extends unknown[] = []> = ((...args: A) => void) & Disposable;
/** A context on its way to another thread: give it to `postMessage`, and to `Context.from` there. */
interface ContextHandle {
    readonly millrace: 'context';
    readonly done: SharedHandle<'channel'>;
    readonly cause: SharedHandle<'once'>;
    /** On the clock that all threads of the process share. */
    readonly deadline: number | undefined;
    /** Those whose keys are texts. */
    readonly values: Record<string, unknown>;
}
/**
 * A context: it is cancelled at most once, with all that were derived from it, by its cancel function, its deadline or its parent. It
 * stands wherever a signal does: `{ signal: ctx }`.
 *
 * @example
 * ```ts
 * const [ctx, cancel] = Context.background().withTimeout(500);
 * using _ = cancel;
 * const { value } = await channel.receive({ signal: ctx });
 * ```
 */
declare class Context$1 {
    #private;
    private constructor();
    /** The root of all contexts: it is never cancelled. */
    static background(): Context$1;
    /** The context of the running asynchronous call, as {@link run} has set it; otherwise the background. */
    static current(): Context$1;
    /** A context that is cancelled when a signal aborts, with the signal's reason as its cause. */
    static fromSignal(signal: AbortSignal): Context$1;
    /** The context that another thread's {@link toHandle} names: cancelled when that one is, and at its deadline in any case. */
    static from(handle: ContextHandle): Context$1;
    /** A token by which another thread gets this context. */
    toHandle(): ContextHandle;
    /** A context that can be cancelled, and what cancels it. */
    withCancel(): [ctx: Context$1, cancel: CancelFunction];
    /** The same; whoever cancels it says why. */
    withCancelCause(): [ctx: Context$1, cancel: CancelFunction<[cause?: unknown]>];
    /** A context that is cancelled after a time, unless it is before. */
    withTimeout(ms: number): [ctx: Context$1, cancel: CancelFunction];
    /** The same, at a date or a number of milliseconds since the epoch. */
    withDeadline(deadline: Date | number): [ctx: Context$1, cancel: CancelFunction];
    /** A context that has a value. */
    withValue(key: unknown, value: unknown): Context$1;
    /** The value of a key, here or in the nearest ancestor that has it. */
    value<T = unknown>(key: unknown): T | undefined;
    /** Why it is cancelled: `ContextCanceledError` or `DeadlineExceededError`; `undefined` while it is not. */
    get err(): ContextCanceledError | DeadlineExceededError | undefined;
    /** What whoever cancelled it gave as the cause; otherwise {@link err}. */
    get cause(): unknown;
    /** Milliseconds until it is cancelled, if it has a deadline. */
    get remaining(): number | undefined;
    /** Aborts when it is cancelled; the reason is {@link err}. */
    get signal(): AbortSignal;
    /** A channel that is closed when it is cancelled: a case for `select`. */
    get done(): Channel<never>;
    /** Runs a function in whose asynchronous calls {@link Context.current} is this context. */
    run<T>(fn: () => T): T;
}

/** One who waits: a promise of a thread's, or a thread that blocks. */
interface LivingWait {
    /** The thread that waits, as `threadId` has it. */
    thread: number;
    /** Milliseconds since it began to wait. */
    age: number;
}
/** An object that threads share, or a goroutine, as it is now. */
interface LivingObject {
    /**
     * `'channel'`, `'mutex'`, `'rwmutex'`, `'semaphore'`, `'waitgroup'`, `'latch'`, `'barrier'`, `'cond'`, `'once'`, `'singleflight'`,
     * `'broadcast'`, `'ticker'`, `'map'`, `'queue'`, `'ring'`, `'memory'`, `'atomic-i32'` and the other atomics, those of limiters and
     * breakers, or `'goroutine'`.
     */
    kind: string;
    /** An object's number, as in its handle; a goroutine's within its thread. */
    id: number;
    /** Its name, if it has one. A goroutine has its function's. */
    name?: string;
    /** Milliseconds since it was made or started. */
    age: number;
    /** How many wait for it, in all threads; for a map, those whose values others compute. */
    waiting: number;
    /**
     * What it holds: messages in a channel, a queue or the buffers of a broadcast's subscribers, bytes in a ring, permits that are out,
     * readers, 1 for a lock that is held, what is left to count, runs of a singleflight, entries of a map, a memory's bytes; 1 for a
     * ticker that ticks and a once that is done.
     */
    held: number;
    /** Of an object: each that waits for it, who has waited longest first. A `select` waits for each of its channels. */
    waits?: LivingWait[];
    /** Of a goroutine: the thread that started it, as `threadId` has it. */
    thread?: number;
    /** Of a goroutine: whether it runs in that thread, and not in the scheduler's. */
    local?: boolean;
}
/**
 * Lists what all threads of the process share and has not been let go of, with who waits since when and what is held, and then the
 * goroutines of all threads that have not ended. Waits for a context, a timer or a pool's task are not among them.
 *
 * @example
 * ```ts
 * const stuck = diagnostics().filter(({ waits = [] }) => waits.some(({ age }) => age > 60_000));
 * ```
 */
declare function diagnostics(): LivingObject[];
/**
 * What has come since an earlier look and is still there: goroutines that have not ended, objects that more wait for, and objects that
 * hold more, such as a lock that was not given back or a channel with messages that nobody has received. As they are now. An object that is
 * merely there is no leak: the garbage collector's turn may not have come; nor are the entries of a map, a memory's bytes or what a once
 * has done. The `waits` of each are those that
 * have begun since.
 *
 * @param before - What {@link diagnostics} gave then.
 * @throws {@link InvalidArgumentError} for anything else.
 * @example
 * ```ts
 * const before = diagnostics();
 * await handle(request);
 * assert.deepEqual(leaks(before), []);
 * ```
 */
declare function leaks(before: readonly LivingObject[]): LivingObject[];

/** The second argument of a processor. */
interface Context {
    /** Aborts when the task is cancelled or times out. Synchronous code may ask `signal.aborted` as it goes. */
    readonly signal: AbortSignal;
    /** The worker's number in its pool. */
    readonly workerId: number;
    /** The task's number in its pool. */
    readonly taskId: number;
    /** 1 for the first run; higher only for idempotent tasks whose worker was lost. */
    readonly attempt: number;
}

/**
 * What every task may know of itself.
 *
 * @example
 * ```ts
 * export default async (url: string, { signal }: TaskContext) => (await fetch(url, { signal })).text();
 * ```
 */
type TaskContext = Context;
/** A module that workers load: a path, a `file:` URL, or either with the name of the export to call. */
type ProcessorModule = string | URL | {
    module: string | URL;
    export?: string;
};
/** A function that workers run. A function must be self-contained: it is shipped as its source text. */
type Processor<TInput, TOutput> = ProcessorModule | ((input: TInput, context: TaskContext) => TOutput | Promise<TOutput> | AsyncIterable<TOutput> | Iterable<TOutput>);
/** What a scaling policy sees. Times are in milliseconds, shares between 0 and 1. */
interface ScalingSample {
    /** Workers, those that start included. */
    workers: number;
    /** Workers that start. */
    starting: number;
    /** Workers that run as many tasks as they may. */
    busy: number;
    /** Tasks that no worker has begun. */
    waiting: number;
    /** How long the first of them has waited. */
    oldestWait: number;
    /** The mean share of time that the workers' event loops are busy; `null` before the first heartbeat. */
    eventLoopUtilization: number | null;
    /** How busy the machine's processors are; `null` before the first measurement. */
    machineLoad: number | null;
    /** The recent mean run time of a task; 0 before the first has ended. */
    meanRun: number;
}
/** The configuration of a worker pool. Times are in milliseconds. */
interface WorkerPoolConfig {
    /** Workers there are always. Default 1. */
    minWorkers: number;
    /** Workers there are at most. Default: the processors of the machine. */
    maxWorkers: number;
    /** A worker beyond `minWorkers` that has idled so long is retired. Default 30 000; `Infinity` for never. */
    idleTimeout: number;
    /** How long a task may run. Its promise rejects with `TaskTimeoutError`. Default `Infinity`. */
    taskTimeout: number;
    /** Whether the pool grows with its queue and shrinks by `idleTimeout`. Default true. */
    enableAutoScaling: boolean;
    /** The share of busy workers from which the pool grows. Default 0.8. */
    scalingThreshold: number;
}
/** What a pool can be told beyond {@link WorkerPoolConfig}. Times are in milliseconds. */
interface WorkerPoolOptions<TInput, TOutput> extends Partial<WorkerPoolConfig> {
    /** What workers run for each task: a module, or a self-contained function. */
    processor?: Processor<TInput, TOutput>;
    /** Shares the pool with every thread of the process that opens this name. */
    name?: string;
    /** Decides how many workers there should be, in place of the built-in rule. Called in the thread that owns the pool. */
    scalingPolicy?: (sample: ScalingSample) => number;
    /** Tasks that may wait. Default: no limit. */
    maxQueue?: number;
    /** What happens to a task beyond `maxQueue`: it rejects with `QueueFullError`, or waits for room. Default `'reject'`. */
    onFull?: 'reject' | 'wait';
    /** Tasks that one worker may run at once; above 1 for tasks that wait for input or output. Default 1. */
    concurrentTasksPerWorker?: number;
    /** How long a cancelled task may take to end before its worker is replaced. Default 1 000. */
    abortGrace?: number;
    /** How often a busy worker is asked for a sign of life. Default 1 000. */
    heartbeatInterval?: number;
    /** A busy worker without a sign of life for so long is unresponsive. Default 30 000. */
    heartbeatTimeout?: number;
    /** Replace unresponsive workers unasked. Default false: a long computation is no defect. */
    autoRestart?: boolean;
    /**
     * How tasks find workers: `'work-stealing'` from one queue, idle workers stealing what others have taken and not begun;
     * `'round-robin'` in strict turn; `'adaptive'` to the worker expected to be done first, by its measured speed.
     * Default `'work-stealing'`.
     */
    balancing?: 'work-stealing' | 'round-robin' | 'adaptive';
    /** Workers that may die at start in a row before the waiting tasks fail with `PoolBrokenError`. Default 3. */
    maxStartFailures?: number;
    /** The wait before the second replacement of a dying worker in a row; it doubles up to 30 s. Default 100. */
    restartBackoff?: number;
    /** Limits of each worker's memory, as for `new Worker`. */
    resourceLimits?: ResourceLimits;
    /** The workers' `process.env`, as for `new Worker`. */
    env?: WorkerOptions['env'];
    /** The workers' `process.argv` beyond the first two, as for `new Worker`. */
    argv?: unknown[];
    /** Options of the runtime for the workers, as for `new Worker`, such as `['--import', 'tsx']`. */
    execArgv?: string[];
    /** What `workerData` of `node:worker_threads` is in the workers. */
    workerData?: unknown;
    /** Keep the workers' standard output from the process's; it is then given by the `output` event. Default false. */
    stdout?: boolean;
    /** The same for standard error. */
    stderr?: boolean;
    /** Keep what each task writes, for the error of a task whose worker dies. Default false. */
    captureOutput?: boolean;
}
/** How one task is to be treated. */
interface SubmitOptions<TInput = unknown, TOutput = unknown> {
    /** Cancels the task; its promise rejects with the signal's reason. */
    signal?: Cancellation;
    /** How long the submitter waits, in milliseconds, the time in the queue included. Rejects with `TaskTimeoutError`. */
    timeout?: number;
    /** A whole number from -128 to 127; higher goes first. Default 0. */
    priority?: number;
    /** What in the input is moved and not copied, as for `postMessage`. */
    transfer?: readonly node_worker_threads.Transferable[];
    /** What to run in place of the pool's processor. */
    processor?: Processor<TInput, TOutput>;
    /** The task may run again, up to three times, if its worker is lost. Default false. */
    idempotent?: boolean;
}

/** Many inputs through a pool, all at once. */

/** How many a batch, and how it ends. */
interface BatchOptions<TInput, TOutput> extends SubmitOptions<TInput, TOutput> {
    /** Every outcome instead of the first error. */
    settle?: boolean;
}

/** What a pool tells those who listen. */

/** A pool's events, with what each listener gets. Only the thread that owns the pool hears them. */
interface PoolEvents {
    /** A worker came or went. */
    worker: [event: {
        workerId: number;
        state: 'started' | 'retired' | 'crashed' | 'replaced';
    }];
    /** The number of workers is about to change. */
    scale: [event: {
        from: number;
        to: number;
        reason: string;
    }];
    /** Nothing waits any more. */
    drain: [];
    /** A worker died unordered, or the scaling policy failed. Without a listener it is not thrown: tasks carry it too. */
    error: [error: WorkerCrashedError | Error];
    /** A worker wrote, with `stdout`, `stderr` or `captureOutput`. */
    output: [event: {
        workerId: number;
        stream: 'stdout' | 'stderr';
        text: string;
    }];
}

/** Many inputs through a pool with back-pressure: no more are read than are on their way or waiting to be taken. */

/** How inputs go through a pool. */
interface MapOptions<TInput, TOutput> extends Omit<SubmitOptions<TInput, TOutput>, 'transfer'> {
    /** Tasks on their way or done and not taken, at most. Default: four a worker, at least 16. */
    concurrency?: number;
    /** Results in the order of the inputs; otherwise as they come. Default true. */
    ordered?: boolean;
}

/** How a pool is opened: by its options, in the thread that is to own it, or by name or handle in another. */
/** A pool's name for other threads: give it to `postMessage` or `workerData`, and to `from` there. */
interface PoolHandle {
    /** What kind of object it names. */
    readonly millrace: 'worker-pool';
    /** Which one. */
    readonly id: number;
}

/** What both kinds of pools are. */

/** How a pool is closed. */
interface CloseOptions {
    /** How long to wait for tasks to end, in milliseconds, before the pool is terminated. Default: no limit. */
    timeout?: number;
}
/** A pool of workers. Not made itself: see `DynamicWorkerPool` and `FixedWorkerPool`. */
declare abstract class WorkerPool<TInput, TOutput> implements AsyncDisposable {
    #private;
    /** The pool's name, if it has one. */
    get name(): string | undefined;
    /**
     * Runs the processor on one input, on some worker.
     *
     * @param task - What the processor gets: anything `postMessage` accepts.
     * @returns What the processor returns.
     * @throws What the processor throws, with its name, message, own properties, cause and the worker's stack;
     * `DataCloneError` for an input that cannot be cloned; `TaskTimeoutError`, `QueueFullError`, `PoolClosedError`,
     * `WorkerCrashedError`, `WorkerReplacedError`, `PoolBrokenError`, `ProcessorError`; the signal's reason when aborted.
     * @example
     * ```ts
     * const thumbnail = await pool.submit(image, { timeout: 5_000, transfer: [image.buffer] });
     * ```
     */
    submit(task: TInput, options?: SubmitOptions<TInput, TOutput>): Promise<TOutput>;
    /**
     * Runs the processor on each input; the results come in their order.
     *
     * @returns The results; with `settle` the outcome of each, as from `Promise.allSettled`.
     * @throws The first error, after the tasks that no worker has begun have been cancelled.
     */
    submitBatch(tasks: readonly TInput[], options: BatchOptions<TInput, TOutput> & {
        settle: true;
    }): Promise<PromiseSettledResult<TOutput>[]>;
    submitBatch(tasks: readonly TInput[], options?: BatchOptions<TInput, TOutput>): Promise<TOutput[]>;
    /**
     * Runs the processor on each of any number of inputs, in constant memory: an input is read when there is room for it.
     *
     * @throws The first error, when its turn comes; what is on its way is then cancelled.
     * @example
     * ```ts
     * for await (const row of pool.map(readLines(file), { concurrency: 32 })) write(row);
     * ```
     */
    map(inputs: Iterable<TInput> | AsyncIterable<TInput>, options?: MapOptions<TInput, TOutput>): AsyncIterableIterator<TOutput>;
    /**
     * Runs a processor that is a generator, and gives what it yields. The generator is at most some items ahead of the reader,
     * and is ended when the reader stops.
     *
     * @example
     * ```ts
     * for await (const record of pool.iterate('big.csv')) await insert(record);
     * ```
     */
    iterate<T = TOutput>(task: TInput, options?: SubmitOptions<TInput, unknown>): AsyncIterableIterator<T> & AsyncDisposable;
    /**
     * Runs a function of the moment with its arguments. It must be self-contained: it is sent as its source text.
     *
     * @example
     * ```ts
     * const digest = await pool.run((text) => process.getBuiltinModule('node:crypto').hash('sha256', text), 'abc');
     * ```
     */
    run<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): Promise<Awaited<R>>;
    /** Whether it takes no more tasks. */
    get closed(): boolean;
    /** Workers that take tasks, those that start included. */
    getWorkerCount(): number;
    /** Tasks that no worker has begun. */
    getQueueLength(): number;
    /** Whether nothing waits and nothing runs. */
    isIdle(): boolean;
    /**
     * Starts up to `count` workers more, within the maximum.
     *
     * @returns Resolves when they take tasks.
     */
    scaleUp(count: number): Promise<void>;
    /** Lets up to `count` workers go, within the minimum, the idle ones first. Busy ones finish what they run. */
    scaleDown(count: number): Promise<void>;
    /** What each worker is doing and how it is. */
    getHealthStatus(): HealthStatus;
    /**
     * Replaces the workers that are unresponsive. What they run rejects with `WorkerReplacedError`, or runs again if it is
     * idempotent.
     *
     * @returns Resolves when the replacements take tasks.
     */
    restartUnhealthyWorkers(): Promise<void>;
    /** Counts and times since the pool began, over all threads. */
    getMetrics(): PoolMetrics;
    /** Begins counting anew. */
    resetMetrics(): void;
    /**
     * Resolves when `minWorkers` workers take tasks.
     *
     * @throws `PoolBrokenError` if they die at every start, `PoolClosedError` if the pool is closed.
     */
    ready(): Promise<void>;
    /** Listens to an event; the listener keeps the AsyncLocalStorage context it is added in. Only the owning thread hears any. */
    on<K extends keyof PoolEvents>(event: K, listener: (...args: PoolEvents[K]) => void): this;
    /** Listens once. */
    once<K extends keyof PoolEvents>(event: K, listener: (...args: PoolEvents[K]) => void): this;
    /** Listens no more. */
    off<K extends keyof PoolEvents>(event: K, listener: (...args: PoolEvents[K]) => void): this;
    /** A token by which any thread of this process opens the same pool. */
    toHandle(): PoolHandle;
    /**
     * Takes no more tasks, waits for those it has, and ends the workers. In a thread that has opened another's pool it lets go of
     * that pool, and cancels what this thread still waits for. A second call waits for the first.
     *
     * @throws `TaskTimeoutError` never: a pool that is not done in time is terminated, and its tasks reject with `PoolClosedError`.
     */
    close(options?: CloseOptions): Promise<void>;
    /** Ends everything at once. What waits and what runs rejects with `PoolClosedError`. */
    terminate(): Promise<void>;
    [Symbol.asyncDispose](): Promise<void>;
}

/** The configuration of a fan-out. Times are in milliseconds. */
interface FanOutConfig {
    /** How many inputs are worked on at once, over all calls. Default: the processors of the machine. */
    workerCount: number;
    /**
     * How many inputs a worker is given at once, no more than an even share of what there is; for `processBatches`, how many a batch has.
     * Default `'adaptive'`, see {@link FanOutOptions}.
     */
    batchSize: number;
    /** How long the processor may take for one input, or for one batch in `processBatches`. Default: no limit. */
    timeout: number;
    /**
     * Whether workers get inputs as the load balancer says. Otherwise each has an equal part of them beforehand. Default true.
     */
    enableLoadBalancing: boolean;
}
/** What a fan-out can be told beyond {@link FanOutConfig}. */
interface FanOutOptions extends Omit<Partial<FanOutConfig>, 'batchSize'> {
    /**
     * `'adaptive'`: one in this thread; for threads, as many as are measured to be some milliseconds of work; for `processBatches`, the size at
     * which most inputs are measured to be done in a time.
     */
    batchSize?: number | 'adaptive';
    /**
     * Where processors run: in this thread, unless said otherwise; `'workers'`: each worker is a thread of the fan's own, started at first use;
     * or a pool, whose threads take what the workers are given.
     *
     * A function is sent to a thread as its source, so it must be self-contained. With a `timeout`, each input is sent to it alone.
     */
    on?: 'workers' | WorkerPool<never, unknown>;
    /** Results in the order of the inputs; otherwise as they come. Default true. */
    ordered?: boolean;
    /**
     * When the processor fails: `'fail'`, the call rejects with that error, and what has not begun does not begin; `'collect'`, all inputs are
     * tried, and then the call rejects with `FanOutError`, which has all errors and results. Default `'fail'`.
     */
    onError?: 'fail' | 'collect';
    /**
     * How long a call of the processor that is overdue or not wanted any more may take to end, before its worker goes on without it; a thread is
     * replaced then. Default 1000.
     */
    abortGrace?: number;
}
/** What is called for each input. On threads also a module that exports it. */
type FanProcessor<TInput, TOutput> = ((input: TInput, context: FanContext) => TOutput | PromiseLike<TOutput>) | ProcessorModule;
/** What is called for each batch. On threads also a module that exports it. */
type BatchProcessor<TInput, TOutput> = ((batch: TInput[], context: FanContext) => TOutput[] | PromiseLike<TOutput[]>) | ProcessorModule;

/** A worker, as a load balancer sees it. */
interface WorkerLoad {
    /** Its number, from 0. */
    readonly id: number;
    /** Inputs it has been given and has not done. */
    readonly pending: number;
    /** Inputs it has done, failed ones included. */
    readonly completed: number;
    /** What an input takes there, in milliseconds, of late; 0 before the first is done. */
    readonly meanTime: number;
}
/** A rule of one's own. */
interface CustomLoadBalancer {
    /**
     * Chooses the worker that gets the next batch. If that one has enough to do, the batch waits, and the choice is made anew when a worker
     * has done something.
     *
     * @returns The `id` of one of them.
     */
    choose(workers: readonly WorkerLoad[]): number;
}
/**
 * How inputs find workers: `'least-loaded'`, whoever has least to do gets the next; `'round-robin'`, in strict turn; `'adaptive'`, whoever
 * is expected to be done with it first, by its measured speed; or a rule of one's own.
 */
type LoadBalancer = 'round-robin' | 'least-loaded' | 'adaptive' | CustomLoadBalancer;

/** Counts and times of a fan-out since it was made, or counting began anew. Times are in milliseconds. */
interface FanOutMetrics {
    /** Calls of its methods. */
    calls: number;
    /** Inputs it has been given. */
    inputs: number;
    /** Inputs with a result. */
    completed: number;
    /** Inputs that failed, those out of time among them. */
    failed: number;
    /** Inputs out of time. */
    timedOut: number;
    /** Inputs without an outcome when their call was over: it was cancelled, or another input failed. */
    cancelled: number;
    /** Batches that workers have been given. */
    batches: number;
    /** Inputs that workers have now. */
    pending: number;
    /** The mean time that an input took. */
    meanTime: number;
    /** Each worker. */
    workers: readonly WorkerLoad[];
}

/** Work shared out and its results brought together, over lists and streams. */

/** The configuration of a fan pattern: that of its fan-out, and of its stream. */
interface FanPatternConfig extends FanOutOptions {
    /** Results of a stream that may be done before anybody wants them. Default: as many as there are workers. */
    bufferSize?: number;
}
/** How a stream is processed. */
interface FanStreamOptions extends WaitOptions {
    /** Each outcome, as from `Promise.allSettled`, in place of its result: no input's error ends the stream. */
    settle?: boolean;
}
/**
 * Fan-out and fan-in in one: inputs go to workers, as in {@link FanOut}, and their results come back as one list or one stream.
 *
 * @example
 * ```ts
 * const fan = new FanPattern<string, Page>({ workerCount: 8, ordered: false });
 * for await (const page of fan.processStream(urls, (url, { signal }) => load(url, signal))) index(page);
 * ```
 */
declare class FanPattern<TInput, TOutput> implements AsyncDisposable {
    #private;
    /** @throws {@link InvalidArgumentError} for an option that cannot be meant. */
    constructor(config?: FanPatternConfig);
    /** Calls the processor with each input, as {@link FanOut.distribute}. */
    process(inputs: readonly TInput[], processor: FanProcessor<TInput, TOutput>, options?: WaitOptions): Promise<TOutput[]>;
    /**
     * Calls the processor with each of any number of inputs, in constant memory. An input is read when a worker or the buffer has room for it:
     * with a reader that is slow, or workers that are, the source is read no faster.
     *
     * An input's error comes in its place, after the results before it, and ends the stream; with `ordered: false` at once. With
     * `onError: 'collect'` the stream goes on without it, and ends with {@link FanOutError}. Leaving the iteration ends the source.
     *
     * @param options - A signal that ends it; `timeout`, how long its reader waits for a result; `settle`, see {@link FanStreamOptions}.
     * @throws By the iteration: what the processor or the source throws; {@link WaitTimeoutError}; the signal's reason.
     */
    processStream(inputs: Source<TInput>, processor: FanProcessor<TInput, TOutput>, options: FanStreamOptions & {
        settle: true;
    }): AsyncIterableIterator<PromiseSettledResult<TOutput>, undefined> & AsyncDisposable;
    processStream(inputs: Source<TInput>, processor: FanProcessor<TInput, TOutput>, options?: FanStreamOptions): AsyncIterableIterator<TOutput, undefined> & AsyncDisposable;
    /** As {@link FanOut.setLoadBalancer}. */
    setLoadBalancer(balancer: LoadBalancer): void;
    /** As {@link FanOut.getWorkerLoads}. */
    getWorkerLoads(): Map<number, number>;
    /** Counts and times. */
    getMetrics(): FanOutMetrics;
    /** As {@link FanOut.close}. A stream that nobody reads to its end has to be left first. */
    close(options?: CloseOptions): Promise<void>;
    /** As {@link FanOut.terminate}. */
    terminate(): Promise<void>;
    [Symbol.asyncDispose](): Promise<void>;
}

/** What fans refuse with. */

/** What went wrong with one input, or with one batch of them. */
interface FanFailure {
    /** The input's number, from 0; that of a batch's first. */
    readonly index: number;
    /** How many inputs it concerns: 1, or a batch's. */
    readonly count: number;
    /** What the processor threw. */
    readonly error: unknown;
}
/** Some inputs failed, and all were tried: `onError: 'collect'`. */
declare class FanOutError extends MillraceError {
    name: string;
    /** What went wrong, by the numbers of the inputs. */
    readonly failures: readonly FanFailure[];
    /** The errors alone. */
    readonly errors: readonly unknown[];
    /** The results in the places of their inputs, `undefined` where there is none. Empty for a stream, which has given them out. */
    readonly results: readonly unknown[];
}
/** The fan was closed. */
declare class FanClosedError extends MillraceError {
    name: string;
}
/** The inputs are being merged already: each can be read once. */
declare class FanInBusyError extends MillraceError {
    name: string;
}

/** An input that has something to give. */
interface ReadyInput<T> {
    /** What was given to `addInput`. */
    readonly input: Source<T>;
    /** What it gives next. */
    readonly next: T;
    /** As it was added. */
    readonly priority: number;
    /** How many items of it are there. */
    readonly buffered: number;
    /** How many of it have been given out. */
    readonly taken: number;
}
/** A rule of one's own. */
interface MergeStrategy<T> {
    /**
     * Chooses among the inputs that are ready; there is at least one.
     *
     * @param waiting - How many others there are, which have nothing now and have not ended.
     * @returns Its place in `ready`; `undefined` to wait for the others.
     */
    pick(ready: readonly ReadyInput<T>[], waiting: number): number | undefined;
}
/**
 * How inputs are merged: `'round-robin'`, those that have something in turn; `'priority'`, whichever has the highest, equal ones in turn;
 * `'arrival'`, items in the order of their coming; `'custom'`, as a {@link MergeStrategy} says.
 */
type MergeOrder = 'round-robin' | 'priority' | 'arrival' | 'custom';

/** How a fan-in is made. */

/** The configuration of a fan-in. Times are in milliseconds. */
interface FanInConfig {
    /** How many items are read of each input before anybody wants them. Default 16. */
    bufferSize: number;
    /** Which input is next. Default `'round-robin'`. */
    mergeStrategy: MergeOrder;
    /** How long an input may take for an item; then it has failed, with `WaitTimeoutError`. Default: no limit. */
    timeout: number;
}
/** What a fan-in can be told beyond {@link FanInConfig}. */
interface FanInOptions<T> extends Partial<FanInConfig> {
    /** The rule of `mergeStrategy: 'custom'`. */
    strategy?: MergeStrategy<T>;
    /**
     * When an input fails: `'fail'`, the iteration fails with its error and leaves the other inputs; `'skip'`, that input is asked for its next
     * item; `'end-input'`, that input is left, and the others go on. Default `'fail'`.
     */
    onError?: 'fail' | 'skip' | 'end-input';
    /** Is told of every failure of an input, whatever follows from it. */
    onInputError?: (error: unknown, input: Source<T>) => void;
}

/** Many inputs merged into one. */

/** Counts of a fan-in since it was made. */
interface FanInMetrics {
    /** Inputs there are: those that have not ended. */
    inputs: number;
    /** Inputs that were added. */
    added: number;
    /** Inputs that have ended, or were left. */
    ended: number;
    /** Inputs that were removed. */
    removed: number;
    /** Items read of the inputs. */
    received: number;
    /** Items given out. */
    delivered: number;
    /** Items read and not given out. */
    buffered: number;
    /** Failures of inputs, those out of time among them. */
    errors: number;
    /** How often an input took too long. */
    timedOut: number;
}
/**
 * Merges inputs: async iterables, iterables, channels, Web and Node streams. Each is read no further ahead than `bufferSize`. Inputs come and go
 * also while they are merged; the iteration ends when all have. Leaving it ends each of them: their `return()` is called, a receive from a channel
 * takes no message.
 *
 * @example
 * ```ts
 * const fanIn = new FanIn<Row>({ mergeStrategy: 'priority', onError: 'end-input' });
 * fanIn.addInput(live, { priority: 1 });
 * fanIn.addInput(history);
 * for await (const row of fanIn.merge()) await store(row);
 * ```
 */
declare class FanIn<T> implements AsyncDisposable {
    #private;
    /** @throws {@link InvalidArgumentError} for an option that cannot be meant. */
    constructor(config?: FanInOptions<T>);
    /**
     * Adds an input, also while they are merged.
     *
     * @param options - `priority`: a number, higher goes first; default 0.
     * @throws {@link InvalidArgumentError} for what cannot be read, or is there already; {@link FanClosedError}.
     */
    addInput(input: Source<T>, options?: {
        priority?: number;
    }): void;
    /**
     * Removes an input and ends it, also while they are merged. One that is not there does no harm.
     *
     * @param options - `drain`: what was read of it is still given out; otherwise it is dropped. Default false.
     */
    removeInput(input: Source<T>, options?: {
        drain?: boolean;
    }): void;
    /**
     * The items of all inputs, in the order of the fan-in's `mergeStrategy`. Reading begins with the first `next`.
     *
     * @param options - A signal that ends it; `timeout`, how long its reader waits for an item.
     * @throws By the iteration: what an input throws; {@link WaitTimeoutError}; the signal's reason; {@link FanInBusyError} if another one runs.
     */
    merge(options?: WaitOptions): AsyncIterableIterator<T, undefined> & AsyncDisposable;
    /** The same, in another order. */
    mergeWithStrategy(strategy: MergeStrategy<T> | Exclude<MergeOrder, 'custom'>, options?: WaitOptions): AsyncIterableIterator<T, undefined> & AsyncDisposable;
    /** How many inputs there are: those that have not ended. */
    getInputCount(): number;
    /** Counts. */
    getMetrics(): FanInMetrics;
    /** Takes no more inputs, ends those it has, and the iteration of them. Again does no harm. */
    close(): Promise<void>;
    [Symbol.asyncDispose](): Promise<void>;
}

/** Work shared out among workers. */

/**
 * Shares inputs out among workers, which are places in this thread or threads of their own: no more than `workerCount` of them are worked on at
 * once, over all calls; calls share the workers in turn. A call that ends early, by its signal, its time or an error, rejects at once: what has
 * not begun does not begin, and what runs is told by its context's signal.
 *
 * @example
 * ```ts
 * const fan = new FanOut<string, Page>({ workerCount: 8 });
 * const pages = await fan.distribute(urls, (url, { signal }) => load(url, signal));
 *
 * await using threads = new FanOut<number, number>({ workerCount: 4, on: 'workers' });
 * const sums = await threads.distribute(sizes, (n) => { let s = 0; for (let i = 0; i < n; i++) s += i; return s; });
 * ```
 */
declare class FanOut<TInput, TOutput> implements AsyncDisposable {
    #private;
    /** @throws {@link InvalidArgumentError} for an option that cannot be meant. */
    constructor(config?: FanOutOptions);
    /**
     * Calls the processor with each input.
     *
     * @param processor - Gets the input, and its number, worker and signal. With threads a self-contained function, or a module.
     * @param options - A signal that ends the call; `timeout`, how long all of it may take, in milliseconds.
     * @returns The results in the order of the inputs, or as they came with `ordered: false`.
     * @throws What the processor throws first, or {@link FanOutError} with `onError: 'collect'`; {@link CallTimeoutError} for an input that takes
     * longer than the fan's `timeout`; {@link WaitTimeoutError}; the signal's reason; {@link FanClosedError}.
     */
    distribute(inputs: readonly TInput[], processor: FanProcessor<TInput, TOutput>, options?: WaitOptions): Promise<TOutput[]>;
    /**
     * Calls the processor with batches of inputs, `batchSize` each; the last may be smaller.
     *
     * @param processor - Gets a batch, and gives an array of results for it.
     * @returns The results of all batches, one after the other.
     * @throws As {@link distribute}; the fan's `timeout` is for a batch.
     */
    processBatches(inputs: readonly TInput[], processor: BatchProcessor<TInput, TOutput>, options?: WaitOptions): Promise<TOutput[]>;
    /**
     * Chooses how inputs find workers, for calls that begin after. At first it is `'least-loaded'`.
     *
     * @throws {@link InvalidArgumentError} for what is none, or if the fan was made with `enableLoadBalancing: false`.
     */
    setLoadBalancer(balancer: LoadBalancer): void;
    /** How many inputs each worker has been given and has not done, by its number. */
    getWorkerLoads(): Map<number, number>;
    /** Counts and times. */
    getMetrics(): FanOutMetrics;
    /** Begins counting anew. */
    resetMetrics(): void;
    /** Whether it takes no more calls. */
    get closed(): boolean;
    /**
     * Takes no more calls, waits for those it has, and ends its threads. A second call waits for the first.
     *
     * @param options - `timeout`: how long that may take, in milliseconds, before it is as {@link terminate}.
     */
    close(options?: CloseOptions): Promise<void>;
    /** Ends everything at once: calls that run reject with {@link FanClosedError}. */
    terminate(): Promise<void>;
    [Symbol.asyncDispose](): Promise<void>;
}

/** Where a goroutine is. */
type GoroutineState = 'pending' | 'fulfilled' | 'rejected' | 'cancelled';
/** How a goroutine is started. */
interface GoOptions {
    /** Cancels it. */
    signal?: Cancellation;
}
/** A function that runs beside: a promise of its result that can be cancelled. */
declare class Goroutine<T> implements PromiseLike<T> {
    #private;
    /** Its number within this thread. */
    readonly id: number;
    /** Where it is. */
    get state(): GoroutineState;
    /** Cancels it: it rejects with the reason. A function that does not look at its signal runs on until its worker is replaced. */
    cancel(reason?: unknown): void;
    then<R = T, E = never>(onFulfilled?: ((value: T) => R | PromiseLike<R>) | null, onRejected?: ((error: unknown) => E | PromiseLike<E>) | null): Promise<R | E>;
    /** As a promise's. */
    catch<E = never>(onRejected: (error: unknown) => E | PromiseLike<E>): Promise<T | E>;
    /** As a promise's. */
    finally(onFinally: () => void): Promise<T>;
}
/**
 * Runs a self-contained function on the worker threads of the process. It is sent as its source, its arguments are cloned: channels
 * and locks go as their handles.
 *
 * @returns A thenable of what it returns, with `cancel`, `id` and `state`.
 * @throws {@link ProcessorError}, by the thenable, for a function that cannot be sent.
 * @example
 * ```ts
 * const sum = await go((n) => { let s = 0; for (let i = 0; i < n; i++) s += i; return s; }, 1e9);
 * go.local(async () => { for await (const job of jobs) await handle(job); });
 * ```
 */
declare function go<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): Goroutine<Awaited<R>>;
declare namespace go {
    var _a: (options: GoOptions) => <A extends unknown[], R>(fn: (...args: A) => R, ...args: A) => Goroutine<Awaited<R>>;
    export var local: <R>(fn: (signal: AbortSignal) => R | PromiseLike<R>, options?: GoOptions) => Goroutine<Awaited<R>>;
    export { _a as with };
}
/**
 * Runs functions beside one another, and gives their results in order. The first error cancels the others.
 *
 * @throws The first error; {@link InvalidArgumentError} for what is no array of functions, and then none runs.
 * @example
 * ```ts
 * const [a, b] = await goAll([() => 1, () => 'two']);
 * ```
 */
declare function goAll<F extends readonly (() => unknown)[]>(fns: readonly [...F]): Promise<{
    -readonly [K in keyof F]: Awaited<ReturnType<F[K]>>;
}>;
/**
 * Runs functions beside one another: the first to end decides, and the others are cancelled.
 *
 * @throws What the first to end throws; {@link InvalidArgumentError} for what is no array of functions, or has none.
 */
declare function goRace<T>(fns: readonly (() => T | PromiseLike<T>)[]): Promise<Awaited<T>>;

/** Whole numbers from `from` up to, and without, `to`. */
interface Range {
    /** The first. */
    from: number;
    /** One beyond the last. */
    to: number;
    /** The distance of two. Default 1. */
    step?: number;
}
/** A typed array. */
type TypedArray = Int8Array | Uint8Array | Uint8ClampedArray | Int16Array | Uint16Array | Int32Array | Uint32Array | Float32Array | Float64Array;
/** How a scheduler is made. */
interface ParallelOptions {
    /** How many worker threads. Default: as many as the machine has processors. */
    workers?: number;
}
/** How a loop runs. */
interface LoopOptions {
    /** Rounds in one chunk. Default: measured, so that a chunk is some milliseconds of work. */
    chunkSize?: number;
    /** Ends the loop: it rejects with the reason. */
    signal?: Cancellation;
}
/**
 * Runs loops on worker threads. The body is a self-contained function, sent as its source. Arrays are cut into chunks that are cloned;
 * ranges and typed arrays on shared memory are cut without copying.
 *
 * @example
 * ```ts
 * await using scheduler = new ParallelScheduler();
 * const squares = await scheduler.parallelMap([1, 2, 3], (n) => n * n);
 * await scheduler.parallelFor(new Float64Array(new SharedArrayBuffer(8e6)), (_, i, all) => { all[i] = Math.sqrt(i); });
 * const sum = await scheduler.parallelReduce({ from: 0, to: 1e8 }, (a, b) => a + b, 0);
 * ```
 */
declare class ParallelScheduler implements AsyncDisposable {
    #private;
    /** @throws {@link InvalidArgumentError} for what cannot be meant. */
    constructor(options?: ParallelOptions);
    /**
     * Calls a function with each item and its index, and gives the results in order.
     *
     * @throws What the function throws, the first time it does; the rest is cancelled.
     */
    parallelMap<R>(items: Range | TypedArray, fn: (item: number, index: number) => R, options?: LoopOptions): Promise<Awaited<R>[]>;
    parallelMap<T, R>(items: readonly T[], fn: (item: T, index: number) => R, options?: LoopOptions): Promise<Awaited<R>[]>;
    /** Calls a function with each item and its index; for a typed array on shared memory also with that, to be written to. */
    parallelFor(items: Range | TypedArray, fn: (item: number, index: number, shared: TypedArray) => unknown, options?: LoopOptions): Promise<void>;
    parallelFor<T>(items: readonly T[], fn: (item: T, index: number) => unknown, options?: LoopOptions): Promise<void>;
    /**
     * Folds all items into one. The function must be associative: chunks are folded apart, and their results in order.
     *
     * @param initial - What the fold begins with, once.
     */
    parallelReduce(items: Range | TypedArray, fn: (left: number, right: number) => number, initial: number, options?: LoopOptions): Promise<number>;
    parallelReduce<T>(items: readonly T[], fn: (left: T, right: T) => T, initial: T, options?: LoopOptions): Promise<T>;
    /** Ends the workers, when what they run has ended. */
    close(): Promise<void>;
    [Symbol.asyncDispose](): Promise<void>;
}

/** Structured concurrency: no task outlives its group. */

/** How a group runs its tasks. */
interface TaskGroupOptions {
    /** How many run at once; the others wait for their turn. Default: no limit. */
    limit?: number;
    /** Cancels the group. */
    signal?: Cancellation;
}
type Task<T> = (ctx: Context$1) => T | PromiseLike<T>;
/**
 * A group of tasks, as Go's errgroup: the first error cancels the rest and comes out of {@link wait}.
 *
 * @example
 * ```ts
 * await using group = new TaskGroup({ limit: 4 });
 * for (const url of urls) group.go(({ signal }) => fetch(url, { signal }));
 * ```
 */
declare class TaskGroup implements AsyncDisposable {
    #private;
    /** Cancelled by the first error, by {@link cancel}, and when the group has ended. */
    readonly ctx: Context$1;
    /** @throws {@link InvalidArgumentError} for what cannot be meant. */
    constructor(options?: TaskGroupOptions);
    /** How many tasks run or wait for their turn. */
    get size(): number;
    /**
     * Starts a task, when its turn has come. One whose turn comes after the group was cancelled does not start.
     *
     * @returns What the task returns. It rejects as the task does, or with the context's error if it did not start; nobody needs to look.
     * @throws {@link InvalidArgumentError} if the group has ended.
     */
    go<T>(task: Task<T>): Promise<T>;
    /** Starts a task if it need not wait for its turn; otherwise gives `undefined`. */
    tryGo<T>(task: Task<T>): Promise<T> | undefined;
    /** Cancels the group: what runs is told by its context, what waits does not start. */
    cancel(cause?: unknown): void;
    /**
     * Waits until every task has ended, also those that are started meanwhile.
     *
     * @throws The first error of a task.
     */
    wait(): Promise<void>;
    /** Waits, throws the first error, and lets nothing more start. */
    [Symbol.asyncDispose](): Promise<void>;
}

/** How a thread is kept. */
interface ThreadOptions extends WorkerOptions {
    /** Starts it again when it ends unasked: `'on-failure'` after an error or an exit code that is not 0. Default `'never'`. */
    restart?: 'never' | 'on-failure' | 'always';
    /** The wait before it is started again, in milliseconds; doubled each time in a row, up to 30 seconds. Default 100. */
    restartBackoff?: number;
}
/** A manager's settings. */
interface ThreadManagerOptions {
    /** Milliseconds between two looks at the threads' event loops. Default 1000. */
    heartbeatInterval?: number;
    /** A thread whose event loop has had no idle moment for so many milliseconds is unresponsive. Default 30000. */
    heartbeatTimeout?: number;
}
/** A thread, as it is now. */
interface ThreadStatus {
    /** What it was started as. */
    name: string;
    /** The runtime's number of it; -1 when it does not run. */
    threadId: number;
    /** Where it is in its life. */
    state: 'starting' | 'running' | 'unresponsive' | 'waiting' | 'stopped';
    /** How often it was started again. */
    restarts: number;
    /** The share of the last interval in which its event loop was busy, 0 to 1. */
    utilisation: number;
    /** Milliseconds since its event loop was last seen to be idle. */
    lastHeartbeat: number;
}
/** What a manager tells of its threads. */
interface ThreadEvents {
    /** A thread is up. */
    started: [thread: ThreadStatus];
    /** A thread has ended. */
    exited: [thread: ThreadStatus, exitCode: number];
    /** A thread has thrown. */
    error: [thread: ThreadStatus, error: unknown];
    /** A thread's event loop is blocked. */
    unresponsive: [thread: ThreadStatus];
}
/**
 * Starts, lists, watches, restarts and stops worker threads. Whether a thread's event loop is blocked is seen from outside: it needs
 * to do nothing for it. Not on Bun, which does not tell.
 *
 * @example
 * ```ts
 * await using threads = new WorkerThreadManager();
 * threads.on('unresponsive', ({ name }) => threads.restart(name));
 * const worker = await threads.start('mailer', new URL('./mailer.js', import.meta.url), { restart: 'on-failure' });
 * ```
 */
declare class WorkerThreadManager implements AsyncDisposable {
    #private;
    /** @throws {@link InvalidArgumentError} for what cannot be meant. */
    constructor(options?: ThreadManagerOptions);
    /** Listens to what happens to the threads. */
    on<K extends keyof ThreadEvents>(event: K, listener: (...args: ThreadEvents[K]) => void): this;
    /** Listens no more. */
    off<K extends keyof ThreadEvents>(event: K, listener: (...args: ThreadEvents[K]) => void): this;
    /**
     * Starts a thread.
     *
     * @param name - What it is called here; one at a time.
     * @returns The thread, once it is up and begins its program. What the program throws is told by the `error` event.
     * @throws {@link InvalidArgumentError} if the name is taken; why the thread could not come up.
     */
    start(name: string, file: string | URL, options?: ThreadOptions): Promise<Worker>;
    /** Every thread that was started, also those that have ended. */
    list(): ThreadStatus[];
    /** One thread. @throws {@link NotFoundError} if there is none of that name. */
    get(name: string): ThreadStatus;
    /**
     * Ends a thread, if it runs, and starts it again. Several who ask for it at once get the same thread.
     *
     * @throws {@link NotFoundError} if there is none of that name; why the thread could not come up.
     */
    restart(name: string): Promise<Worker>;
    /**
     * Ends a thread: it is sent `'stop'`, and terminated if it has not ended in time.
     *
     * @param options - `timeout`: how long it may take to end by itself, in milliseconds. Default 0: it is terminated at once.
     */
    stop(name: string, options?: {
        timeout?: number;
    }): Promise<void>;
    /** Ends all threads, as {@link stop} does. */
    stopAll(options?: {
        timeout?: number;
    }): Promise<void>;
    [Symbol.asyncDispose](): Promise<void>;
}

/** How much extra load retries may make, all threads together. */

/** What a retry budget allows. */
interface RetryBudgetConfig {
    /** Retries that each call earns: 0.2 allows a fifth of extra load. From 0 to 1000. Default 0.2. */
    ratio: number;
    /** Retries a second that are free, so that a service with few calls can retry; never more than one second's at once. Default 10. */
    minPerSecond: number;
    /** Milliseconds in which what was earned fades to a third; at least 1000. Default 10,000. */
    ttl: number;
}
/** How a budget stands. */
interface RetryBudgetStanding {
    /** Retries that calls have earned and nobody has used. */
    earned: number;
    /** Retries that are free at this moment. */
    free: number;
}
/** How a budget stands, and what has come of it so far, in all threads. */
interface RetryBudgetMetrics extends RetryBudgetStanding {
    /** Retries that had a token. */
    retries: number;
    /** Retries that had none. */
    refused: number;
    /** Tokens of retries that were cancelled while they waited. */
    givenBack: number;
}
/** The events of a retry budget, with what each listener gets. */
interface RetryBudgetEvents {
    /** A retry of this thread had no token. */
    limited: [];
    /** It is closed, by whichever thread. */
    close: [];
}
/**
 * A budget of retries that all threads share. A retry takes its token before it begins to wait, so those that wait are counted; who finds
 * none gives up with the error it has. In memory it is two words.
 *
 * @example
 * ```ts
 * const budget = new RetryBudget({ ratio: 0.1 }, { name: 'payments' });
 * const executor = new RetryExecutor(new RetryPolicy(), { budget });
 * ```
 */
declare class RetryBudget extends HeardObject<'retry-budget', RetryBudgetEvents> implements Disposable {
    #private;
    /**
     * @param config - What it allows.
     * @param options - `name` shares it by name.
     */
    constructor(config?: Partial<RetryBudgetConfig>, options?: SharedOptions);
    /** Opens the budget of a name. @throws {@link NotFoundError} if there is none. */
    static open(name: string): RetryBudget;
    /** Opens the budget that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
    static from(handle: SharedHandle<'retry-budget'>): RetryBudget;
    /** A call that is none tried again: it earns a share of a retry. Executors do this by themselves. */
    deposit(): void;
    /** Takes the token of a retry, before it waits. @returns Whether there was one. */
    withdraw(): boolean;
    /** Gives back the token of a retry that was cancelled while it waited. */
    giveBack(): void;
    /** How it stands at this moment. */
    get standing(): RetryBudgetStanding;
    /** How it stands, and what has come of it so far, in all threads. */
    getMetrics(): RetryBudgetMetrics;
    /** Whether it is closed. */
    get closed(): boolean;
    /** Closes it for all threads: no retry has a token any more, so calls that fail give up. Again does no harm. */
    close(): void;
    [Symbol.dispose](): void;
}

/** What a function that is tried again knows of it. */

/** What a function that is tried again knows of it. */
interface RetryContext extends CallContext {
    /** Which attempt this is, from 1. */
    readonly attempt: number;
    /** How many there are at most. */
    readonly maxAttempts: number;
    /** Milliseconds since the first attempt began, waits included. */
    readonly elapsed: number;
    /** What the last attempt threw; `undefined` for the first, or if its result was not good enough. */
    readonly lastError: unknown;
}

/** Why a call gave up. */
type GiveUpReason = 'attempts' | 'notRetryable' | 'elapsed' | 'budget' | 'aborted' | 'closed';
/** What executors of one name have done in all threads, or this one if it has no name. Calls are counted when they end. */
interface RetryMetrics {
    /** Calls. */
    calls: number;
    /** How often their functions were called. */
    attempts: number;
    /** Calls that succeeded. */
    successes: number;
    /** The same by attempts: the first is how many succeeded at once. The 16th and last counts all beyond. */
    successesByAttempt: number[];
    /** Times that somebody waited and tried again. */
    retries: number;
    /** Milliseconds spent waiting, all calls together. */
    timeWaiting: number;
    /** Calls that gave up. */
    giveUps: number;
    /** The same by why. */
    giveUpsByReason: Record<GiveUpReason, number>;
}
/** The events of an executor, with what each listener gets. They are of this executor's calls alone, whoever shares its name. */
interface RetryEvents {
    /** It is about to wait `delay` milliseconds and try again. `error` is `undefined` if a result was not good enough. */
    retry: [event: {
        attempt: number;
        delay: number;
        error: unknown;
    }];
    /** It has given up after so many attempts, with all that they threw. */
    giveUp: [event: {
        attempts: number;
        reason: GiveUpReason;
        errors: readonly unknown[];
    }];
    /** It is closed. */
    close: [];
}

/** How delays grow: not at all, by the first one, by a factor, as Fibonacci's numbers, or as `delay` says. */
type BackoffStrategy = 'fixed' | 'linear' | 'exponential' | 'fibonacci' | 'custom';
/**
 * How chance spreads a delay, after `maxDelay` has bounded it, so that callers which failed together do not come back together. `'full'`:
 * between nothing and the delay; `'equal'`: over its upper half; `'decorrelated'`, for `'exponential'` alone: between `initialDelay` and
 * the last delay drawn times `factor` + 1.
 */
type Jitter = 'none' | 'full' | 'equal' | 'decorrelated';
/** How to try again. Times are in milliseconds. */
interface RetryPolicyConfig {
    /** How often the function is called at most, the first time included; `Infinity` allowed. Default 3. */
    maxAttempts: number;
    /** How delays grow. Default `'exponential'`. */
    backoffStrategy: BackoffStrategy;
    /** The first delay. Default 100, or `maxDelay` if that is less. */
    initialDelay: number;
    /** No delay is longer. Default 30,000. */
    maxDelay: number;
    /** How chance spreads delays; `true` is `'full'`. Default true. */
    jitter: boolean | Jitter;
    /** Whether an error is to be tried again. Default: each, but for those with `retryable === false`, which are never asked about. */
    retryCondition: (error: Error) => boolean;
    /** By which delays grow, at least 1: for `'exponential'`. Default 2. */
    factor: number;
    /** The delay after so many failed attempts: for `'custom'`. */
    delay: (attempt: number, error: unknown) => number;
    /** From the first call on; who would have to wait beyond it gives up at once. Default: none. */
    maxElapsed: number;
    /** A limit of each attempt: it fails with `CallTimeoutError`, and its `signal` aborts. Default: none. */
    timeout: number;
    /** Whether a result is as bad as an error. The last one is given as it is. Default: none is. */
    retryOnResult: (result: unknown) => boolean;
    /** Whether what failed may say when to come back: `retryAfter` in milliseconds, or a `Retry-After` header. Default true. */
    respectRetryAfter: boolean;
    /** It may say so much at most. Default 60,000. */
    maxRetryAfter: number;
}
/**
 * When to try again, and after how long. Its delays are the engine's, and are worked out anew at each call; it holds nothing.
 *
 * @example
 * ```ts
 * const policy = new RetryPolicy({
 *   maxAttempts: 5,
 *   initialDelay: 200,
 *   maxDelay: 5000,
 *   retryCondition: (error) => error.name === 'NetworkError',
 * });
 * ```
 */
declare class RetryPolicy {
    #private;
    /** From the first call on, in milliseconds, or `undefined`. */
    readonly maxElapsed: number | undefined;
    /** The limit of each attempt, in milliseconds, or `undefined`. */
    readonly timeout: number | undefined;
    /** Whether a result is as bad as an error. */
    readonly retryOnResult: ((result: unknown) => boolean) | undefined;
    /**
     * @param config - What differs from the defaults.
     * @throws {@link InvalidArgumentError} for what cannot be meant.
     */
    constructor(config?: Partial<RetryPolicyConfig>);
    /** How often the function is called at most. */
    get maxAttempts(): number;
    /** Changes how often the function is called at most, for calls under way too. */
    setMaxAttempts(count: number): void;
    /** Changes how delays grow. @throws {@link InvalidArgumentError} for `'custom'` without `delay`. */
    setBackoffStrategy(strategy: BackoffStrategy | (string & {})): void;
    /** Changes which errors are to be tried again. */
    setRetryCondition(condition: (error: Error) => boolean): void;
    /**
     * Whether to try again.
     *
     * @param error - What failed.
     * @param attempt - How many attempts have failed, this one included.
     * @throws What `retryCondition` throws.
     */
    shouldRetry(error: unknown, attempt: number): boolean;
    /** Whether an error is one to be tried again, whatever the number of attempts. */
    allows(error: unknown): boolean;
    /**
     * How long to wait before the next attempt, in milliseconds. With jitter each call draws anew.
     *
     * @param attempt - How many attempts have failed, at least 1.
     * @param failure - What failed: for `'custom'`. What it says of when to come back is not looked at here, see `getWait`.
     * @param last - The delay drawn before, if there was one: for decorrelated jitter.
     * @throws {@link InvalidArgumentError} if `delay` gives no time.
     */
    getDelay(attempt: number, failure?: unknown, last?: number): number;
    /** The delay that `getDelay` gave, or longer if what failed says when to come back. */
    getWait(delay: number, failure: unknown): number;
}

/** How a retry executor is made. */
interface RetryExecutorOptions extends SharedOptions {
    /** Bounds the retries of all who use it. */
    budget?: RetryBudget;
}
/**
 * Calls functions until they succeed, or a policy says that it is no use. A call that succeeds at once makes no timer, no signal and no
 * promise beside its own. Executors of one name share what they count, in all threads; each makes its own calls, and is closed by itself.
 *
 * When it gives up it throws the last error itself, with the earlier ones as its `errors`; an error that cannot take them (it is
 * frozen, no object, or has `errors` of its own) is thrown as it is, and `giveUp` tells of all. If the last result was not good
 * enough, that is the result. A call whose signal aborts rejects with the reason, at once while it waits.
 *
 * @example
 * ```ts
 * const executor = new RetryExecutor(new RetryPolicy({ maxAttempts: 5 }));
 * const user = await executor.execute(() => fetchUser(id));
 * ```
 */
declare class RetryExecutor extends HeardObject<'retry', RetryEvents> implements PolicyPart, Disposable {
    #private;
    /**
     * @param policy - When to try again.
     * @param options - `budget`; `name` shares the metrics by name: executors of one name have one policy, as far as it is no function.
     */
    constructor(policy: RetryPolicy, options?: RetryExecutorOptions);
    /** An executor that counts together with those of a name. @throws {@link NotFoundError} if there is none. */
    static open(name: string, policy: RetryPolicy, options?: Omit<RetryExecutorOptions, 'name'>): RetryExecutor;
    /** An executor that counts together with the one that `toHandle` names. @throws {@link NotFoundError} if it is gone. */
    static from(handle: SharedHandle<'retry'>, policy: RetryPolicy, options?: Omit<RetryExecutorOptions, 'name'>): RetryExecutor;
    /** Its policy. */
    get policy(): RetryPolicy;
    /**
     * Calls a function, without arguments, until it succeeds.
     *
     * @param fn - The function.
     * @param options - `signal` ends it.
     * @throws The last error; the signal's reason; {@link RetryClosedError}.
     */
    execute<T>(fn: () => T | PromiseLike<T>, options?: CallOptions): Promise<T>;
    /** The same for a function that knows of its attempts. */
    executeWithContext<T>(fn: (context: RetryContext) => T | PromiseLike<T>, options?: CallOptions): Promise<T>;
    /** The same for a function that wants its signal alone: as a part of a policy. */
    call<T>(fn: (context: CallContext) => T | PromiseLike<T>, options?: CallOptions): Promise<T>;
    /** A function that calls another until it succeeds, with its own `this` and arguments. */
    wrap<This, Args extends unknown[], R>(fn: (this: This, ...args: Args) => R): (this: This, ...args: Args) => Promise<Awaited<R>>;
    /** What it has counted: with a name, what all executors of that name have, in all threads. */
    getMetrics(): RetryMetrics;
    /** Counts anew. */
    resetMetrics(): void;
    /** Whether it is closed. */
    get closed(): boolean;
    /**
     * Calls nothing any more: calls that wait give up with what they have, new ones reject with {@link RetryClosedError}. Others of its name go
     * on. Again does no harm.
     */
    close(): void;
    [Symbol.dispose](): void;
}

/** One map for all threads, and a cache if it is given limits. */

/** What can be a key. */
type MapKey = string | number | bigint | boolean | null | undefined;
/** A map's limits; with any of them it is a cache. */
interface SharedMapOptions extends SharedOptions {
    /** Entries at most: the one unused for longest makes room. Of large maps each of 16 shards has its part. */
    maxEntries?: number;
    /** Bytes of keys and values at most, as they are encoded. An entry that is larger alone is not kept, nor is what it replaces. */
    maxBytes?: number;
    /** How long an entry lives, in milliseconds. */
    ttl?: number;
}
/** How one entry is set. */
interface SetOptions {
    /** How long this entry lives, in milliseconds. Default: as the map says. */
    ttl?: number;
}
/** What a map has counted. */
interface MapStatistics {
    /** Entries, those included whose time is up and that nobody has met since. */
    entries: number;
    /** Bytes of keys and values, as they are encoded. */
    bytes: number;
    /** Reads that found something. */
    hits: number;
    /** Reads that found nothing. */
    misses: number;
    /** Entries that made room for others, or found none. */
    evicted: number;
    /** Entries whose time was up. */
    expired: number;
}
/**
 * A map that all threads of the process share. Values are cloned in and out; keys are texts, numbers, bigints or booleans.
 *
 * @example
 * ```ts
 * const users = new SharedMap<string, User>({ name: 'users', maxEntries: 10_000, ttl: 60_000 });
 * const user = await users.getOrCompute(id, () => database.load(id));   // once among all threads
 * counts.update('visits', (n = 0) => n + 1);                            // atomic
 * ```
 */
declare class SharedMap<K extends MapKey, V> extends SharedObject<'map'> implements Disposable {
    #private;
    /** @param options - The limits; `name` shares it by name. */
    constructor(options?: SharedMapOptions);
    /** Opens the map of a name. @throws {@link NotFoundError} if there is none. */
    static open<K extends MapKey, V>(name: string): SharedMap<K, V>;
    /** Opens the map that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
    static from<K extends MapKey, V>(handle: SharedHandle<'map'>): SharedMap<K, V>;
    /** How many keys have a value. Counts them: it takes time in proportion. */
    get size(): number;
    /** The value of a key, or `undefined`. */
    get(key: K): V | undefined;
    /** Whether a key has a value. */
    has(key: K): boolean;
    /** Sets the value of a key. @throws `DataCloneError` for what cannot be cloned. */
    set(key: K, value: V, options?: SetOptions): this;
    /** Removes a key. @returns Whether it had a value. */
    delete(key: K): boolean;
    /** Removes everything. */
    clear(): void;
    /** The values of several keys, in order. */
    getAll(keys: Iterable<K>): (V | undefined)[];
    /** Sets several entries. */
    setAll(entries: Iterable<readonly [K, V]>, options?: SetOptions): this;
    /**
     * Replaces the value of a key by what a function makes of it, as one step among all threads: if somebody else sets it meanwhile, the
     * function is called again with the new value.
     *
     * @param fn - Gets the value or `undefined`; must not depend on being called once.
     * @returns The new value.
     */
    update(key: K, fn: (value: V | undefined) => V, options?: SetOptions): V;
    /**
     * The value of a key; if it has none, what a function computes, once among all threads that ask meanwhile.
     *
     * @param options - `ttl`: how long what is computed lives; `signal` and `timeout` end the wait for another who computes.
     * @throws What the function throws, for all who wait; {@link WaitTimeoutError} and the signal's reason, for one who waits.
     */
    getOrCompute(key: K, fn: () => V | PromiseLike<V>, options?: SetOptions & WaitOptions): Promise<V>;
    /**
     * As `getOrCompute`, with a function that is done when it returns, and blocks this thread while another computes: worker threads only.
     *
     * @throws As `getOrCompute`; {@link InvalidArgumentError} for all if the function returns a promise; {@link UnsupportedError} in the
     * main thread, if the key has no value.
     */
    getOrComputeSync(key: K, fn: () => V, options?: SetOptions & WaitOptions): V;
    /** The entries at the moment of the call; what changes meanwhile does not change them. */
    entries(): Generator<[K, V], void, undefined>;
    [Symbol.iterator](): Generator<[K, V], void, undefined>;
    /** The keys at the moment of the call. */
    keys(): Generator<K, void, undefined>;
    /** The values at the moment of the call. */
    values(): Generator<V, void, undefined>;
    /** Calls a function for each entry there is at the moment of the call. */
    forEach(fn: (value: V, key: K, map: this) => void): void;
    /** What it has counted, over all threads. */
    get stats(): MapStatistics;
    /** Whether this object is closed. Others of the same map may be open. */
    get closed(): boolean;
    toHandle(): SharedHandle<'map'>;
    /**
     * Lets go of the map: all else that this object is asked throws {@link StaleHandleError}, and what its `toHandle` told is kept no longer. Other
     * objects of the same map, in any thread, go on; its entries are gone when nobody has it. Again does no harm.
     */
    close(): void;
    [Symbol.dispose](): void;
}

/** What the nodes of a graph know together. */

/** A store's limits, which its scopes share: `maxEntries`, `maxBytes`, `ttl`. With a `name` it is one store in all threads. */
type StoreOptions = SharedMapOptions;
/** A store to be read: what `prep` gets. */
interface StoreReader<S extends object = Record<string, unknown>> {
    /** The value of a key, or `undefined`. */
    get<K extends keyof S & string>(key: K): S[K] | undefined;
    /** Whether a key has a value. */
    has(key: keyof S & string): boolean;
    /** The part of the store that has a name of its own. */
    scope<T extends object = Record<string, unknown>>(name: string): StoreReader<T>;
}
/**
 * What the nodes of a graph know together: a `SharedMap` with scopes, typed by its keys. Values are cloned in and out, so that branches which run at
 * once do not change what others have read; `update` changes one in a single step. What cannot be cloned, such as a connection, is for the nodes'
 * functions to close over.
 *
 * @example
 * ```ts
 * const store = new Store<{ user: User; visits: number }>({ maxEntries: 1000, ttl: 30 * 60_000 });
 * store.set('user', user).update('visits', (n = 0) => n + 1);
 * const cart = store.scope<{ items: Item[] }>('cart');
 * ```
 */
declare class Store<S extends object = Record<string, unknown>> implements StoreReader<S> {
    #private;
    /**
     * @param options - The limits; `name` shares it by name.
     * @throws {@link InvalidArgumentError} for an option that cannot be meant; {@link NameConflictError}.
     */
    constructor(options?: StoreOptions);
    /** Opens the store of a name. @throws {@link NotFoundError} if there is none. */
    static open<S extends object = Record<string, unknown>>(name: string): Store<S>;
    /** Opens the store that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
    static from<S extends object = Record<string, unknown>>(handle: SharedHandle<'map'>): Store<S>;
    /** A token by which another thread opens the same store, as a whole: `scope` leads to its parts there. */
    toHandle(): SharedHandle<'map'>;
    /** The value of a key, or `undefined`. */
    get<K extends keyof S & string>(key: K): S[K] | undefined;
    /** Whether a key has a value. */
    has(key: keyof S & string): boolean;
    /**
     * Sets the value of a key.
     *
     * @param options - `ttl`: how long this value lives, in milliseconds, in place of what the store says.
     * @throws `DataCloneError` for what cannot be cloned.
     */
    set<K extends keyof S & string>(key: K, value: S[K], options?: SetOptions): this;
    /** Removes a key. @returns Whether it had a value. */
    delete(key: keyof S & string): boolean;
    /**
     * Replaces the value of a key by what a function makes of it, as one step among all who use the store.
     *
     * @param fn - Gets the value or `undefined`; it is called again if another was quicker.
     * @returns The new value.
     */
    update<K extends keyof S & string>(key: K, fn: (value: S[K] | undefined) => S[K], options?: SetOptions): S[K];
    /**
     * The part of the store that has a name of its own: the keys there are others than those here. All parts share the store's limits.
     *
     * @param name - Any text that is not empty.
     */
    scope<T extends object = Record<string, unknown>>(name: string): Store<T>;
    /** The keys here that have a value, without those of its scopes, as they are at the moment of the call. */
    keys(): (keyof S & string)[];
    /** Removes everything here and in its scopes. */
    clear(): void;
}

/** How a step, or a run, is or has ended. */
type StepState = 'running' | 'ok' | 'failed' | 'cancelled';
/** The same of a node: that of its last step; before its first it waits, or was skipped when the run is over. */
type NodeState = StepState | 'waiting' | 'skipped';
/** An error, as far as JSON can tell of it. */
interface ErrorJson {
    name: string;
    message: string;
    /** The error's `code`, if it has one. */
    code?: string;
}
/** One step: a node that ran once. */
interface StepJson {
    /** Its number in the run, from 1. */
    step: number;
    node: string;
    state: StepState;
    /** How often `exec` was called. */
    attempts: number;
    /** When it began. */
    start: number;
    /** How long it took, or has taken until now. */
    duration: number;
    /** The steps that led to it. */
    from: number[];
    /** What `post` said. */
    action?: string;
    /** What `exec` threw in the end. */
    error?: ErrorJson;
    /** Whether the fallback stood in for that error. */
    fallback?: true;
    /** Of a graph that ran as this node. */
    trace?: TraceJson;
}
/** A run. */
interface TraceJson {
    /** The graph's name. */
    graph: string;
    state: StepState;
    /** When it began, as `Date` gives it for JSON. */
    startedAt: string;
    /** How long it took, or has taken until now. */
    duration: number;
    /** What the run rejected with, or rejects with. */
    error?: ErrorJson;
    /** The graph's nodes, in the order in which they were added, and how often each ran. */
    nodes: {
        node: string;
        state: NodeState;
        steps: number;
    }[];
    /** In the order in which they began. */
    steps: StepJson[];
}
/** What a run has done, as it is now. */
declare class RunTrace {
    #private;
    /** As plain data; `JSON.stringify` asks for it. */
    toJSON(): TraceJson;
    /** As a flowchart of Mermaid's: each node with its state, time and attempts, the ways that were taken drawn thick. */
    toMermaid(): string;
}

/**
 * A run of a graph: a promise of its result that can be cancelled, and that shows what has been done.
 *
 * @example
 * ```ts
 * await using run = graph.run(order, { timeout: 5000 });
 * const receipt = await run.catch((error) => console.log(run.trace.toMermaid()));
 * ```
 */
declare class GraphRun<T> implements Promise<T>, AsyncDisposable {
    #private;
    private constructor();
    /** What has been done, as it is now. */
    get trace(): RunTrace;
    /** What the nodes gave at which branches have ended, by their names. */
    get outputs(): Record<string, unknown>;
    /**
     * Ends it: it rejects with the reason, functions that run are told by their signal, and no further one is called. Does nothing once it is
     * over. Who cancels it need not look at its promise.
     */
    cancel(reason?: unknown): void;
    /**
     * Resolves when it is over and all that it has called has ended: a function that does not look at its signal may take its time.
     *
     * @throws {@link WaitTimeoutError}; the signal's reason.
     */
    drain(options?: WaitOptions): Promise<void>;
    then<R = T, E = never>(onFulfilled?: ((value: T) => R | PromiseLike<R>) | null, onRejected?: ((error: unknown) => E | PromiseLike<E>) | null): Promise<R | E>;
    /** As a promise's. */
    catch<E = never>(onRejected?: ((error: unknown) => E | PromiseLike<E>) | null): Promise<T | E>;
    /** As a promise's. */
    finally(onFinally?: (() => void) | null): Promise<T>;
    get [Symbol.toStringTag](): string;
    /** Cancels it, and waits until nothing of it runs. */
    [Symbol.asyncDispose](): Promise<void>;
}

/** The nodes of graphs: `prep` reads, `exec` works, `post` writes and says where to go. */

type AnyNode = GraphNode<string, Any, Any, Any, Any>;
/**
 * A node of a graph. Made by {@link node}. It holds nothing of its runs: it may stand in several graphs, and run alone.
 */
declare class GraphNode<Name extends string, I, R extends object, W extends WaitFor | undefined = undefined, S extends object = AnyKeys> {
    /** What it is called. */
    readonly name: Name;
    /** How it takes what several nodes lead to it. */
    readonly waitFor: W;
    /** What `post` may say. */
    readonly actions: readonly (keyof R & string)[];
    /**
     * Runs it alone.
     *
     * @param input - What its first function gets.
     * @param options - `store`, and what ends it: `signal`, `timeout`.
     * @returns A thenable of its output. It rejects as a graph's run does.
     */
    run(input: I, options?: RunOptions<S>): GraphRun<R[keyof R]>;
    /**
     * The node as a function, for whatever calls functions: `fanOut`, `pipeline`, `FanOut`.
     *
     * @param store - What its runs know together. Default: each has a new one.
     * @example
     * ```ts
     * const results = await fanOut(processor.with(store), items, { concurrency: 8 });
     * ```
     */
    with(store?: StoreFor<S>): (input: I, context?: Partial<CallContext>) => GraphRun<R[keyof R]>;
}
type Options<S extends object, I, P, E, A extends string, O, W> = Omit<NodeConfig<S, I, P, E, A, O>, 'prep' | 'post' | 'actions' | 'waitFor'> & {
    waitFor?: W;
};
/** Makes nodes whose store has these keys. */
interface NodeMaker<S extends object> {
    /** With `prep` and `post`. */
    <const Name extends string, I, P, O extends Routed<A>, E = P, const A extends string = 'default', W extends WaitFor | undefined = undefined>(name: Name, config: Options<S, I, P, E, A, O, W> & {
        prep: NonNullable<NodeConfig<S, I, P, E, A, O>['prep']>;
        actions?: readonly A[];
        post: NonNullable<NodeConfig<S, I, P, E, A, O>['post']>;
    }): GraphNode<Name, I, RoutesOf<O, A>, W, S>;
    /** With `prep` alone. */
    <const Name extends string, I, P, E = P, W extends WaitFor | undefined = undefined>(name: Name, config: Options<S, I, P, E, string, Routed, W> & {
        prep: NonNullable<NodeConfig<S, I, P, E, string, Routed>['prep']>;
        actions?: undefined;
        post?: undefined;
    }): GraphNode<Name, I, {
        default: E;
    }, W, S>;
    /** With `post` alone. */
    <const Name extends string, I, O extends Routed<A>, E = I, const A extends string = 'default', W extends WaitFor | undefined = undefined>(name: Name, config: Options<S, I, I, E, A, O, W> & {
        prep?: undefined;
        actions?: readonly A[];
        post: NonNullable<NodeConfig<S, I, I, E, A, O>['post']>;
    }): GraphNode<Name, I, RoutesOf<O, A>, W, S>;
    /** With `exec` alone, or nothing. */
    <const Name extends string, I, E = I, W extends WaitFor | undefined = undefined>(name: Name, config?: Options<S, I, I, E, string, Routed, W> & {
        prep?: undefined;
        actions?: undefined;
        post?: undefined;
    }): GraphNode<Name, I, {
        default: E;
    }, W, S>;
}
/**
 * Makes a node of a graph.
 *
 * @param name - What it is called, in its graph and in traces.
 * @param config - Its functions, in the order in which they are called: `prep` reads the store, `exec` works, `post` writes to the store and says
 * which way to go. And how `exec` is called: `retry`, `timeout`, `fallback`, `on`; how it takes several inputs: `waitFor`; hooks.
 * @throws {@link InvalidArgumentError} for an option that cannot be meant.
 * @example
 * ```ts
 * const validate = node('validate', {
 *   exec: (order: Order) => check(order),
 *   actions: ['valid', 'invalid'],
 *   post: (errors, { input }) =>
 *     errors.length === 0 ? { next: 'valid', output: input } : { next: 'invalid', output: errors },
 * });
 * const charge = node('charge', {
 *   exec: (order: Order, { signal }) => payments.charge(order, { signal }),
 *   retry: { attempts: 3, delay: 200 },
 *   timeout: 2000,
 * });
 * ```
 */
declare const node: NodeMaker<AnyKeys>;
/**
 * The same for a store whose keys are known.
 *
 * @example
 * ```ts
 * const node = nodeFor<{ user: User }>();
 * const greet = node('greet', { prep: (_: void, { store }) => store.get('user')?.name ?? 'you', exec: (name) => `Hello, ${name}` });
 * ```
 */
declare function nodeFor<S extends object>(): NodeMaker<S>;

/** What the compiler knows of a graph: what each node takes, what it gives by which action, and which actions lead on. */

type Any = any;
/** What goes the way of an action, of all that `post` may give. */
type OutputOf<O, K> = O extends {
    output: infer V;
} ? O extends {
    next: infer N;
} ? K extends N ? V : never : K extends 'default' ? V : never : never;
/** What a node gives by each of its actions. */
type RoutesOf<O extends Routed, A extends string> = {
    [K in A]: OutputOf<O, K>;
};
/** A node, as a builder remembers it. */
interface NodeType {
    input: unknown;
    routes: object;
    waitFor: WaitFor | undefined;
}
/** Nodes, by their names. */
type NodesOf<N> = {
    [T in N as T extends GraphNode<infer Name, Any, Any, Any, Any> ? Name : never]: T extends GraphNode<string, infer I, infer R, infer W, Any> ? {
        input: I;
        routes: R;
        waitFor: W;
    } : never;
};
/** What a node takes. */
type InputOf<N> = N extends GraphNode<string, infer I, Any, Any, Any> ? I : never;
/** The keys that nodes want of their store; a node that says nothing of keys wants none. */
type KeysOf<N> = (N extends GraphNode<string, Any, Any, Any, infer S> ? (keys: string extends keyof S ? unknown : S) => void : never) extends (keys: infer K) => void ? K : never;
/** The store of a graph whose nodes want such keys. */
type StoreOf<K> = K extends object ? K : AnyKeys;
/** What a node takes from another. */
type InputFrom<T extends NodeType, From extends string> = unknown extends T['input'] ? unknown : T['waitFor'] extends 'all' ? From extends keyof T['input'] ? T['input'][From] : never : T['input'];
/** The name of the node that an edge leads to, if it takes what comes that way; otherwise a text that says that it does not. */
type Fitting<Nodes extends Record<string, NodeType>, From extends keyof Nodes & string, To extends keyof Nodes & string, Action extends string> = Action extends keyof Nodes[From]['routes'] ? [Nodes[From]['routes'][Action]] extends [InputFrom<Nodes[To], From>] ? To : `'${To}' does not take what '${From}' gives` : `'${From}' has no action '${Action}'`;
/** What is given by the actions of all nodes from which no edge leads on. */
type Ends<Nodes extends Record<string, NodeType>, Edges> = {
    [N in keyof Nodes & string]: {
        [A in keyof Nodes[N]['routes'] & string]: readonly [N, A] extends Edges ? never : Nodes[N]['routes'][A];
    }[keyof Nodes[N]['routes'] & string];
}[keyof Nodes & string];

/** What nodes and graphs can be told. Times are in milliseconds. */

/**
 * How a node takes what several nodes lead to it. `'all'`: it runs once, when nothing that could still come is under way, and gets an object of
 * what came, by the names of the nodes it came from; what was routed elsewhere is not in it. `'any'`: it runs once, with the first that
 * comes, and those that lead nowhere but here are cancelled; one that fails before ends the run, unless it has a `fallback`. In a loop once
 * means once in each round.
 */
type WaitFor = 'all' | 'any';
/** What a store knows when nothing is said of its keys. */
type AnyKeys = Record<string, unknown>;
/** What a node's functions may know of the step they run in. */
interface StepContext extends CallContext {
    /** Aborts when the step's result is not wanted any more. */
    readonly signal: AbortSignal;
    /** The node's name. */
    readonly node: string;
    /** The step's number in its run, from 1. */
    readonly step: number;
}
/** What `prep` gets beside its input. */
interface PrepContext<S extends object = AnyKeys> extends StepContext {
    /** The run's store, to be read. */
    readonly store: StoreReader<S>;
}
/** What `post` gets beside the result. */
interface PostContext<S extends object, I, P> extends StepContext {
    /** The run's store. */
    readonly store: Store<S>;
    /** What the node was given. */
    readonly input: I;
    /** What `prep` gave; without one, the input. */
    readonly prepared: P;
}
/** What `fallback` gets beside the error. */
interface FallbackContext<P> extends StepContext {
    /** What `exec` was given. */
    readonly prepared: P;
}
/** What `post` gives: the node's output, and which way it goes. */
interface Routed<A extends string = string> {
    /** What the next nodes get. */
    output: unknown;
    /** One of the node's `actions`. Default `'default'`. */
    next?: A;
}
/** So many attempts in all, with a delay between two. */
interface Attempts {
    /** At least 1. */
    attempts: number;
    /** Default 0. */
    delay?: number;
}
/** What a graph is as another's `exec`: a `Graph`, nothing else. */
interface SubGraph<I, O> {
    /** The graph's name. */
    readonly name: string;
    /** Runs it. */
    run(input: I, options?: WaitOptions): PromiseLike<O>;
}
/** What a node does: a function, which knows nothing of the store; another graph; or, with `on`, a module. */
type Exec<P, E> = ((prepared: P, context: CallContext) => E | PromiseLike<E>) | SubGraph<P, E> | ProcessorModule;
/** What nodes have beside their functions. */
interface NodeOptions {
    /** How it takes what several nodes lead to it. It must say, if several do. */
    waitFor?: WaitFor;
    /** Calls `exec` again when it fails. `prep` and `post`, which touch the store, are called once. Default: once as well. */
    retry?: Attempts | RetryPolicy | RetryExecutor;
    /** How long a call of `exec` may take: it fails with `CallTimeoutError`, and its `signal` aborts. */
    timeout?: number;
    /** Where `exec` runs: a self-contained function or a module; none if the pool has its own. Default: in this thread. */
    on?: WorkerPool<never, unknown>;
    /** A step begins. What hooks throw is nobody's failure but their own; they are not waited for. */
    onStart?: (input: unknown, step: StepJson) => void;
    /** It has succeeded. */
    onSuccess?: (output: unknown, step: StepJson) => void;
    /** It has failed, for good. */
    onError?: (error: unknown, step: StepJson) => void;
    /** It has ended: `step.state` says how. */
    onEnd?: (step: StepJson) => void;
}
/** A node's functions, in the order in which they are called. Each may give a promise. */
interface NodeConfig<S extends object, I, P, E, A extends string, O> extends NodeOptions {
    /** Makes of the input, and of what the store knows, what `exec` gets. Default: the input. */
    prep?: ((input: I, context: PrepContext<S>) => P | PromiseLike<P>) | undefined;
    /** Does the work. Default: gives what it gets. */
    exec?: Exec<P, E>;
    /** Gives a result in place of an error of `exec`, when all attempts have failed. */
    fallback?: (error: unknown, context: FallbackContext<P>) => E | PromiseLike<E>;
    /** The actions that `post` may give. Default: `'default'` alone. */
    actions?: readonly A[] | undefined;
    /** Writes to the store, and says which way the output goes. Default: the result goes the way of `'default'`. */
    post?: ((result: E, context: PostContext<S, I, P>) => O | PromiseLike<O>) | undefined;
}
/** How an edge is made. */
interface EdgeOptions<A extends string = string> {
    /** The action by which it is taken. Default `'default'`. */
    action?: A;
    /** It leads back, to a node that leads here. */
    loop?: boolean;
}
/** How a graph is made. */
interface GraphOptions {
    /** What it is called in errors and traces. Default: its first node's name. */
    name?: string;
    /** Steps of a run that may be under way at once; a graph that is a node is one of them, and has its own bound within. Default: any number. */
    concurrency?: number;
    /** Steps of a run in all. Default 1000. */
    maxSteps?: number;
}
/** How a graph is run. */
interface RunOptions<S extends object = AnyKeys> extends WaitOptions {
    /** What its nodes know together. Default: a new one. */
    store?: StoreFor<S>;
}
/** A store for nodes that want these keys; any, if they say nothing of keys. */
type StoreFor<S extends object> = string extends keyof S ? Store<Any> : Store<S>;

/**
 * A graph of nodes, as in Pocket. A run begins at the first node; where a node's action leads to several nodes they run at once, in this thread
 * or, with `on`, on worker threads. A branch ends at a node whose action leads nowhere, and the run when all branches have: its result is what
 * that node gave; if branches end at several nodes, what the one gave that was added last (`run.outputs` has all).
 *
 * A node that fails, for good, ends the run: the functions of others are told by their signal. The run rejects with that error, whose `node`
 * is the node's name. A graph holds nothing of its runs, of which there may be many at once.
 *
 * @example
 * ```ts
 * const graph = Graph.from(validate, { name: 'orders' })
 *   .add(charge, reserve, ship, reject)
 *   .connect('validate', 'charge', { action: 'valid' })
 *   .connect('validate', 'reserve', { action: 'valid' })
 *   .connect('validate', 'reject', { action: 'invalid' })
 *   .connect('charge', 'ship')                  // node('ship', { waitFor: 'all', … })
 *   .connect('reserve', 'ship')
 *   .build();
 * const run = graph.run(order, { signal: ctx, timeout: 10_000 });
 * console.log(await run, run.trace.toMermaid());
 * ```
 */
declare class Graph<I, O, S extends object = AnyKeys> {
    #private;
    private constructor();
    /**
     * Begins to build a graph.
     *
     * @param start - The node at which runs begin.
     * @throws {@link InvalidArgumentError} for an option that cannot be meant.
     */
    static from<N extends AnyNode>(start: N, options?: GraphOptions): GraphBuilder<NodesOf<N>, never, InputOf<N>, KeysOf<N>>;
    /** What it is called. */
    get name(): string;
    /**
     * Runs it, from the first node on.
     *
     * @param input - What the first node gets.
     * @param options - `store`: what the nodes know together; `signal` and `timeout` end the run.
     * @returns A thenable of the result, with `trace`, `cancel` and `drain`. It rejects with what a node's function threw; with
     * {@link CallTimeoutError} of a node's `timeout`; {@link UnknownActionError}; {@link StepLimitError}; {@link WaitTimeoutError}; the signal's reason.
     * @throws {@link InvalidArgumentError} for an option that cannot be meant.
     */
    run(input: I, options?: RunOptions<S>): GraphRun<O>;
    /**
     * The graph as a node of another: the same as a node whose `exec` is the graph. Both have one store.
     *
     * @param name - The node's name. Default: the graph's.
     */
    asNode<const Name extends string = string, W extends WaitFor | undefined = undefined>(name?: Name, options?: Omit<NodeOptions, 'on' | 'waitFor'> & {
        waitFor?: W;
    }): GraphNode<Name, I, {
        default: O;
    }, W, S>;
}

/** How graphs are built. */

/**
 * A graph that is not built yet. Made by {@link Graph.from}. The compiler knows its nodes: it refuses names that are not among them, and
 * edges whose ends do not fit together.
 */
declare class GraphBuilder<Nodes extends Record<string, NodeType>, Edges extends readonly [string, string], I, Keys> {
    #private;
    /**
     * Adds nodes.
     *
     * @throws {@link InvalidArgumentError} for what is no node, and for a name that another has.
     */
    add<const T extends readonly AnyNode[]>(...nodes: T): GraphBuilder<Nodes & NodesOf<T[number]>, Edges, I, Keys & KeysOf<T[number]>>;
    /**
     * Lets one node lead to another. Where several edges have one action, all are taken at once; where an action has none, the branch ends.
     *
     * @param options - `action`, by which it is taken; `loop`, for one that leads back.
     */
    connect<From extends keyof Nodes & string, To extends keyof Nodes & string, const A extends string = 'default'>(from: From, to: Fitting<Nodes, From, To, A>, options?: EdgeOptions<A>): GraphBuilder<Nodes, Edges | readonly [From, A], I, Keys>;
    /**
     * The graph. What is added to the builder afterwards is not in it.
     *
     * @throws {@link GraphBuildError}, which says all that is wrong: nodes and actions that there are not, circles that no edge declares, nodes
     * that nothing leads to, nodes that several lead to and that do not say how they wait.
     */
    build(): Graph<I, Ends<Nodes, Edges>, StoreOf<Keys>>;
}

/** What graphs refuse with. */

/** A graph cannot be built. The message, and `problems`, say all that is wrong with it. */
declare class GraphBuildError extends MillraceError {
    name: string;
    /** The graph. */
    readonly graph: string;
    /** What is wrong, each with the names of the nodes. */
    readonly problems: readonly string[];
}
/** A node's `post` gave an action that is not among the node's `actions`. */
declare class UnknownActionError extends MillraceError {
    name: string;
    /** The action. */
    readonly action: string;
}
/** A run took more steps than its graph's `maxSteps`. */
declare class StepLimitError extends MillraceError {
    name: string;
    /** The graph's `maxSteps`. */
    readonly limit: number;
}

/** Graphs beside one another. */

/** What each graph gets, by its name. */
type GraphInputs<G> = {
    readonly [K in keyof G]: G[K] extends SubGraph<infer I, unknown> ? I : never;
};
/** What came of each graph: its name stands in one of the two. */
interface GraphResults<G> {
    /** The results. */
    results: {
        -readonly [K in keyof G]?: G[K] extends SubGraph<never, infer O> ? O : never;
    };
    /** The errors. */
    errors: {
        -readonly [K in keyof G]?: unknown;
    };
}
/** How graphs are run beside one another. */
interface RunGraphsOptions extends ConcurrentOptions, Pick<RunOptions, 'store'> {
}
/**
 * Runs graphs that do not depend on one another. One that fails does not end the others.
 *
 * @param graphs - By name.
 * @param inputs - What each gets, by the same names.
 * @param options - `concurrency`: how many run at once, by default all; `store`: one for all, by default each has its own; `signal` and
 * `timeout` end them all.
 * @returns The results and the errors, by name.
 * @throws {@link WaitTimeoutError}; the signal's reason; {@link InvalidArgumentError} for what cannot be meant.
 * @example
 * ```ts
 * const { results, errors } = await runGraphs({ users, orders }, { users: 'eu', orders: 7 }, { concurrency: 2, signal: ctx });
 * const error = combineErrors(Object.values(errors));
 * ```
 */
declare function runGraphs<G extends Record<string, SubGraph<Any, unknown>>>(graphs: G, inputs: GraphInputs<G>, options?: RunGraphsOptions): Promise<GraphResults<G>>;

/** How a wait for a change ended: notified, or the value was another one already. */
type AtomicWaitResult = 'ok' | 'not-equal';
/** An atomic of one kind, as this thread sees it. Not made itself. */
declare abstract class SharedAtomic<Kind extends string, T> extends SharedObject<Kind> implements Disposable {
    /** How many wait, in all threads. */
    get waiting(): number;
    /** Whether it is closed. */
    get closed(): boolean;
    /**
     * Closes it for all threads: those who wait reject with `MemoryClosedError`, and nobody waits any more. Its value can still be
     * read and written, for as long as somebody has it.
     */
    close(): void;
    [Symbol.dispose](): void;
    /**
     * Waits to be notified, if the value still is what the caller has seen. Nothing is missed in between: whoever changes it and
     * notifies then, is noticed.
     *
     * @param expected - The value that was seen.
     * @returns `'ok'` once it is notified, `'not-equal'` at once if the value is another one.
     * @throws {@link WaitTimeoutError}; the signal's reason; {@link MemoryClosedError}; {@link InvalidArgumentError} for a
     * value it cannot have.
     */
    wait(expected: T, options?: WaitOptions): Promise<AtomicWaitResult>;
    /** As `wait`, and blocks this thread: worker threads only. @throws {@link UnsupportedError} in the main thread. */
    waitSync(expected: T, options?: WaitOptions): AtomicWaitResult;
    /**
     * Notifies those who wait, first come, first served. Changing the value notifies nobody: do it after.
     *
     * @param count - How many at most, a whole number from 0. Default: all.
     * @returns How many there were.
     */
    notify(count?: number): number;
}

/**
 * A boolean that all threads share, on a cache line of its own. Each method is one step among all threads.
 *
 * @example
 * ```ts
 * const started = new AtomicBool(false, { name: 'started' });
 * if (!started.exchange(true)) start();          // one thread alone
 * ```
 */
declare class AtomicBool extends SharedAtomic<'atomic-bool', boolean> {
    #private;
    /**
     * @param initial - Its value, if it is made by this: one that is there by that name keeps its own. Default false.
     * @param options - `name` shares it by name.
     */
    constructor(initial?: boolean, options?: SharedOptions);
    /** Opens the atomic of a name. @throws {@link NotFoundError} if there is none. */
    static open(name: string): AtomicBool;
    /** Opens the atomic that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
    static from(handle: SharedHandle<'atomic-bool'>): AtomicBool;
    /** Its value. */
    load(): boolean;
    /** Sets its value. @throws {@link InvalidArgumentError} for what is no boolean, here and in the other methods. */
    store(value: boolean): void;
    /** Sets its value. @returns The value before. */
    exchange(value: boolean): boolean;
    /** Sets its value if it is `expected`. @returns The value before: it was set if that is `expected`. */
    compareExchange(expected: boolean, value: boolean): boolean;
    /** Makes true of false and false of true. @returns The value before. */
    toggle(): boolean;
    /**
     * Replaces the value by what a function makes of it; if somebody else changes it meanwhile, the function is called again.
     *
     * @param fn - Must not depend on being called once.
     * @returns The new value.
     */
    update(fn: (value: boolean) => boolean): boolean;
}

/**
 * A number that all threads share, on a cache line of its own. Each method is one step among all threads. Values are told apart as
 * `Object.is` does: NaN is NaN, whichever bits it has, and 0 is not -0.
 *
 * @example
 * ```ts
 * const total = new AtomicF64(0, { name: 'total' });
 * total.add(0.25);
 * total.update((value) => Math.max(value, sample));
 * ```
 */
declare class AtomicF64 extends SharedAtomic<'atomic-f64', number> {
    #private;
    /**
     * @param initial - Its value, if it is made by this: one that is there by that name keeps its own. Default 0.
     * @param options - `name` shares it by name.
     */
    constructor(initial?: number, options?: SharedOptions);
    /** Opens the atomic of a name. @throws {@link NotFoundError} if there is none. */
    static open(name: string): AtomicF64;
    /** Opens the atomic that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
    static from(handle: SharedHandle<'atomic-f64'>): AtomicF64;
    /** Its value. */
    load(): number;
    /** Sets its value. @throws {@link InvalidArgumentError} for what is no number, here and in the other methods. */
    store(value: number): void;
    /** Adds. @returns The value before. */
    add(value: number): number;
    /** Subtracts. @returns The value before. */
    sub(value: number): number;
    /** Sets its value. @returns The value before. */
    exchange(value: number): number;
    /** Sets its value if it is `expected`. @returns The value before: it was set if `Object.is` says that it is `expected`. */
    compareExchange(expected: number, value: number): number;
    /**
     * Replaces the value by what a function makes of it; if somebody else changes it meanwhile, the function is called again.
     *
     * @param fn - Must not depend on being called once.
     * @returns The new value.
     */
    update(fn: (value: number) => number): number;
}

/**
 * A signed 32-bit integer that all threads share, on a cache line of its own. Each method is one step among all threads; adding
 * beyond the range wraps around, as with `Atomics`. Reading and writing are no native calls and take
 * some tens of nanoseconds.
 *
 * @example
 * ```ts
 * const ready = new AtomicI32(0, { name: 'ready' });
 * // one thread                    // another
 * ready.store(1);                  if (ready.load() === 0) await ready.wait(0);
 * ready.notify();
 * ```
 */
declare class AtomicI32 extends SharedAtomic<'atomic-i32', number> {
    #private;
    /**
     * @param initial - Its value, if it is made by this: one that is there by that name keeps its own. Default 0.
     * @param options - `name` shares it by name.
     */
    constructor(initial?: number, options?: SharedOptions);
    /** Opens the atomic of a name. @throws {@link NotFoundError} if there is none. */
    static open(name: string): AtomicI32;
    /** Opens the atomic that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
    static from(handle: SharedHandle<'atomic-i32'>): AtomicI32;
    /** Its value. */
    load(): number;
    /** Sets its value. @throws {@link InvalidArgumentError} for what is no 32-bit integer, here and in the other methods. */
    store(value: number): void;
    /** Adds. @returns The value before. */
    add(value: number): number;
    /** Subtracts. @returns The value before. */
    sub(value: number): number;
    /** Keeps the bits that both have. @returns The value before. */
    and(value: number): number;
    /** Sets the bits that either has. @returns The value before. */
    or(value: number): number;
    /** Sets the bits that one of both has. @returns The value before. */
    xor(value: number): number;
    /** Sets its value. @returns The value before. */
    exchange(value: number): number;
    /** Sets its value if it is `expected`. @returns The value before: it was set if that is `expected`. */
    compareExchange(expected: number, value: number): number;
    /**
     * Replaces the value by what a function makes of it; if somebody else changes it meanwhile, the function is called again.
     *
     * @param fn - Must not depend on being called once.
     * @returns The new value.
     */
    update(fn: (value: number) => number): number;
}

/**
 * A signed 64-bit integer that all threads share, on a cache line of its own. Each method is one step among all threads; adding
 * beyond the range wraps around, as with `Atomics`.
 *
 * The methods take and give bigints. Their forms with `Number` take and give numbers, and never lose a bit: where the value is, or
 * would be, no safe integer they throw `UnsafeIntegerError` and change nothing.
 *
 * @example
 * ```ts
 * const sequence = new AtomicI64(0n, { name: 'sequence' });
 * const id = sequence.add(1n);
 * const count = sequence.addNumber(1);
 * ```
 */
declare class AtomicI64 extends SharedAtomic<'atomic-i64', bigint | number> {
    #private;
    /**
     * @param initial - Its value, a bigint or a safe integer, if it is made by this: one that is there by that name keeps its own.
     * Default 0.
     * @param options - `name` shares it by name.
     */
    constructor(initial?: bigint | number, options?: SharedOptions);
    /** Opens the atomic of a name. @throws {@link NotFoundError} if there is none. */
    static open(name: string): AtomicI64;
    /** Opens the atomic that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
    static from(handle: SharedHandle<'atomic-i64'>): AtomicI64;
    /** Its value. */
    load(): bigint;
    /** Sets its value. @throws {@link InvalidArgumentError} for what is no 64-bit bigint, here and in the other methods. */
    store(value: bigint): void;
    /** Adds. @returns The value before. */
    add(value: bigint): bigint;
    /** Subtracts. @returns The value before. */
    sub(value: bigint): bigint;
    /** Keeps the bits that both have. @returns The value before. */
    and(value: bigint): bigint;
    /** Sets the bits that either has. @returns The value before. */
    or(value: bigint): bigint;
    /** Sets the bits that one of both has. @returns The value before. */
    xor(value: bigint): bigint;
    /** Sets its value. @returns The value before. */
    exchange(value: bigint): bigint;
    /** Sets its value if it is `expected`. @returns The value before: it was set if that is `expected`. */
    compareExchange(expected: bigint, value: bigint): bigint;
    /**
     * Replaces the value by what a function makes of it; if somebody else changes it meanwhile, the function is called again.
     *
     * @param fn - Must not depend on being called once.
     * @returns The new value.
     */
    update(fn: (value: bigint) => bigint): bigint;
    /** Its value as a number. @throws {@link UnsafeIntegerError} if it is no safe integer, here and in the other `Number` methods. */
    loadNumber(): number;
    /** Sets its value, a safe integer. */
    storeNumber(value: number): void;
    /** Adds a safe integer. @returns The value before. */
    addNumber(value: number): number;
    /** Subtracts a safe integer. @returns The value before. */
    subNumber(value: number): number;
    /** Sets its value, a safe integer. @returns The value before. */
    exchangeNumber(value: number): number;
    /**
     * Sets its value if it is `expected`; both are safe integers.
     *
     * @returns The value before: it was set if that is `expected`.
     */
    compareExchangeNumber(expected: number, value: number): number;
    /** As `update`, with safe integers. @returns The new value. */
    updateNumber(fn: (value: number) => number): number;
}

/**
 * A value that all threads share and that is replaced as a whole. Values are cloned in and out, as by `postMessage`. Each method is
 * one step among all threads.
 *
 * Values are compared by their encodings: two are the same if they have the same structure, with the properties in the same order.
 * NaN is itself, 0 is not -0.
 *
 * @example
 * ```ts
 * const config = new AtomicRef<Config>(defaults, { name: 'config' });
 * config.update((old) => ({ ...old, verbose: true }));       // nobody's change is lost
 * ```
 */
declare class AtomicRef<T> extends SharedAtomic<'atomic-ref', T> {
    /**
     * @param initial - Its value, if it is made by this: one that is there by that name keeps its own.
     * @param options - `name` shares it by name.
     * @throws `DataCloneError` for what cannot be cloned; {@link UnsupportedError} for what the platform alone can clone. So do the
     * other methods.
     */
    constructor(initial: T, options?: SharedOptions);
    /** Opens the atomic of a name. @throws {@link NotFoundError} if there is none. */
    static open<T>(name: string): AtomicRef<T>;
    /** Opens the atomic that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
    static from<T>(handle: SharedHandle<'atomic-ref'>): AtomicRef<T>;
    /** A clone of its value. */
    load(): T;
    /** Sets its value. */
    store(value: T): void;
    /** Sets its value. @returns The value before. */
    exchange(value: T): T;
    /**
     * Sets its value if it is the same as `expected`.
     *
     * @returns Whether it did. Unlike the value before, which is a clone, that can be told.
     */
    compareExchange(expected: T, value: T): boolean;
    /**
     * Replaces the value by what a function makes of it; if somebody else sets it meanwhile, the function is called again.
     *
     * @param fn - Must not depend on being called once.
     * @returns The new value.
     */
    update(fn: (value: T) => T): T;
}

/** What buffers a pool has. */
interface BufferPoolOptions {
    /** How many bytes each buffer has. Default: as many as are asked for, rounded up to a power of two of at least 64. */
    size?: number;
    /** How many buffers are lent at once, a whole number from 1; who asks for more waits. */
    max: number;
    /** How many idle buffers are kept, a whole number from 0. Default: `max`. */
    maxIdle?: number;
    /** Whether a buffer is filled with zeros when it is lent. Default false: it has whatever was in it before. */
    zero?: boolean;
}
/** What a pool of buffers has counted. */
interface BufferPoolStatistics {
    /** Buffers made. */
    created: number;
    /** Loans of a buffer that had been lent before. */
    reused: number;
    /** Idle buffers that were dropped because there were `maxIdle`, and buffers that came back without their memory. */
    dropped: number;
    /** Calls of `acquire` that had to wait because `max` buffers were lent. */
    waits: number;
}
/**
 * A buffer in somebody's hands. `using` gives it back at the end of the block. Nothing can keep a view of it from being used after
 * that: whoever does so writes into what somebody else has borrowed.
 */
declare class BufferLease implements Disposable {
    #private;
    /** The bytes, as many as were asked for. @throws {@link NotHeldError} once they have been given back. */
    get buffer(): Uint8Array<ArrayBuffer>;
    /** Whether it is still lent. */
    get held(): boolean;
    /** Fills the buffer with zeros, for instance before a secret in it is given back. */
    reset(): void;
    /** Gives the buffer back. @throws {@link NotHeldError} if that was done before. */
    release(): void;
    [Symbol.dispose](): void;
}
/**
 * A pool of buffers within one thread: at most `max` are lent at once, and those that come back are lent again. Who waits is served
 * in the order of coming.
 *
 * @example
 * ```ts
 * const pool = new BufferPool({ size: 65_536, max: 100 });
 * using lease = await pool.acquire();
 * const { bytesRead } = await file.read(lease.buffer);
 * ```
 */
declare class BufferPool implements Disposable {
    #private;
    /** @throws {@link InvalidArgumentError} for what cannot be meant. */
    constructor(options: BufferPoolOptions);
    /** How many idle buffers are kept. */
    get available(): number;
    /** How many are lent. */
    get borrowed(): number;
    /** How many buffers there are, idle and lent. */
    get size(): number;
    /** How many wait because `max` buffers are lent. */
    get pending(): number;
    /** Whether it lends nothing any more. */
    get closed(): boolean;
    /** What it has counted. */
    get stats(): BufferPoolStatistics;
    /**
     * Borrows a buffer; waits while `max` are lent.
     *
     * @param bytes - How many bytes it is to have, from 1. Default: the pool's `size`, which is also the most.
     * @throws {@link InvalidArgumentError}; {@link PoolClosedError}; {@link WaitTimeoutError}; the signal's reason.
     */
    acquire(bytes?: number | undefined, options?: WaitOptions): Promise<BufferLease>;
    /**
     * Borrows a buffer if fewer than `max` are lent.
     *
     * @returns `undefined` if `max` are, or the pool is closed.
     */
    tryAcquire(bytes?: number | undefined): BufferLease | undefined;
    /** Drops all idle buffers; those lent are kept when they come back. */
    clear(): void;
    /**
     * Closes the pool: those who wait reject with {@link PoolClosedError}, and no buffer is kept any more. What is lent can still be
     * used and given back. Again does no harm.
     */
    close(): void;
    [Symbol.dispose](): void;
}

/** An object of a pool in somebody's hands. `using` and `await using` give it back at the end of the block. */
declare class Lease<T> implements Disposable, AsyncDisposable {
    #private;
    /** The object. @throws {@link NotHeldError} once it has been given back. */
    get value(): T;
    /** Whether it is still lent. */
    get held(): boolean;
    /**
     * Gives the object back.
     *
     * @returns Resolves when it is idle, or destroyed.
     * @throws {@link NotHeldError} if that was done before.
     */
    release(): Promise<void>;
    /**
     * Gives the object back as one that is broken: it is destroyed.
     *
     * @returns Resolves when it is destroyed.
     * @throws {@link NotHeldError} if it was given back before.
     */
    discard(): Promise<void>;
    [Symbol.dispose](): void;
    [Symbol.asyncDispose](): Promise<void>;
}

/** How a pool makes, checks and ends its objects. */
interface ObjectPoolOptions<T> {
    /** Makes an object. What it throws, `acquire` rejects with. */
    create: () => T | PromiseLike<T>;
    /** Ends an object. Until it has, the object counts as one of `max`. */
    destroy?: (value: T) => unknown;
    /** Makes an object that comes back fit for the next one. If it throws, the object is destroyed. */
    reset?: (value: T) => unknown;
    /** Says whether an object that has been idle is still good. If it says no, or throws, the object is destroyed and the next is tried. */
    validate?: (value: T) => boolean | PromiseLike<boolean>;
    /** How many objects `idleTimeout` leaves, and {@link ObjectPool.fill} makes; a whole number from 0. Default 0. */
    min?: number;
    /** How many objects there are at most, a whole number from 1. */
    max: number;
    /** After so many milliseconds without use an object is destroyed. Default: never. */
    idleTimeout?: number;
    /** After so many loans an object is destroyed; a whole number from 1. Default: never. */
    maxUses?: number;
    /** Is told what `destroy`, `reset` and `validate` throw. Default: {@link ObjectPoolStatistics} counts it alone. */
    onError?: (error: unknown, during: 'destroy' | 'reset' | 'validate') => void;
}
/** What a pool has counted. */
interface ObjectPoolStatistics {
    /** Objects made. */
    created: number;
    /** Objects destroyed. */
    destroyed: number;
    /** Loans of an object that had been lent before or was idle. */
    reused: number;
    /** Objects that were no good any more, or whose `validate` threw. */
    validationFailures: number;
    /** Calls of `create` that threw. */
    createFailures: number;
    /** Calls of `reset` that threw. */
    resetFailures: number;
    /** Calls of `destroy` that threw. */
    destroyFailures: number;
    /** Calls of `acquire` that had to wait because `max` objects were in use. */
    waits: number;
}

/**
 * A pool of objects within one thread, such as connections: it lends each to one at a time, makes them when they are wanted, up to
 * `max`, and uses again the one that came back last. Who waits is served in the order of coming.
 *
 * @example
 * ```ts
 * const pool = new ObjectPool({ create: () => connect(url), destroy: (c) => c.end(), validate: (c) => c.alive, max: 10 });
 * const rows = await pool.use((connection) => connection.query(sql));
 * {
 *   await using lease = await pool.acquire({ timeout: 1000 });
 *   await lease.value.query(sql);
 * }
 * ```
 */
declare class ObjectPool<T> implements AsyncDisposable {
    #private;
    /** @throws {@link InvalidArgumentError} for what cannot be meant. */
    constructor(options: ObjectPoolOptions<T>);
    /** How many objects there are: idle, lent, being made and being destroyed. */
    get size(): number;
    /** How many are idle. */
    get available(): number;
    /** How many are lent. */
    get borrowed(): number;
    /** How many wait because `max` objects are in use. */
    get pending(): number;
    /** Whether it lends nothing any more. */
    get closed(): boolean;
    /** What it has counted. */
    get stats(): ObjectPoolStatistics;
    /**
     * Borrows an object; waits while `max` are in use.
     *
     * @param options - They also end a wait for `create` and `validate`; an object that is ready too late becomes idle.
     * @throws What `create` throws; {@link PoolClosedError}; {@link WaitTimeoutError}; the signal's reason.
     */
    acquire(options?: WaitOptions): Promise<Lease<T>>;
    /**
     * Borrows an object that is idle; makes none and waits for nothing.
     *
     * @returns `undefined` if there is none, if the one that was used last is no good, or if `validate` is asynchronous: then the
     * check goes on in the background, for the next one.
     */
    tryAcquire(): Lease<T> | undefined;
    /**
     * Makes idle objects until there are `min` in all.
     *
     * @throws What `create` throws; what has been made stays. {@link PoolClosedError}.
     */
    fill(): Promise<void>;
    /**
     * Runs a function with a borrowed object, and gives that back whether or not the function throws. The function may
     * `discard` the loan, which it gets too.
     */
    use<R>(fn: (value: T, lease: Lease<T>) => R | PromiseLike<R>, options?: WaitOptions): Promise<R>;
    /** Lends to those who wait and to nobody else, then closes. Resolves when all is destroyed. */
    drain(): Promise<void>;
    /**
     * Closes the pool: those who wait reject with {@link PoolClosedError}, idle objects are destroyed, and those lent are when they
     * come back. Again does no harm.
     *
     * @returns Resolves when all is destroyed.
     */
    close(): Promise<void>;
    [Symbol.asyncDispose](): Promise<void>;
}

/** Bytes from one thread to another, through memory that both see. */

/**
 * A ring buffer: bytes from one thread that writes to one that reads, through memory that both see. While nobody has to wait no
 * native call is made.
 *
 * Each end belongs to the thread that first uses it, until that thread releases it, ends, or has let go of
 * all its objects of this buffer and they are collected; another thread, or a second write or
 * read while one waits, is refused with {@link RingBufferBusyError}. When the thread that writes ends, what it has written stays
 * to be read, and the reader goes on waiting, for another writer or until somebody closes the buffer; the same holds the
 * other way round.
 *
 * @example
 * ```ts
 * const ring = new RingBuffer(1 << 20);
 * new Worker('./reader.js', { workerData: ring.toHandle() });   // there: for await (const bytes of RingBuffer.from(workerData))
 * await ring.write(bytes);
 * ring.close();
 * ```
 */
declare class RingBuffer extends SharedObject<'ring'> implements AsyncIterable<Uint8Array>, Disposable {
    #private;
    /**
     * @param bytes - How many bytes it holds, a whole number from 1 to 2³⁰.
     * @param options - `name` shares it by name.
     * @throws {@link InvalidArgumentError} for what cannot be meant; {@link NameConflictError} if the name is in use with another size;
     * {@link UnsupportedError} where the runtime cannot share native memory.
     */
    constructor(bytes: number, options?: SharedOptions);
    /** Opens the ring buffer of a name. @throws {@link NotFoundError} if there is none. */
    static open(name: string): RingBuffer;
    /** Opens the ring buffer that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
    static from(handle: SharedHandle<'ring'>): RingBuffer;
    /** How many bytes it holds at most. */
    get capacity(): number;
    /** How many bytes are in it to be read. */
    get available(): number;
    /** How many bytes there is room for. */
    get free(): number;
    /** Whether it is closed. Bytes may be left to read. */
    get closed(): boolean;
    /** How many bytes the last `write` or `writeSync` of this object has put in: all, unless it was cut short. */
    get lastWritten(): number;
    /**
     * Writes bytes, all of them; waits while there is no room, and puts them in in pieces. They must not change meanwhile.
     *
     * @returns Resolves when all are in.
     * @throws {@link RingBufferClosedError} if the buffer is closed, or is while it waits; {@link RingBufferBusyError};
     * {@link WaitTimeoutError}; the signal's reason. {@link lastWritten} says how many bytes are in then.
     */
    write(bytes: Uint8Array, options?: WaitOptions): Promise<void>;
    /**
     * Writes what there is room for now.
     *
     * @returns How many bytes went in, from 0.
     * @throws {@link RingBufferClosedError}; {@link RingBufferBusyError}.
     */
    tryWrite(bytes: Uint8Array): number;
    /** As `write`, and blocks this thread: worker threads only. @throws {@link UnsupportedError} in the main thread. */
    writeSync(bytes: Uint8Array, options?: WaitOptions): void;
    /**
     * Reads bytes; waits while there are none.
     *
     * @param max - How many at most, a whole number from 1. Default 65 536.
     * @returns At least one byte, a copy; none once the buffer is closed and everything has been read.
     * @throws {@link RingBufferBusyError}; {@link WaitTimeoutError}; the signal's reason. No bytes have been taken then.
     */
    read(max?: number, options?: WaitOptions): Promise<Uint8Array<ArrayBuffer>>;
    /**
     * Reads what is there now, up to `max` bytes.
     *
     * @returns The bytes, a copy; none if there are none.
     * @throws {@link RingBufferBusyError}.
     */
    tryRead(max: number): Uint8Array<ArrayBuffer>;
    /**
     * Reads what is there now into `target`, from its beginning.
     *
     * @returns How many bytes were read.
     */
    tryRead(target: Uint8Array): number;
    /** As `read`, and blocks this thread: worker threads only. @throws {@link UnsupportedError} in the main thread. */
    readSync(max?: number, options?: WaitOptions): Uint8Array<ArrayBuffer>;
    /**
     * Lets another thread have the reading end.
     *
     * @returns Whether it was this thread's.
     * @throws {@link RingBufferBusyError} while a read waits.
     */
    releaseReader(): boolean;
    /**
     * Lets another thread have the writing end.
     *
     * @returns Whether it was this thread's.
     * @throws {@link RingBufferBusyError} while a write waits.
     */
    releaseWriter(): boolean;
    /**
     * Closes the buffer, from any thread: nothing more can be written, what is in it can still be read, and those who wait are told.
     * Bytes that another thread is just writing may come after the reader has seen the end. Again does no harm.
     */
    close(): void;
    [Symbol.dispose](): void;
    /** Reads until the buffer is closed and empty. Leaving the loop leaves the buffer as it is. */
    [Symbol.asyncIterator](): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined>;
    /** A stream of what is read: it takes bytes when its reader wants some. */
    get readable(): ReadableStream<Uint8Array>;
    /** A stream whose chunks are written, with the buffer's back-pressure; closing or aborting it closes the buffer. */
    get writable(): WritableStream<Uint8Array>;
}

/** A typed array's class, or `DataView`. */
interface ViewType<T extends ArrayBufferView> {
    new (buffer: ArrayBuffer, byteOffset?: number, length?: number): T;
    /** Bytes per element; a `DataView` has none. */
    readonly BYTES_PER_ELEMENT?: number;
}
/**
 * Bytes that all threads of the process share. Nothing is copied: what one thread writes is there for the others. They begin as
 * zeros, at an address that 128 divides, and take real memory as they are first touched.
 *
 * Each thread sees them as an `ArrayBuffer`, and not as a `SharedArrayBuffer`: neither Node nor Bun lets native code make one over
 * memory of its own. Typed arrays, `DataView` and `Atomics.load`, `store`, `add`, `compareExchange` and so on work on it as on a
 * shared one; `Atomics.wait` and `waitAsync` do not: wait by an {@link AtomicI32} or any lock. What is written without `Atomics`
 * has no order for other threads until both meet at a lock, a channel or an atomic.
 *
 * The bytes are freed when the last thread has let go: closed it, or forgotten it, and with it every buffer and view that was
 * taken. A thread that ends lets go of what it had.
 *
 * The bytes cannot be moved out of the buffer: `transfer()` throws, and `postMessage` and `structuredClone` refuse to move it (on
 * Node 20 they copy). Send `toHandle()`. Whoever gets around that by `ArrayBuffer.prototype.transfer.call(buffer)` may use what was moved
 * in any thread for as long as he likes; but when the thread ends that moved it, those bytes are kept for good: nobody can tell any
 * more when they are forgotten.
 *
 * @example
 * ```ts
 * const memory = SharedMemory.open('frame', 1920 * 1080 * 4);      // in any thread
 * const pixels = memory.view(Uint8Array);
 * const header = memory.view(Int32Array, 0, 4);
 * Atomics.add(header, 0, 1);
 * ```
 */
declare class SharedMemory extends SharedObject<'memory'> implements Disposable {
    #private;
    /** How many bytes there are. */
    readonly byteLength: number;
    /**
     * @param bytes - How many, a whole number from 1 to 2^31.
     * @param options - `name` shares it by name.
     * @throws {@link NameConflictError} if the memory of that name has another size; {@link OutOfMemoryError}.
     */
    constructor(bytes: number, options?: SharedOptions);
    /**
     * Opens the memory of a name, in any thread; makes it if there is none.
     *
     * @param name - Its name.
     * @param bytes - How many bytes it has, a whole number from 1 to 2^31. Left out, it must be there.
     * @throws {@link NameConflictError} if it has another size; {@link NotFoundError} if there is none and `bytes` is left out;
     * {@link OutOfMemoryError}.
     */
    static open(name: string, bytes?: number): SharedMemory;
    /** Opens the memory that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
    static from(handle: SharedHandle<'memory'>): SharedMemory;
    /** Whether this object is closed. Others of the same memory may be open. */
    get closed(): boolean;
    /**
     * The bytes. It is one buffer for all objects of this memory in a thread, and the same each time unless it was moved away.
     *
     * @throws {@link MemoryClosedError} if it is closed; {@link UnsupportedError} where the runtime takes no memory but its own.
     */
    get buffer(): ArrayBuffer;
    /**
     * Some of the bytes as elements.
     *
     * @param type - The class of a typed array, or `DataView`.
     * @param offset - The byte at which it begins, a multiple of an element's size. Default 0.
     * @param length - How many elements. Default: to the end.
     * @throws {@link MemoryClosedError} if it is closed; {@link InvalidArgumentError} for what is not within the bytes.
     * @example
     * ```ts
     * const counters = memory.view(BigInt64Array, 64, 8);
     * ```
     */
    view<T extends ArrayBufferView>(type: ViewType<T>, offset?: number, length?: number): T;
    /** @throws {@link MemoryClosedError} if it is closed. */
    toHandle(): SharedHandle<'memory'>;
    /** Lets go of the bytes here. Views that were taken stay good, and keep the bytes. Other threads' objects stay open. */
    close(): void;
    [Symbol.dispose](): void;
}

/** How a queue is made. */
interface SharedQueueOptions extends SharedOptions {
    /** How many values it holds, a whole number from 1; who pushes more waits. Default: no limit. */
    capacity?: number;
    /** Whether values have priorities. Default false: first in, first out. */
    priority?: boolean;
}
/** How a value is pushed. */
interface PushOptions extends SendOptions {
    /**
     * How urgent it is: a whole number from -2³¹ to 2³¹-1, the larger the sooner. Default 0. Only for a queue made with
     * `priority: true`.
     */
    priority?: number;
}
/**
 * A queue that all threads of the process fill and empty: each value is popped once.
 *
 * Without `priority` values come in the order in which they were pushed; with it the largest priority comes first, and values of
 * the same one in order. Who waits, for room or for a value, is served in the order of coming, whatever the priority; a value is
 * in the queue, and overtakes others, only once there is room for it. Values are cloned as by `postMessage`, or moved with
 * `transfer`. A value given to a thread that ends before it arrives goes to the next one who pops.
 *
 * @example
 * ```ts
 * const jobs = new SharedQueue<Job>({ name: 'jobs', capacity: 1000, priority: true });
 * await jobs.push(job, { priority: 5 });
 * for await (const job of SharedQueue.open<Job>('jobs')) await work(job);   // in any thread
 * ```
 */
declare class SharedQueue<T> extends SharedObject<'queue'> implements AsyncIterable<T>, Disposable {
    #private;
    /**
     * @param options - `capacity`, `priority`; `name` shares it by name.
     * @throws {@link InvalidArgumentError} for what cannot be meant; {@link NameConflictError} if the name is in use with other
     * options.
     */
    constructor(options?: SharedQueueOptions);
    /** Opens the queue of a name. @throws {@link NotFoundError} if there is none. */
    static open<T>(name: string): SharedQueue<T>;
    /** Opens the queue that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
    static from<T>(handle: SharedHandle<'queue'>): SharedQueue<T>;
    /** How many values it holds at most; `Infinity` for no limit. */
    get capacity(): number;
    /** Whether values have priorities. */
    get priority(): boolean;
    /** How many values are in it now. */
    get length(): number;
    /** Whether it is closed. Values may be left to pop. */
    get closed(): boolean;
    /** How many wait to push, and to pop. */
    get waiting(): {
        pushers: number;
        poppers: number;
    };
    /**
     * Pushes a value; waits while the queue is full.
     *
     * @returns Resolves when the value is in the queue, or in a popper's hands.
     * @throws {@link QueueClosedError} if the queue is closed, or is while it waits; {@link InvalidArgumentError}; `DataCloneError`
     * for what cannot be cloned; {@link WaitTimeoutError}; the signal's reason. The value has not been pushed then.
     */
    push(value: T, options?: PushOptions): Promise<void>;
    /**
     * Pushes if there is room.
     *
     * @returns Whether the value was pushed.
     * @throws {@link QueueClosedError}; {@link InvalidArgumentError}; `DataCloneError`.
     */
    tryPush(value: T, options?: Pick<PushOptions, 'priority' | 'transfer'>): boolean;
    /**
     * Pushes values one after the other, in order.
     *
     * @param options - As for `push`, for each of them; the time-out is for each wait.
     * @returns Resolves when all are pushed.
     * @throws As `push`; the values before the one that failed have been pushed.
     */
    pushBatch(values: Iterable<T>, options?: Omit<PushOptions, 'transfer'>): Promise<void>;
    /**
     * Pops the next value; waits while there is none.
     *
     * @throws {@link QueueClosedError} once the queue is closed and empty; {@link WaitTimeoutError}; the signal's reason. Nothing has
     * been taken then.
     */
    pop(options?: WaitOptions): Promise<T>;
    /**
     * Pops the next value if there is one.
     *
     * @returns `undefined` if there is none, closed or not.
     * @throws {@link UnsupportedError} if the next value is one that only the platform can clone; `pop` gets it.
     */
    tryPop(): T | undefined;
    /**
     * A copy of the next value, which stays; somebody else may pop it at once.
     *
     * @returns `undefined` if there is none.
     * @throws {@link UnsupportedError} if the next value is one that only the platform can clone.
     */
    peek(): T | undefined;
    /**
     * Pops up to `max` values: it waits for one, and takes what else is there.
     *
     * @param max - A whole number from 1.
     * @returns The values; none if the queue is closed and empty.
     * @throws {@link WaitTimeoutError}; the signal's reason.
     */
    popBatch(max: number, options?: WaitOptions): Promise<T[]>;
    /** As `push`, and blocks this thread: worker threads only. @throws {@link UnsupportedError} in the main thread. */
    pushSync(value: T, options?: PushOptions): void;
    /**
     * As `pop`, and blocks this thread: worker threads only.
     *
     * @throws {@link UnsupportedError} in the main thread, and for a value that only the platform can clone, which stays.
     */
    popSync(options?: WaitOptions): T;
    /** Removes all values that are in the queue; those who wait to push come in. @returns How many were removed. */
    clear(): number;
    /** Closes the queue: nothing more can be pushed; what is in it can still be popped. Again does no harm. */
    close(): void;
    [Symbol.dispose](): void;
    /** Pops until the queue is closed and empty. Leaving the loop leaves the queue as it is. */
    [Symbol.asyncIterator](): AsyncIterableIterator<T, undefined>;
}

/** What a message bus refuses with, and what becomes of commands that nobody can answer any more. */

/** Nobody in any thread handles the command. It is a dead letter. */
declare class NoHandlerError extends MillraceError {
    name: string;
    /** The command's name. */
    readonly command: string;
}
/** Every handler of the command has as many commands running and queued as its `concurrency` and `maxQueued` allow. */
declare class HandlerBusyError extends MillraceError {
    name: string;
    /** The command's name. */
    readonly command: string;
}
/** The command was not answered within its `timeout`. Its handler's signal has aborted. */
declare class CommandTimeoutError extends MillraceError {
    name: string;
    /** The command's name. */
    readonly command: string;
    /** The limit, in milliseconds. */
    readonly timeout: number;
}
/** The handler ran longer than the `timeout` that it was registered with. Its signal has aborted. */
declare class HandlerTimeoutError extends MillraceError {
    name: string;
    /** The command's name. */
    readonly command: string;
    /** The limit, in milliseconds. */
    readonly timeout: number;
}
/** The thread that had the command has ended before it answered. Whether the command was begun is not known. */
declare class HandlerLostError extends MillraceError {
    name: string;
    /** The command's name. */
    readonly command: string;
}
/** The thread that sent a command has ended: the reason with which the handler's signal aborts. */
declare class CallerLostError extends MillraceError {
    name: string;
    /** The command's name. */
    readonly command: string;
}
/** The message bus is closed. */
declare class MessageBusClosedError extends MillraceError {
    name: string;
}

/** What a bus tells those who listen to itself. */
/** A command that nobody handles. */
interface DeadCommand {
    /** The command's name. */
    command: string;
    /** Its payload. Listeners in other threads than the sender's get a clone, or `undefined` if it cannot be cloned. */
    payload: unknown;
    /** The thread that sent it, as `threadId` has it. */
    thread: number;
    /** When, in milliseconds since the epoch. */
    at: number;
}
/** A bus's own events, with what each listener gets. What a listener throws is an uncaught exception and changes nothing for others. */
interface MessageBusEvents {
    /** A command was sent in any thread and nobody handles it. */
    deadLetter: [letter: DeadCommand];
    /** A subscriber in this thread has thrown, or its promise was rejected. If nobody listens it is an uncaught exception. */
    subscriberError: [error: unknown, event: string];
}

/** How a handler is registered. */
interface HandlerOptions {
    /** Commands that it runs at once. Default: as many as come. */
    concurrency?: number;
    /**
     * Commands that wait for it at most when it runs as many as it may; one more is refused with `HandlerBusyError` if no other handler has
     * room. Default: any number.
     */
    maxQueued?: number;
    /**
     * Milliseconds that it may take for one command; then its signal aborts, and the caller gets a `HandlerTimeoutError`. Its place is taken
     * until its function is done. Default: no limit.
     */
    timeout?: number;
}

/** A bus's counts over all threads, those that have ended included, since it was made. */
interface MessageBusMetrics {
    /** Commands sent. Those that no other count below has were answered, are on their way, could not be cloned or were ended by `close`. */
    commands: number;
    /** Commands whose handler threw, or ran longer than it may. */
    failures: number;
    /** Commands that were not answered in time. */
    timeouts: number;
    /** Commands that were cancelled. */
    cancelled: number;
    /** Commands that no handler had room for. */
    refused: number;
    /** Commands whose thread ended before it answered. */
    lost: number;
    /** Commands that nobody handles. */
    deadLetters: number;
    /** Events published. */
    published: number;
    /** Calls of subscribers: an event counts as often as it has them. */
    delivered: number;
    /** Handlers there are now. */
    handlers: number;
    /** Subscriptions there are now. */
    subscriptions: number;
    /**
     * Milliseconds from sending a command to its answer, whether result or error, as the sender saw it: of each of the first 1024 of a thread,
     * then of every 64th.
     */
    latency: TimeStatistics;
}

/** What ends a handler or a subscription. */
/** A handler or subscriber of a message bus, as long as it is not closed. Letting go of it does not end it. */
declare class BusRegistration implements Disposable {
    #private;
    /** Whether it was closed. */
    get closed(): boolean;
    /** Ends it. Again does no harm. */
    close(): void;
    [Symbol.dispose](): void;
}

/** One call of a handler. */

/** What a handler is called with beside the payload. */
interface CommandContext extends CallContext {
    /** The command's name. */
    readonly command: string;
    /**
     * Aborts when nobody wants the answer any more: the caller gave up or its thread has ended, the handler's time is over, the bus was closed.
     */
    readonly signal: AbortSignal;
}

/** What a subscriber is called with beside the payload. */
interface EventInfo<E extends string = string> {
    /** The event's name. */
    readonly event: E;
}

/** The types of a bus's messages, worked out from the map that it is typed with. */
/** What goes over a bus: commands by name, each `{ payload, result }`, and the payloads of events by name. */
interface MessageTypes {
    /** Commands by name: what each takes and gives. */
    commands?: object;
    /** Events by name: what each carries. */
    events?: object;
}
/** The messages of a bus that is not typed. */
interface AnyMessages {
    commands: Record<string, {
        payload: unknown;
        result: unknown;
    }>;
    events: Record<string, unknown>;
}
type Commands<M> = M extends {
    commands: infer C;
} ? C : Record<never, never>;
type Events$1<M> = M extends {
    events: infer E;
} ? E : Record<never, never>;
/** The names of a bus's commands. */
type CommandName<M> = keyof Commands<M> & string;
/** What a command takes. */
type CommandPayload<M, C extends CommandName<M>> = Commands<M>[C] extends {
    payload: infer P;
} ? P : undefined;
/** What a command gives. */
type CommandResult<M, C extends CommandName<M>> = Commands<M>[C] extends {
    result: infer R;
} ? R : undefined;
/** The names of a bus's events. */
type EventName<M> = keyof Events$1<M> & string;
/** What an event carries. */
type EventPayload<M, E extends EventName<M>> = Events$1<M>[E];
/** What follows the name: a payload that may be `undefined` may be left out. */
type PayloadAnd<P, Rest extends unknown[]> = undefined extends P ? [payload?: P, ...rest: Rest] : [payload: P, ...rest: Rest];
type Segments<S extends string> = S extends `${infer First}.${infer Rest}` ? [First, ...Segments<Rest>] : [S];
/** Whether a pattern's segments match a name's. */
type Fits<P extends string[], N extends string[]> = P extends [
    infer First extends string,
    ...infer Rest extends string[]
] ? First extends '**' ? Fits<Rest, N> extends true ? true : N extends [string, ...infer Less extends string[]] ? Fits<P, Less> : false : N extends [infer Name extends string, ...infer Names extends string[]] ? First extends '*' | Name ? Fits<Rest, Names> : false : false : N extends [] ? true : false;
/** The names of the events that a pattern matches, as far as both are known to the compiler. */
type EventsMatching<M, P extends string> = string extends EventName<M> ? string : string extends P ? EventName<M> : {
    [E in EventName<M>]: Fits<Segments<P>, Segments<E>> extends true ? E : never;
}[EventName<M>];
/** What the events that a pattern matches carry. */
type PayloadMatching<M, P extends string> = EventsMatching<M, P> extends infer E ? (E extends EventName<M> ? EventPayload<M, E> : never) : never;

/** Commands that somebody answers and events that anybody hears, between all threads of the process. */

/** How a bus is opened. */
interface MessageBusOptions extends SharedOptions {
    /**
     * Milliseconds to wait for the answer of each command that is sent by this object and has no `timeout` of its own. Other objects and
     * threads of the same bus have theirs. Default: no limit.
     */
    timeout?: number;
}
/** How a command is sent. */
interface CommandOptions extends WaitOptions {
}
/** A bus's name for other threads. */
type MessageBusHandle = SharedHandle<'message-bus'>;
type BusEvent = keyof MessageBusEvents;
/**
 * A message bus: commands, each answered by one handler, and events, each for every subscriber, in all threads of the process that have
 * it open.
 *
 * A command goes to the handler of its name that has the fewest, of equals to each in turn, in whichever thread. Within a thread it is
 * a call of the handler: payload and result are handed over as they are, not copied. Between threads both are cloned as by `postMessage`;
 * what the platform alone can clone, such as a `MessagePort`, is refused with `UnsupportedError`. What a handler throws arrives as it is
 * within a thread, and between threads as an error of the same class name, message, own properties, cause and stack.
 *
 * A handler's thread that ends takes its handlers along, and the commands it has reject with `HandlerLostError`; the signals of
 * handlers whose caller's thread ends abort. Each subscriber gets the events of one publisher in the order in which they were published. A
 * command that waits for its answer keeps the process alive; an open bus, a handler and a subscription do not.
 *
 * @example
 * ```ts
 * interface Messages {
 *   commands: { 'user.findById': { payload: { id: number }; result: User | undefined } };
 *   events: { 'user.created': User; 'user.deleted': { id: number } };
 * }
 * const bus = new MessageBus<Messages>({ name: 'app' });             // in any thread
 * bus.handle('user.findById', ({ id }, { signal }) => database.find(id, signal));
 * bus.subscribe('user.*', (payload, { event }) => log(event, payload));
 *
 * const user = await bus.sendCommand('user.findById', { id: 123 }, { timeout: 5000 });
 * bus.publish('user.created', { id: 124, name: 'Ada' });
 * ```
 */
declare class MessageBus<M extends MessageTypes = AnyMessages> implements Disposable {
    #private;
    /**
     * @param options - `name` shares it by name; `timeout`.
     * @throws {@link InvalidArgumentError} for what cannot be meant; {@link MessageBusClosedError} if the bus of that name is closed and
     * somebody still has it.
     */
    constructor(options?: MessageBusOptions);
    /** Opens the bus of a name. @throws {@link NotFoundError} if there is none; {@link MessageBusClosedError}. */
    static open<M extends MessageTypes = AnyMessages>(name: string): MessageBus<M>;
    /**
     * Opens the bus that another thread's `toHandle` names.
     *
     * @throws {@link NotFoundError} if it is gone; {@link MessageBusClosedError}; {@link InvalidArgumentError} for what is no handle.
     */
    static from<M extends MessageTypes = AnyMessages>(handle: MessageBusHandle): MessageBus<M>;
    /** The bus's name, if it has one. */
    get name(): string | undefined;
    /** Whether it is closed. */
    get closed(): boolean;
    /** A token by which any thread of this process opens the same bus. It keeps the bus until that is closed or this thread ends. */
    toHandle(): MessageBusHandle;
    /**
     * Sends a command, and waits for its answer.
     *
     * @param name - The command.
     * @param args - Its payload, then `timeout` in milliseconds and `signal`: when either ends the wait, the handler's signal aborts.
     * @returns What the handler returned.
     * @throws What the handler throws; {@link NoHandlerError} at once if there is none, and the command is a dead letter;
     * {@link HandlerBusyError} if none has room; {@link CommandTimeoutError}; the signal's reason; {@link HandlerTimeoutError};
     * {@link HandlerLostError}; {@link MessageBusClosedError}; `DataCloneError` and {@link UnsupportedError} for what cannot cross.
     */
    sendCommand<C extends CommandName<M>>(name: C, ...args: PayloadAnd<CommandPayload<M, C>, [options?: CommandOptions]>): Promise<CommandResult<M, C>>;
    /**
     * Handles a command in this thread. Several handlers of one command share them.
     *
     * @param name - The command.
     * @param fn - Gets the payload, and `{ command, signal }`; what it returns or resolves to is the answer. It is called in the async context of
     * the sender within a thread, and in that of this call for other threads.
     * @returns What ends it: then it gets no new commands, and does those it has.
     * @throws {@link InvalidArgumentError} for what cannot be meant; {@link MessageBusClosedError}.
     */
    handle<C extends CommandName<M>>(name: C, fn: (payload: CommandPayload<M, C>, context: CommandContext) => CommandResult<M, C> | PromiseLike<CommandResult<M, C>>, options?: HandlerOptions): BusRegistration;
    /**
     * Publishes an event to every subscriber in any thread. Those of this thread have been called when it returns, with the payload as it is,
     * unless it is called by a subscriber: then they come after the event at hand. Other threads get clones.
     *
     * @returns How many subscribers it goes to.
     * @throws {@link InvalidArgumentError} for what is no event's name; {@link MessageBusClosedError}; `DataCloneError` and
     * {@link UnsupportedError} for what cannot cross, if other threads subscribe: nobody has been told then.
     */
    publish<E extends EventName<M>>(event: E, ...args: PayloadAnd<EventPayload<M, E>, []>): number;
    /**
     * Subscribes to events in this thread.
     *
     * @param pattern - An event's name, whose payload is typed; or a pattern of segments divided by dots, in which `*` stands for any one
     * segment and `**` for any number of them, none included: the payload is the union of what matches.
     * @param fn - Gets the payload and `{ event }`, in the async context of the publisher within a thread, and in that of this call for other
     * threads. It is not waited for. What it throws is told as `'subscriberError'`.
     * @returns What ends it.
     * @throws {@link InvalidArgumentError} for what cannot be meant; {@link MessageBusClosedError}.
     */
    subscribe<P extends string>(pattern: P, fn: (payload: PayloadMatching<M, P>, info: EventInfo<EventsMatching<M, P>>) => unknown): BusRegistration;
    /** Listens to the bus itself: dead letters of all threads, or errors of this thread's subscribers. Keeps no process alive. */
    on<K extends BusEvent>(event: K, listener: (...args: MessageBusEvents[K]) => void): this;
    /** Listens once. */
    once<K extends BusEvent>(event: K, listener: (...args: MessageBusEvents[K]) => void): this;
    /** Listens no more. */
    off<K extends BusEvent>(event: K, listener: (...args: MessageBusEvents[K]) => void): this;
    /** What it has counted, over all threads; once it is closed, until then. */
    getMetrics(): MessageBusMetrics;
    /**
     * Closes it for all threads: nothing is sent or published any more. Answers that were given still arrive; then commands that wait reject
     * with `MessageBusClosedError`, and the signals of handlers that run abort. Again does no harm.
     */
    close(): void;
    [Symbol.dispose](): void;
}

/** Takes an error that nobody awaits. */
type ErrorHandler = (error: Error) => void;
/** What every pattern can be told. */
interface PatternConfig {
    /** What it is called in a registry. Default: its class's name and a number. */
    readonly name: string;
    /** How many of its calls may run at once in this thread: a whole number from 1, or `Infinity`, the default. The others wait, in order. */
    readonly maxConcurrency: number;
    /** Milliseconds that each attempt of a call may take. Default `Infinity`. */
    readonly timeout: number;
    /** How often a call that fails is tried again: a whole number from 0, the default, or `Infinity`. */
    readonly retryAttempts: number;
    /** Whether it counts. Default true. */
    readonly enableMetrics: boolean;
    /** Takes what `handleError` is given. Default: a warning of the process. */
    readonly errorHandler: ErrorHandler;
}

/** What patterns count, and what a registry sees of all of them. */

/** What calls of one pattern, or of all of them, come to. */
interface PatternCounts {
    /** Calls begun. */
    calls: number;
    /** Calls that returned. */
    succeeded: number;
    /** Calls that failed in the end. */
    failed: number;
    /** How often a call was tried again. */
    retries: number;
    /** Errors that `handleError` was given. */
    errors: number;
    /** Calls that run now. */
    active: number;
    /** Calls that wait for their turn now. */
    waiting: number;
}
/** What a pattern has counted since it was made or reset. */
interface PatternMetrics extends PatternCounts {
    /** How long the calls that ended took from their turn on, in milliseconds, what was tried again included. */
    latency: TimeStatistics;
    /** Of an object that {@link asPattern} adapts: its own metrics, as it tells them. */
    details?: unknown;
}
/** A registered pattern, as it stands. */
interface PatternStanding {
    /** Its name in the registry. */
    name: string;
    /** What it is: its class. */
    kind: string;
    /** The thread it is registered in, as `threadId` has it. */
    thread: number;
    /** Whether it runs. */
    running: boolean;
    /** What it depends on. */
    dependsOn: readonly string[];
    /** How many milliseconds ago this was so: 0 for this thread's. */
    age: number;
    /** What it has counted. */
    metrics: PatternMetrics;
}
/** All registered patterns of all threads, and what they come to. */
interface GlobalMetrics extends PatternCounts {
    /** How many threads have any. */
    threads: number;
    /** How many of them run. */
    running: number;
    /** Each, by thread and in the order in which they were registered. */
    patterns: PatternStanding[];
}

/**
 * The base of patterns of your own: something with a life that a {@link PatternRegistry} can end in its turn. The classes of this package
 * have bases of their own; a registry takes them as they are.
 *
 * @example
 * ```ts
 * class Poller extends BasePattern {
 *   #timer: NodeJS.Timeout | undefined;
 *   async start() {
 *     const poll = () => this.retry(({ signal }) => fetch(url, { signal })).catch((error) => this.handleError(error));
 *     this.#timer = setInterval(poll, 1000);
 *   }
 *   async stop() {
 *     clearInterval(this.#timer);
 *     this.#timer = undefined;
 *   }
 *   isRunning() {
 *     return this.#timer !== undefined;
 *   }
 * }
 * const poller = new Poller({ name: 'poller', timeout: 5_000, retryAttempts: 3 });
 * registry.register(poller);
 * ```
 */
declare abstract class BasePattern implements AsyncDisposable {
    #private;
    /** How it was made, complete. Frozen. */
    protected config: PatternConfig;
    /** What it counts; `latency` is worked out by {@link getMetrics}. */
    protected metrics: PatternMetrics;
    /** Takes what {@link handleError} is given. */
    protected errorHandler: ErrorHandler;
    /** @throws {@link InvalidArgumentError} for what cannot be meant. */
    constructor(config?: Partial<PatternConfig>);
    /** Its name. */
    get name(): string;
    /** Starts it. */
    abstract start(): Promise<void>;
    /** Stops it. A registry also stops what does not run: that must do no harm. */
    abstract stop(): Promise<void>;
    /** Whether it runs. */
    abstract isRunning(): boolean;
    /** Ends it at once, if it can be: called when `stop` takes longer than a shutdown may. */
    terminate?(): Promise<unknown> | void;
    /** Counts an error that nobody awaits, and gives it to the `errorHandler`. What that throws is uncaught, and nobody's failure here. */
    protected handleError(error: Error): void;
    /**
     * Calls a function as the configuration says: when its turn has come (`maxConcurrency`), each attempt within `timeout`, again after a
     * growing pause while it fails (`retryAttempts`). It keeps its place during the pauses.
     *
     * @param fn - Its context's `signal` aborts when its time is over or its caller gives up.
     * @param options - `signal` ends the call, also while it waits.
     * @throws The last error; `CallTimeoutError`; the signal's reason.
     */
    protected retry<T>(fn: (context: CallContext) => Promise<T>, options?: CallOptions): Promise<T>;
    /** What it has counted. With `enableMetrics: false` nothing. */
    getMetrics(): PatternMetrics;
    /** Counts anew. What runs and waits now still does. */
    resetMetrics(): void;
    /** Stops it. */
    [Symbol.asyncDispose](): Promise<void>;
}

/** How an object lives, where its own methods do not say it. Each function gets the object. */
interface PatternLife<T> {
    /** Starts it. Default: nothing, as ours live from their making on. */
    start?(object: T): unknown;
    /** Stops it. Default: what {@link asPattern} finds. */
    stop?(object: T): unknown;
    /** Ends it at once, if `stop` takes too long. Default: its `terminate()`, `abort()` or `cancel()`, if it has one. */
    terminate?(object: T): unknown;
    /** Whether it runs. Default: its `closed`, if it has that; otherwise until it is stopped here. */
    isRunning?(object: T): boolean;
    /** What it counts. Default: its `getMetrics()`, `getStats()` or `stats`, if it has one. */
    getMetrics?(object: T): unknown;
}
/** An object with a life, as a pattern. Made by {@link asPattern}, and by a registry of what it is given. */
declare class AdaptedPattern<T extends object = object> extends BasePattern {
    #private;
    /** The object. */
    readonly object: T;
    /** Starts the object, if there is a way. */
    start(): Promise<void>;
    /** Ends the object, once. */
    stop(): Promise<void>;
    /** Whether the object has not ended, as far as it says so. */
    isRunning(): boolean;
    /** What the object has counted: in its own words as `details`, and in a pattern's as far as they say the same. */
    getMetrics(): PatternMetrics;
    /** Lets the object count anew, if it has a `resetMetrics`. */
    resetMetrics(): void;
}
/**
 * Makes a pattern of an object, so that a registry can end it in its turn.
 *
 * What ends it is the first there is of `[Symbol.asyncDispose]()`, `close()`, `shutdown()`, `[Symbol.dispose]()`, `stop()` and `drain()`, or
 * what `life.stop` does. All classes of this package that live are ended by what their `close()` does: a pool, pipeline, stage, fan-out or
 * object pool finishes what it was given; a fan-in and a task group end as their iteration and their tasks do; a channel, queue, ring,
 * broadcast, limiter, breaker, bulkhead, lock, retry executor or piece of shared memory is closed at once, **for all threads**. A timer and a
 * ticker are stopped, the threads of a `WorkerThreadManager` terminated.
 *
 * If a shutdown's time is up before, `terminate()`, `abort()` or `cancel()` is called, which pools, fans, pipelines and task groups have.
 *
 * @param name - What it is called in a registry.
 * @param object - Anything with a life.
 * @param life - How it lives, where its methods do not say it.
 * @throws {@link InvalidArgumentError} for an object that nothing ends.
 * @example
 * ```ts
 * registry.register(asPattern('database', client, { stop: (client) => client.end() }));
 * ```
 */
declare function asPattern<T extends object>(name: string, object: T, life?: PatternLife<T>): AdaptedPattern<T>;

/** What the registry refuses with. */

/** What went wrong with one pattern. */
interface PatternFailure {
    /** The pattern's name in the registry. */
    readonly name: string;
    /** What its `stop` threw; `WaitTimeoutError` if it was not over by the deadline; the signal's reason if that came first. */
    readonly error: unknown;
}
/** Some patterns did not end well. All the others have ended. */
declare class PatternShutdownError extends MillraceError {
    name: string;
    /** Which, and why, in the order in which it was known. */
    readonly failures: readonly PatternFailure[];
    /** The errors alone. */
    readonly errors: readonly unknown[];
}
/** The registry is being shut down: nothing can be registered until that is over. */
declare class RegistryShutdownError extends MillraceError {
    name: string;
}
/** Patterns that depend on one another in a circle: none of them could be stopped first. */
declare class DependencyCycleError extends MillraceError {
    name: string;
    /** The names, each of which depends on the next; the last is the first again. */
    readonly cycle: readonly string[];
}

/** Anything of ours with a life, or what looks like it. */
interface Living {
    /** Its name, if it has one. */
    readonly name?: string | undefined;
    /** Ends it. */
    close?(...args: never[]): unknown;
    /** Ends it. */
    shutdown?(...args: never[]): unknown;
    /** Ends it. */
    stop?(...args: never[]): unknown;
    /** Ends it. */
    drain?(...args: never[]): unknown;
    /** Ends it. */
    [Symbol.asyncDispose]?(): unknown;
    /** Ends it. */
    [Symbol.dispose]?(): unknown;
    /** Tells what it counts. */
    getMetrics?(): unknown;
    /** Tells what it counts. */
    getStats?(): unknown;
}

/** How a pattern is registered. */
interface RegisterOptions {
    /** What it is called here. Default: its own name. */
    name?: string;
    /** The names of registered patterns that it needs while it runs: they are stopped after it. */
    dependsOn?: readonly string[];
}
/**
 * Names patterns, sees those of all threads, and ends this thread's in reverse order of dependence. What is registered is kept until it is
 * unregistered or shut down. It keeps no process alive.
 *
 * It takes patterns of your own ({@link BasePattern}), everything of this package that lives (worker pools, pipelines and their stages, fans,
 * channels, queues, rings, broadcasts, limiters, breakers, bulkheads, load shedding, retry executors, locks, object and buffer pools, atomics,
 * shared memory, maps, singleflights and message buses), and what {@link asPattern} makes of anything else. How each is ended is told there.
 *
 * @example
 * ```ts
 * const registry = PatternRegistry.getInstance();
 * registry.register(pool);                                     // new FixedWorkerPool(4, { name: 'thumbnails', … })
 * registry.register(pipeline, { dependsOn: ['thumbnails'] });  // new Pipeline({ name: 'images' })
 * await registry.shutdownAll({ timeout: 10_000 });             // first the pipeline, then the pool
 * ```
 */
declare class PatternRegistry implements AsyncDisposable {
    #private;
    /** This thread's own registry, which {@link gracefulShutdown} ends if it is given no other. */
    static getInstance(): PatternRegistry;
    /**
     * Registers a pattern, or anything of this package that lives.
     *
     * @param pattern - The pattern. What has no name needs one in `options`.
     * @param options - `name`, `dependsOn`.
     * @throws {@link NameConflictError} if the name is taken; {@link NotFoundError} if it depends on what is not registered;
     * {@link DependencyCycleError}; {@link RegistryShutdownError} while all are shut down; {@link InvalidArgumentError}.
     */
    register(pattern: BasePattern | Living, options?: RegisterOptions): void;
    /**
     * Forgets a pattern, which goes on; a shutdown that has begun ends it all the same. What depends on it is ended without regard to it,
     * unless one of that name is registered again.
     *
     * @returns Whether there was one.
     */
    unregister(name: string): boolean;
    /** The pattern of a name: itself, or an {@link AdaptedPattern} whose `object` is what was registered. */
    getPattern(name: string): BasePattern | undefined;
    /** The names, in the order in which they were registered. */
    listPatterns(): string[];
    /**
     * How the patterns of all registries in all threads stand, and what they come to. Those of this thread are told as they are now. Those
     * of other threads are told as their thread last wrote (`age`): it does when one is registered, when calls through {@link BasePattern} have ended, by the end of its event loop's turn,
     * and soon after anybody has called this. {@link collectGlobalMetrics} waits for that. A thread that has ended no longer counts.
     */
    getGlobalMetrics(): GlobalMetrics;
    /**
     * The same, once every other thread has told how its patterns stand now.
     *
     * @throws {@link WaitTimeoutError} if a thread does not come to it in time; the signal's reason.
     */
    collectGlobalMetrics(options?: WaitOptions): Promise<GlobalMetrics>;
    /**
     * Stops all patterns of this registry: each when those that depend on it have ended, independent ones at once. One that fails stops none of
     * the rest. When all is over the registry is empty, and can be used again. A second call gives the same promise, whatever its options.
     *
     * @param options - `timeout`, in milliseconds, and `signal`: when the time is up, or the signal aborts, what has not ended is ended at once
     * where that can be (`terminate`), and not waited for. A signal that has aborted before leaves all as it is.
     * @throws {@link PatternShutdownError} with each that failed, or had not ended in time; the signal's reason, if it had aborted before.
     */
    shutdownAll(options?: WaitOptions): Promise<void>;
    /** Stops all patterns. */
    [Symbol.asyncDispose](): Promise<void>;
}

/** How a process is shut down. */
interface GracefulShutdownOptions {
    /** The signals that begin it. Default `['SIGTERM', 'SIGINT']`. */
    signals?: readonly NodeJS.Signals[];
    /** The servers to be ended: of `node:http` or `node:https`. Default: none. */
    servers?: readonly Server[];
    /** The registry to be shut down. Default: `PatternRegistry.getInstance()`. */
    registry?: PatternRegistry;
    /** Milliseconds that it may take until the process has ended; then it is made to. `Infinity` for no limit. Default 30000. */
    timeout?: number;
    /**
     * Called when it begins, with the signal, or `undefined` if it was begun by hand. While it runs the servers end; the patterns are
     * ended after it.
     */
    onShutdown?(signal: NodeJS.Signals | undefined): unknown;
}
/** What shuts the process down. Made by {@link gracefulShutdown}. */
declare class GracefulShutdown implements Disposable {
    #private;
    /** Whether it has begun: a server that is asked for its health says no from then on. */
    get shuttingDown(): boolean;
    /**
     * Begins it by hand, as a signal does. A second call gives the same promise.
     *
     * @returns Resolves when the servers and patterns have ended. What else keeps the process alive has until the deadline.
     * @throws What `onShutdown` threw; {@link PatternShutdownError}; both in a {@link CombinedError}. The process's exit code is 1 then.
     */
    shutdown(): Promise<void>;
    /** Takes its listeners away: signals do what they did before. A shutdown that has begun goes on. */
    [Symbol.dispose](): void;
}
/**
 * Shuts the process down when it is told to by a signal: the servers accept no more connections, those that idle are ended, requests in
 * flight end (and their connections after them), then the registry's patterns are stopped in their order, and the process ends by itself with
 * exit code 0. After the deadline, or at a second signal, it is made to end with 1, as it is with patterns that did not end well. What was
 * upgraded, such as WebSockets, is for `onShutdown` to end.
 *
 * @throws {@link InvalidArgumentError} for what cannot be meant; {@link UnsupportedError} in a worker thread, which gets no signals.
 * @example
 * ```ts
 * const server = app.listen(3000);
 * const life = gracefulShutdown({ servers: [server], timeout: 10_000 });
 * app.get('/ready', (_, response) => response.sendStatus(life.shuttingDown ? 503 : 200));
 * ```
 */
declare function gracefulShutdown(options?: GracefulShutdownOptions): GracefulShutdown;

/** What pipelines and their stages can be told. Times are in milliseconds. */

/**
 * What happens when an item fails: `'fail'` ends what the item belongs to with its error, when the item's turn comes; `'skip'` leaves the
 * item out; `'dead-letter'` leaves it out and sends it to the pipeline's dead letters.
 */
type OnError = 'fail' | 'skip' | 'dead-letter';
/** An item that failed, as it came to the stage where it did. */
interface DeadLetter<T = unknown> {
    /** What the stage was given. */
    item: T;
    /** The stage's name. */
    stage: string;
    /** What it threw in the end. */
    error: unknown;
    /** How often it was called for the item, replays included. */
    attempts: number;
}
/** What retries: a `RetryExecutor`, or anything with one of its methods. */
type Retrying = {
    call(fn: (context: CallContext) => Promise<unknown>, options?: {
        signal?: Cancellation;
    }): unknown;
} | {
    execute(fn: () => Promise<unknown>, options?: {
        signal?: Cancellation;
    }): unknown;
};
/** How a stage treats its items. */
interface StageOptions {
    /** Calls that may run at once. Default: the pipeline's `concurrency`. */
    concurrency?: number;
    /** Items that may wait in the stage beyond those: for their call, or to be passed on. Default: the pipeline's `bufferSize`. */
    bufferSize?: number;
    /** Whether items leave in the order in which they came. Default: the pipeline's `ordered`. */
    ordered?: boolean;
    /** What happens when an item fails. Default: the pipeline's `onError`. */
    onError?: OnError;
    /** How long one call may take: it fails with `StageTimeoutError`, and its `signal` aborts. Its place is free when it has ended. */
    timeout?: number;
    /** Calls again what fails. */
    retry?: Retrying;
    /** Asked before each call, retries included. */
    limiter?: LimiterLike;
}
/** The same with a name; without one it is that of what was called, such as `map`, with a number from the second on. */
interface NamedStageOptions extends StageOptions {
    /** The stage's name, which no other stage of the pipeline has. */
    name?: string;
}
/** What a stage does with an item. The function's second argument has the `signal` that aborts when nobody wants the result any more. */
type StageProcessor<TInput, TOutput> = (input: TInput, context: CallContext) => Promise<TOutput> | TOutput;
/** A stage. */
interface PipelineStageConfig<TInput, TOutput> extends StageOptions {
    /** Its name, which no other stage of the pipeline has. */
    name: string;
    /** What it does with an item. With `on` it is sent to workers: a self-contained function, or a module. */
    processor?: StageProcessor<TInput, TOutput> | ProcessorModule;
    /**
     * Where the processor runs: in a pool, in which `processor` is not needed if the pool has one, or in worker threads of the stage's own.
     * Default: in this thread.
     */
    on?: WorkerPool<TInput, TOutput> | WorkerPool<never, unknown> | 'workers';
}
/** A pipeline's configuration. */
interface PipelineConfig {
    /** What it is called in `getMetrics`. */
    name: string;
    /** What stages have that say nothing else. Default 1. */
    concurrency: number;
    /** What stages have that say nothing else, and results that wait for a stream's reader. Default 64. */
    bufferSize: number;
    /** What stages have that say nothing else. Default true. */
    ordered: boolean;
    /** What stages have that say nothing else. Default `'fail'`. */
    onError: OnError;
    /** Where dead letters go. While it is full, items that failed wait. Default: a channel within this thread, without a bound. */
    deadLetters: Channel<DeadLetter>;
}
/** How lists are cut out of a stream: by number, by time, or both. */
interface WindowOptions {
    /** Items of a full list. */
    size?: number;
    /** Items by which the next list begins after this one: less than `size` for lists that overlap. Default `size`. */
    slide?: number;
    /** Milliseconds after its first item that a list is passed on as it is. */
    ms?: number;
}
/** How long `close` waits. */
interface PipelineCloseOptions {
    /** Milliseconds after which what still runs is aborted. Default: no limit. */
    timeout?: number;
}

/** What pipelines and their stages tell of themselves. Times are in milliseconds. */

/** A stage's counts since it began or was reset. */
interface StageMetrics {
    /** The stage. */
    name: string;
    /** How many calls may run at once. */
    concurrency: number;
    /** Items that came. */
    in: number;
    /** Items that it passed on: for `flatMap` and `batch` not as many as came. */
    out: number;
    /** Items that its filter kept back. */
    filtered: number;
    /** Items whose error ended what they belong to. */
    failed: number;
    /** Items left out because of an error. */
    skipped: number;
    /** Items sent to the dead letters because of an error. */
    dead: number;
    /** Calls that run now. */
    inFlight: number;
    /** Items that wait here now: for their call, or to be passed on. */
    buffered: number;
    /** Items passed on per second, over the time in which any came. */
    throughput: number;
    /** How long a call takes, with its limiter and retries: of each of the first 128, then of every 64th. */
    latency: TimeStatistics;
}
/** A pipeline's counts since it began or was reset. */
interface PipelineMetrics {
    /** Its name, if it has one. */
    name: string | undefined;
    /** Items that came. */
    in: number;
    /** Results. */
    out: number;
    /** Items that filters kept back. */
    filtered: number;
    /** Items whose error ended what they belong to. */
    failed: number;
    /** Items left out because of an error. */
    skipped: number;
    /** Items sent to the dead letters. */
    dead: number;
    /** Calls that run now. */
    inFlight: number;
    /** Items that wait in stages now. */
    buffered: number;
    /** Results per second, over the time in which any item was under way. */
    throughput: number;
    /** The stage that holds up the others: {@link Pipeline.bottleneck}. */
    bottleneck: string | undefined;
    /** Each stage, in order. */
    stages: StageMetrics[];
}

/** Whatever items come from, read one at a time. */

/** What items can come from: anything iterable, a Web or Node stream, a channel. */
type PipelineSource<T> = AsyncIterable<T> | Iterable<T | PromiseLike<T>> | ReadableStream<T> | Readable | Channel<T>;

/**
 * A stage: a function that is called with each item, so many at once. It can be used alone, and in several pipelines, which share its
 * places then.
 *
 * @example
 * ```ts
 * const parse = new PipelineStage({ name: 'parse', processor: JSON.parse, concurrency: 2 });
 * const pipeline = new Pipeline<string>().addStage(parse);
 * ```
 */
declare class PipelineStage<TInput, TOutput> implements AsyncDisposable {
    #private;
    /** @throws {@link InvalidArgumentError} for what cannot be meant; `ProcessorError` for what cannot be sent to workers. */
    constructor(config: PipelineStageConfig<TInput, TOutput>);
    /** Its name. */
    get name(): string;
    /** How many calls may run at once. */
    get concurrency(): number;
    /** How many items may wait beyond those. */
    get bufferSize(): number;
    /**
     * Processes one item, when there is a place.
     *
     * @throws What the processor throws; {@link ItemDroppedError} if the stage leaves out what fails; {@link PipelineClosedError}.
     */
    process(input: TInput): Promise<TOutput>;
    /**
     * Processes items; the results come in their order, without those that were left out.
     *
     * @throws The first error, by the order of the items.
     */
    processBatch(inputs: readonly TInput[], options?: WaitOptions): Promise<TOutput[]>;
    /** Its counts, over all pipelines it is part of. */
    getMetrics(): StageMetrics;
    /** Items processed per second, over the time in which any was under way. */
    getThroughput(): number;
    /** How long a call takes, in milliseconds: the mean of those measured. */
    getLatency(): number;
    /** Takes no more by itself, waits for what it has, and ends its own worker threads. Again does no harm. */
    close(): Promise<void>;
    [Symbol.asyncDispose](): Promise<void>;
}

/** A pipeline's results, one after the other. */

/** How a stream is piped. */
interface PipeOptions extends Pick<WaitOptions, 'signal'> {
    /** Leaves the destination open at the end. Default false. */
    preventClose?: boolean;
}
/**
 * The results of a pipeline's run. Nothing is read before somebody reads here, and no more than the buffers hold beyond what is read.
 * Leaving the loop ends the source and the stages.
 */
declare class PipelineStream<T> implements AsyncIterableIterator<T, undefined>, AsyncDisposable {
    #private;
    /**
     * The next result.
     *
     * @throws What an item failed with, when its turn has come; what the source throws; the signal's reason; `WaitTimeoutError`;
     * `PipelineClosedError`. The stream is at its end then.
     */
    next(): Promise<IteratorResult<T, undefined>>;
    /** Ends the source and the stages. @returns Resolves when the source has ended, unless it was at work just then. */
    return(): Promise<IteratorResult<T, undefined>>;
    [Symbol.asyncIterator](): this;
    [Symbol.asyncDispose](): Promise<void>;
    /** All results that are left, in a list. @throws As {@link next}. */
    toArray(): Promise<T[]>;
    /**
     * Sends all results on, with the back-pressure of where they go, and closes that at the end. It is left open, or destroyed if it is a
     * stream, when this fails.
     *
     * @throws As {@link next}, and what the destination throws; the source and the stages have been ended then.
     */
    pipeTo(to: Channel<T> | WritableStream<T> | Writable, { preventClose, ...options }?: PipeOptions): Promise<void>;
    /** A Web stream of the results. */
    get readable(): ReadableStream<T>;
    /** A Node stream of the results, in object mode. */
    toReadable(): Readable;
}

/** Pipelines: stages in a row, through which items flow with back-pressure. */

/**
 * A pipeline: items go through its stages in a row, several at once in each, and come out in their order unless it is told otherwise.
 *
 * Each method that adds a stage gives a new pipeline, with counts of its own. A stage's `concurrency` is for all that runs through the
 * pipeline at once; its buffer is each run's own. When a stage has no room the one before it waits, and so on up to the source, which is
 * read no further ahead than the buffers hold. A pipeline that nothing runs through holds nothing and keeps no process alive.
 *
 * @example
 * ```ts
 * const pipeline = new Pipeline<string>({ onError: 'dead-letter' })
 *   .addStage({ name: 'parse', processor: parseOrder, concurrency: 2, bufferSize: 100 })
 *   .addFilter((order) => order.total > 0)
 *   .addStage({ name: 'enrich', processor: enrich, concurrency: 8, retry: executor, timeout: 1_000 })
 *   .batch(100, 50);
 * for await (const orders of pipeline.processStream(lines)) await insert(orders);
 * for await (const letter of pipeline.replay()) console.log('this time it went', letter);
 * ```
 */
declare class BuiltPipeline<TInput, TOutput> implements AsyncDisposable {
    #private;
    /** @throws {@link InvalidArgumentError} for what cannot be meant. */
    constructor(config?: Partial<PipelineConfig>);
    /**
     * Adds a stage. One that is a {@link PipelineStage} keeps its own concurrency, shared with all others that use it.
     *
     * @throws {@link InvalidArgumentError} for what cannot be meant; `ProcessorError` for what cannot be sent to workers.
     */
    addStage<TNext>(stage: PipelineStageConfig<TOutput, TNext> | PipelineStage<TOutput, TNext>): BuiltPipeline<TInput, TNext>;
    /** Lets pass the items of which the filter says so. */
    addFilter<TNext extends TOutput>(filter: (input: TOutput) => input is TNext, options?: NamedStageOptions): BuiltPipeline<TInput, TNext>;
    addFilter<_TNext>(filter: (input: TOutput) => boolean | Promise<boolean>, options?: NamedStageOptions): BuiltPipeline<TInput, TOutput>;
    /** Adds a stage that is little more than a function. */
    map<TNext>(fn: StageProcessor<TOutput, TNext>, options?: NamedStageOptions): BuiltPipeline<TInput, TNext>;
    /**
     * Passes on each value of what the function gives, as there is room. A generator is read no further, and has its stage's place until it
     * has ended if it is an asynchronous one.
     */
    flatMap<TNext>(fn: StageProcessor<TOutput, Iterable<TNext> | AsyncIterable<TNext>>, options?: NamedStageOptions): BuiltPipeline<TInput, TNext>;
    /** Calls the function with each item, waits if it gives a promise, and passes the item on as it is. */
    tap(fn: StageProcessor<TOutput, unknown>, options?: NamedStageOptions): BuiltPipeline<TInput, TOutput>;
    /**
     * Gathers items to lists.
     *
     * @param size - Items of a list. The last one of a run may have fewer.
     * @param ms - A list is passed on so many milliseconds after its first item, however few it has. Default: never.
     */
    batch(size: number, ms?: number, { name, ...rest }?: {
        name?: string;
    }): BuiltPipeline<TInput, TOutput[]>;
    /** Gathers items to lists by number, overlapping ones with `slide`, or by time alone: then a list holds all that came in it. */
    window({ name, ...options }: WindowOptions & {
        name?: string;
    }): BuiltPipeline<TInput, TOutput[]>;
    /**
     * With a pipeline: each item goes through this one and that one, and the results of both come out, this one's first. With a source: its
     * items come in here, as both come; a function is called for it in each run, otherwise only the first run gets anything.
     *
     * If one of two pipelines gathers, all items of a run go through it together, as in {@link branch}; what becomes of an item in the one
     * and in the other is then decided for each by itself.
     *
     * @throws {@link InvalidArgumentError} for what nothing can be read from.
     */
    merge<TOther>(other: BuiltPipeline<TInput, TOther> | PipelineSource<TOther> | (() => PipelineSource<TOther>)): BuiltPipeline<TInput, TOutput | TOther>;
    /**
     * Sends each item through the first branch that takes it; the results come out in the order of the items. An item that no branch takes
     * fails with {@link NoBranchError}.
     *
     * A branch may gather, with {@link batch} and {@link window}: the items of a run that go its way come together in lists. A list comes out
     * in the place of its last item. Nobody waits for one that is not full: one that is cut by time comes as soon as it is, behind what was
     * before its last item, and what is left at the end of the run comes in the order of the last items. What another source brings into a
     * branch comes out as it comes.
     *
     * What fails in a branch, and is not left out there, is for this stage's `onError`: a list that fails is each of its items, and as many
     * dead letters, which go their way again in {@link replay}. What another source has brought cannot be one, so that its error ends the
     * run. Aborting a branch that gathers ends the runs that go through it.
     *
     * @param options - `concurrency` is how many items may be in branches, without those in lists; default: as many as their stages run at
     * once.
     * @throws {@link InvalidArgumentError} for what cannot be meant.
     *
     * @example
     * ```ts
     * const orders = new Pipeline<Order>().branch({
     *   large: { when: (order) => order.total > 1000, to: new Pipeline<Order>().map(review) },
     *   rest: { to: new Pipeline<Order>().batch(100, 50).map(insertAll) },
     * });
     * ```
     */
    branch<R extends Record<string, Branch<TOutput, unknown>>>(branches: R, options?: Omit<NamedStageOptions, 'timeout' | 'retry' | 'limiter'>): BuiltPipeline<TInput, BranchResult<TOutput, R>>;
    /**
     * Sends one item through.
     *
     * @throws What the item fails with; {@link ItemDroppedError} if it was filtered or left out; `UnsupportedError` if it has several results;
     * the signal's reason; `WaitTimeoutError`; {@link PipelineClosedError}.
     */
    process(input: TInput, options?: WaitOptions): Promise<TOutput>;
    /**
     * Sends items through.
     *
     * @returns The results in the order of the items, without those of items that were filtered or left out.
     * @throws The first error, by the order of the items; the rest is aborted. The signal's reason; `WaitTimeoutError`;
     * {@link PipelineClosedError}.
     */
    processBatch(inputs: readonly TInput[], options?: WaitOptions): Promise<TOutput[]>;
    /**
     * Sends the items of a source through, as their results are read.
     *
     * @param inputs - Anything iterable, a Web or Node stream, or a channel, until it is closed.
     * @param options - `signal` ends it; `timeout` is for all of it, from the first read on.
     * @returns The results. What goes wrong is thrown to whoever reads them.
     * @throws {@link InvalidArgumentError} for what nothing can be read from.
     */
    processStream(inputs: PipelineSource<TInput>, options?: WaitOptions): PipelineStream<TOutput>;
    /**
     * Where dead letters go: the `deadLetters` it was made with, or a channel of its own within this thread, which is closed with the
     * pipeline.
     */
    get deadLetters(): Channel<DeadLetter>;
    /**
     * Sends dead letters again, each from its stage on. What fails once more becomes a letter again, with its attempts added.
     *
     * @param letters - Default: those that are in {@link deadLetters} now.
     * @returns The results; they come in the order of the letters as far as these are of one stage. A letter whose stage there is not fails
     * with {@link InvalidArgumentError}.
     */
    replay(letters?: PipelineSource<DeadLetter>, options?: WaitOptions): PipelineStream<TOutput>;
    /** Its counts, and those of each stage. */
    getMetrics(): PipelineMetrics;
    /** Results per second, or items that a stage has passed on, over the time in which any item was under way. */
    getThroughput(stage?: string): number;
    /** How long a stage's call takes, in milliseconds, or one call of each stage: the means of those measured, without waits in buffers. */
    getLatency(stage?: string): number;
    /** The stage whose calls take most time for their concurrency: it holds up the others. `undefined` while nothing was called. */
    bottleneck(): string | undefined;
    /** Begins counting anew, also in stages that other pipelines have too. */
    resetMetrics(): void;
    /** Resolves when nothing is under way, what was given up included. More may come meanwhile. */
    drain(options?: WaitOptions): Promise<void>;
    /**
     * Ends everything: what is under way rejects with the reason, sources are let go of, and no call begins any more. The pipeline takes no
     * more.
     *
     * @returns Resolves when the calls that ran have ended too; their `signal` has told them to.
     */
    abort(reason?: unknown): Promise<void>;
    /**
     * Takes no more, waits for what is under way, and ends the worker threads of its own stages. A stream that nobody reads is under way.
     * A second call waits for the first.
     */
    close(options?: PipelineCloseOptions): Promise<void>;
    [Symbol.asyncDispose](): Promise<void>;
}

/** What branches are told. */

/** Where items of a kind go in a branch. */
interface Branch<TItem, TResult> {
    /** Whether it takes the item. Default: it takes every one that comes to it. */
    when?: (item: TItem) => boolean;
    /** What the item goes through. Default: it passes as it is. */
    to?: BuiltPipeline<TItem, TResult>;
}
/** What comes out of branches. */
type BranchResult<TItem, R> = {
    [K in keyof R]: R[K] extends {
        to: BuiltPipeline<never, infer O>;
    } ? O : TItem;
}[keyof R];

/** What pipelines refuse with. */

/** The pipeline, or stage, is closed or was aborted: it takes no more. */
declare class PipelineClosedError extends MillraceError {
    name: string;
}
/** A stage's call took longer than the stage's `timeout`. */
declare class StageTimeoutError extends MillraceError {
    name: string;
    /** The stage. */
    readonly stage: string;
    /** The limit, in milliseconds. */
    readonly timeout: number;
}
/** `process` has no result to give: a filter kept the item back, or it was left out because of an error, which is the `cause` then. */
declare class ItemDroppedError extends MillraceError {
    name: string;
}
/** No branch takes the item. */
declare class NoBranchError extends MillraceError {
    name: string;
}
/** An item failed and its dead letter could not be sent. `cause` says why not; `error` is the item's own. */
declare class DeadLetterError extends MillraceError {
    name: string;
    /** Why the item failed. */
    readonly error: unknown;
}

/** The pipeline as it is made: without stages what goes in comes out, so the first stage takes what goes in. */

/** A pipeline without stages. */
interface EmptyPipeline<TInput, TOutput> extends BuiltPipeline<TInput, TInput> {
    /** Adds the first stage. */
    addStage<TNext>(stage: PipelineStageConfig<TInput, TNext> | PipelineStage<TInput, TNext>): BuiltPipeline<TInput, TNext>;
    /** The same, if it is declared to take what the pipeline is to give in the end. */
    addStage<TNext>(stage: PipelineStageConfig<TOutput, TNext> | PipelineStage<TOutput, TNext>): BuiltPipeline<TInput, TNext>;
}
/** Makes pipelines. `TOutput` says what is to come out in the end; what does is known from the stages. */
interface PipelineConstructor {
    new <TInput, TOutput = TInput>(config?: Partial<PipelineConfig>): EmptyPipeline<TInput, TOutput>;
}
/** See {@link BuiltPipeline}. */
declare const Pipeline: PipelineConstructor;
/** See {@link BuiltPipeline}. */
type Pipeline<TInput, TOutput> = BuiltPipeline<TInput, TOutput>;

/** How results are kept: the limits are those of the `SharedMap` they are kept in. */
interface CacheOptions extends SharedMapOptions {
    /** The key of a result, or what makes it of the arguments of a wrapped function; `call` has none. */
    key: MapKey | ((...args: any[]) => MapKey);
}
/** A cache, as a part of a policy. Made by {@link cache}. */
declare class Cache implements PolicyPart {
    #private;
    /** What is kept, by key. */
    readonly entries: SharedMap<MapKey, unknown>;
    /**
     * The result that is kept, or that of the function, which is called once among all threads that ask meanwhile. As the result is for
     * all of them, no caller can end the function, only his own wait.
     *
     * @throws What the function throws, which is not kept; `DataCloneError` and {@link UnsupportedError} for results that no other thread can
     * get; the signal's reason.
     */
    call<T>(fn: GuardedFunction<T>, options?: CallOptions): Promise<T>;
    /** A function whose results are kept by its arguments. */
    wrap<This, Args extends unknown[], R>(fn: (this: This, ...args: Args) => R): (this: This, ...args: Args) => Promise<Awaited<R>>;
}
/**
 * Keeps results for all threads, as a part of a policy. What is kept are clones; `undefined` is not kept.
 *
 * @param options - `key`, and the limits of a `SharedMap`: `ttl`, `maxEntries`, `maxBytes`; `name` shares it by name.
 * @example
 * ```ts
 * const user = policy(cache({ name: 'users', ttl: 60_000, maxEntries: 10_000, key: (id) => id }), retry).wrap(load);
 * ```
 */
declare function cache(options: CacheOptions): Cache;

/** When a fallback stands in. */
interface FallbackOptions {
    /** Whether it stands in for this failure. Default: for any. */
    when?: (error: unknown) => boolean;
}
/** A fallback, as a part of a policy. Made by {@link fallback}. */
declare class Fallback<F> implements PolicyPart {
    #private;
    /**
     * Calls a function. That the caller gave up is no failure to stand in for.
     *
     * @throws What the function throws and `when` leaves out; what the fallback throws; the signal's reason.
     */
    call<T>(fn: GuardedFunction<T>, options?: CallOptions): Promise<T | F>;
    /** A function that calls another with this fallback, with its own `this` and arguments. */
    wrap<This, Args extends unknown[], R>(fn: (this: This, ...args: Args) => R): (this: This, ...args: Args) => Promise<Awaited<R> | F>;
}
/**
 * Something else in place of a failure, as a part of a policy.
 *
 * @param instead - The value, or a function that gets the error and the call's context and makes it.
 * @param options - `when` says for which failures.
 * @example
 * ```ts
 * const prices = policy(fallback(() => lastKnown, { when: (error) => error instanceof CircuitOpenError }), breaker);
 * ```
 */
declare function fallback<F>(instead: (error: unknown, context: CallContext) => F | PromiseLike<F>, options?: FallbackOptions): Fallback<F>;
declare function fallback<F>(instead: F, options?: FallbackOptions): Fallback<F>;

/** What lets so many pass: a rate limiter, or a semaphore, whose guard is given back when the call ends. */
interface Limits {
    /** Waits until so many may pass. */
    acquire(count?: number, options?: WaitOptions): PromiseLike<unknown>;
    /** Lets so many pass if they may at once; otherwise gives `false` or `undefined`. */
    tryAcquire(count?: number): unknown;
}
/** How a limiter stands in a policy. */
interface LimitedOptions {
    /** Milliseconds to wait for the limiter at most. */
    timeout?: number;
}
/** A limiter, as a part of a policy. Made by {@link limited}. */
declare class Limited implements PolicyPart {
    #private;
    /**
     * Calls a function once the limiter lets it pass.
     *
     * @throws What the limiter refuses with, the function not called; the signal's reason; what the function throws.
     */
    call<T>(fn: GuardedFunction<T>, options?: CallOptions): Promise<T>;
    /** A function that calls another once the limiter lets it pass, with its own `this` and arguments. */
    wrap<This, Args extends unknown[], R>(fn: (this: This, ...args: Args) => R): (this: This, ...args: Args) => Promise<Awaited<R>>;
}
/**
 * A rate limiter or a semaphore as a part of a policy: each call waits until it may pass, and gives back what is to be given back.
 *
 * @param limiter - Any of ours, or what looks like one.
 * @param count - What one call takes. Default 1.
 * @param options - `timeout` bounds the wait.
 * @example
 * ```ts
 * const api = policy(limited(new TokenBucketRateLimiter({ capacity: 10, refillRate: 10 })), timeout(1000));
 * ```
 */
declare function limited(limiter: Limits, count?: number, options?: LimitedOptions): Limited;

/** What fallbacks among the parts may give beside the function's own result. */
type Instead<P> = P extends Fallback<infer F> ? F : P extends Policy<infer E> ? E : never;
/** Parts that call one another, the first of them outermost. Made by {@link policy}. */
declare class Policy<E = never> implements PolicyPart {
    #private;
    /**
     * Calls a function through all parts.
     *
     * @param fn - Gets the context of the innermost part: its `signal` aborts when any of them gives up.
     * @throws What the outermost part throws.
     */
    call<T>(fn: GuardedFunction<T>, options?: CallOptions): Promise<T | E>;
    /** A function that calls another through all parts, with its own `this` and arguments. */
    wrap<This, Args extends unknown[], R>(fn: (this: This, ...args: Args) => R): (this: This, ...args: Args) => Promise<Awaited<R> | E>;
}
/**
 * Composes parts: breakers, bulkheads, retry executors, `timeout`, `fallback`, `limited`, `cache`, other policies, or anything with
 * `call(fn, { signal })`.
 *
 * @param parts - In the order in which a call passes them: the first is outermost.
 * @example
 * ```ts
 * const guarded = policy(fallback([]), new RetryExecutor(retries), breaker, timeout(500));
 * const users = await guarded.call(({ signal }) => fetchUsers({ signal }));
 * ```
 */
declare function policy<P extends readonly [PolicyPart, ...PolicyPart[]]>(...parts: P): Policy<Instead<P[number]>>;
/**
 * A method decorator (TC39's): each call of the method goes through a policy, which all instances share.
 *
 * @param part - A policy, or a part of one.
 * @example
 * ```ts
 * class Users {
 *   @guarded(policy(new RetryExecutor(retries), timeout(500)))
 *   async load(id: string): Promise<User> { … }
 * }
 * ```
 */
declare function guarded(part: PolicyPart): <This, Args extends unknown[], R>(method: (this: This, ...args: Args) => Promise<R>, context: ClassMethodDecoratorContext<This, (this: This, ...args: Args) => Promise<R>>) => (this: This, ...args: Args) => Promise<R>;

/**
 * What happens when a call's time is over. `'aggressive'`: it rejects at once, and the function, whose `signal` aborts, ends when it likes.
 * `'cooperative'`: the function's `signal` aborts, and the call ends when the function does.
 */
type TimeoutMode = 'aggressive' | 'cooperative';
/** A time limit for each call, as a part of a policy. Made by {@link timeout}. */
declare class Timeout implements PolicyPart {
    #private;
    /**
     * Calls a function.
     *
     * @throws {@link CallTimeoutError} if it takes too long; the signal's reason; what the function throws.
     */
    call<T>(fn: GuardedFunction<T>, options?: CallOptions): Promise<T>;
    /** A function that calls another within the limit, with its own `this` and arguments. */
    wrap<This, Args extends unknown[], R>(fn: (this: This, ...args: Args) => R): (this: This, ...args: Args) => Promise<Awaited<R>>;
}
/**
 * A time limit for each call, as a part of a policy. All calls of a thread share one timer. While a call runs within its limit, the
 * process lives.
 *
 * @param ms - The limit, above 0; never early, and late by what is left of the event loop's turn in which the call began.
 * @param mode - `'aggressive'`, the default, rejects at once; `'cooperative'` waits for the function, whose `signal` has aborted: what it
 * returns even so is the result, and what it throws is the `cause` of the {@link CallTimeoutError}.
 * @example
 * ```ts
 * const user = await timeout(500).call(({ signal }) => fetch(url, { signal }));
 * ```
 */
declare function timeout(ms: number, mode?: TimeoutMode): Timeout;

/** `fetch` under a policy, with a breaker and limits of its own for each host. */

/** How {@link wrapFetch} tells good from bad, and host from host. */
interface WrapFetchOptions {
    /**
     * Whether a response counts as a failure, for breakers and for retry. Default: 408, 425, 429, 500, 502, 503 and 504. Whatever it says,
     * in the end the caller gets the response, as from `fetch`.
     */
    isFailure?: (response: HttpResponse) => boolean;
    /** What requests have a policy of their own for. Default: the URL's host, with its port. */
    keyOf?: (url: URL) => string;
    /** Methods whose requests may be sent again. Default: GET, HEAD, OPTIONS, TRACE, PUT and DELETE. */
    repeatable?: readonly string[];
    /** Hosts that are remembered, at least 1; the one that was asked least recently is forgotten first. Default 1000. */
    maxHosts?: number;
}
/** What there is to see of a response: those of `fetch`, and those of undici's `request`. */
interface HttpResponse {
    /** Of `fetch`. */
    readonly status?: number;
    /** Of undici's `request`. */
    readonly statusCode?: number;
    /** A `Headers`, or an object. */
    readonly headers: object;
    /** The rest. */
    readonly body?: unknown;
}
/** A response that counts as a failure. Breakers and retry see it; the caller of a wrapped `fetch` gets the response itself. */
declare class HttpFailureError extends MillraceError {
    name: string;
    /** The response. */
    readonly response: HttpResponse;
    /** Its status. */
    readonly status: number;
    /** Whether the request may be sent again. */
    readonly retryable: boolean;
    /** Its headers, of which retry reads `Retry-After`. */
    readonly headers: object;
}
/**
 * `fetch`, or undici's `fetch` or `request`, whose requests go through a policy.
 *
 * A response that counts as a failure (429 and 503 among others) is a failure for the breaker, and is asked for again by retry, which waits as long
 * as its `Retry-After` says. When that comes to nothing the caller gets the last response; of those before, the connections are let go. A
 * request that may not be sent twice (POST and PATCH, unless `repeatable` names them, and all whose body is a stream) is sent once.
 *
 * @param fetch - What sends requests.
 * @param policy - The policy of all requests; or a function that makes one for each host, so that each has a breaker and limits of its own. Give
 * their parts names that contain the host's to share them among threads.
 * @throws {@link InvalidArgumentError} for arguments that cannot be meant. A call throws what `fetch` does, and what the policy does (such as
 * `CircuitOpenError`).
 * @example
 * ```ts
 * const ask = wrapFetch(fetch, (host) => policy(
 *   new RetryExecutor(new RetryPolicy({ maxAttempts: 3 })),
 *   new CircuitBreaker({ failureThreshold: 5, name: `upstream ${host}` }),
 *   timeout(2000, 'aggressive'),
 * ));
 * const response = await ask('https://example.com/');
 * ```
 */
declare function wrapFetch<F extends (...args: never[]) => Promise<HttpResponse>>(fetch: F, policy: PolicyPart | ((host: string) => PolicyPart), options?: WrapFetchOptions): F;

/** What was reserved: it is taken when its time comes, whoever looks, unless it is cancelled before. */
declare class Reservation {
    #private;
    /** Milliseconds from when it was made until it may be acted upon; 0 for at once. Less if somebody before it leaves the line. */
    readonly delay: number;
    /** The same as a time: milliseconds since 1970. */
    readonly retryAt: number;
    /**
     * Whether it still waits for its time. Not if it was granted at once, has been taken or cancelled, or the limiter was closed or configured so
     * that it will never be.
     */
    get pending(): boolean;
    /**
     * Gives it up: what it would have taken is others', and those behind it move up.
     *
     * @returns False if its time has come and it has been taken, or it was cancelled before.
     */
    cancel(): boolean;
}

/** What every limiter takes beside its rule. */
interface LimiterOptions extends SharedOptions {
    /** How many may wait at once, a whole number from 0 to 2²⁴; more are refused with `RateLimitError`. Default 2²⁴. */
    maxWaiting?: number;
}
/** How a limiter stands, for one who asks for 1. */
interface LimiterCheck {
    /** Whether 1 could be taken now. */
    readonly allowed: boolean;
    /** The most that can be asked for at once. */
    readonly limit: number;
    /** What could be taken now; 0 while others wait. */
    readonly remaining: number;
    /** Milliseconds until 1 can be taken, behind all who wait; 0 if now. */
    readonly retryAfter: number;
    /** When it stands as if nobody had ever come, if nobody comes: milliseconds since 1970. A jump of the system's clock does not move it. */
    readonly resetAt: number;
}
/** What has happened at a limiter so far, in all threads. */
interface LimiterMetrics {
    /** Passed, at once or after waiting. */
    readonly allowed: number;
    /** Did not pass and did not wait. */
    readonly refused: number;
    /** Passed after waiting. */
    readonly waited: number;
    /** Gave up waiting: cancelled, or out of time. */
    readonly cancelled: number;
    /** How long those who passed had waited, together, in milliseconds. */
    readonly waitedSum: number;
    /** The longest of these waits, in milliseconds. */
    readonly waitedMax: number;
    /** Wait now. */
    readonly waiting: number;
}
/** The events of a limiter, with what each listener gets. */
interface LimiterEvents {
    /** A call of this thread was refused: how much it asked for, and how many milliseconds until it could pass (`Infinity`: never). */
    limited: [count: number, retryAfter: number];
    /** It is closed, by whichever thread. */
    close: [];
}
/** A limiter, as this thread sees it. Not made itself. */
declare abstract class Limiter<Kind extends string = string> extends HeardObject<Kind, LimiterEvents> implements Disposable {
    #private;
    /** How many wait, in all threads. */
    get waiting(): number;
    /** Whether it is closed. */
    get closed(): boolean;
    /**
     * Takes `count` if that needs no waiting. Nobody passes those who wait.
     *
     * @param count - A whole number from 1. Default 1.
     * @returns Whether it was taken. Never of a closed limiter, and never more than the limit.
     */
    tryAcquire(count?: number): boolean;
    /**
     * Asks for each of several counts in order, as {@link tryAcquire} would.
     *
     * @returns For each whether it was taken.
     * @throws {@link InvalidArgumentError} for a count that cannot be meant; then none was taken.
     */
    tryAcquireBatch(counts: readonly number[]): boolean[];
    /**
     * Takes `count` as soon as it may. First come, first served: one who asks for much is not overtaken by others who ask for little.
     *
     * @param count - A whole number from 1. Default 1.
     * @returns Resolves when it has been taken. One who gives up has taken nothing.
     * @throws {@link RateLimitError} at once if it could not be within `timeout`, or as many wait as may; {@link InvalidArgumentError} for more than
     * is ever allowed at once; {@link WaitTimeoutError} if it took longer than it looked at first; the signal's reason;
     * {@link LimiterClosedError}.
     */
    acquire(count?: number, options?: WaitOptions): Promise<void>;
    /** As {@link acquire}, and blocks this thread: worker threads only. @throws {@link UnsupportedError} in the main thread. */
    acquireSync(count?: number, options?: WaitOptions): void;
    /**
     * Calls a function once 1 has been taken for it.
     *
     * @param options - `signal` ends the wait, and is the function's signal.
     * @throws As {@link acquire}, and what the function throws.
     */
    call<T>(fn: (context: CallContext) => T | PromiseLike<T>, options?: {
        signal?: Cancellation;
    }): Promise<T>;
    /**
     * Reserves `count`: a place in line at which nobody waits. It is taken when its time comes.
     *
     * @param count - A whole number from 1. Default 1.
     * @returns When that is, and a way to give it up.
     * @throws {@link InvalidArgumentError} for more than is ever allowed at once; {@link RateLimitError} if as many wait as may;
     * {@link LimiterClosedError}.
     */
    reserve(count?: number): Reservation;
    /** How it stands, in one call. */
    check(): LimiterCheck;
    /** Takes `count`, allowed or not: all others wait until that has come back too. */
    penalty(count?: number): void;
    /** Gives `count` back, no more than has been taken; those who wait may pass. */
    reward(count?: number): void;
    /** Lets nobody pass for so many milliseconds; those who wait keep their places. 0 ends it. */
    block(ms: number): void;
    /** Forgets what was taken, and a block. */
    reset(): void;
    /** What has happened so far, in all threads. */
    getMetrics(): LimiterMetrics;
    /** Closes it for all threads: those who wait reject with `LimiterClosedError`, and nobody passes any more. Again does no harm. */
    close(): void;
    [Symbol.dispose](): void;
}

/** One limiter of several. */
interface CompositePart {
    /** The limiter. */
    readonly limiter: Limiter;
    /** How much is taken from it for each 1 that is asked for, a whole number from 1. Default 1. */
    readonly weight?: number;
}
/**
 * Several limiters, all or nothing: one passes if all of them allow it, and otherwise none of them counts it. Those who wait here are served in the order of
 * their coming; whoever waits at one of the limiters directly stands before them, so one that always has a line of its own lets nobody of
 * this one pass, and makes what is reserved here later, as its `pending` says. One who waits here learns that a limiter was reset, or has other numbers, when it would have looked again.
 * What concerns the rules (`penalty`, `reward`, `block`, `reset`) is done to each. Closing it leaves its limiters open; one of them
 * that is closed closes it.
 *
 * @example
 * ```ts
 * const both = new CompositeRateLimiter([{ limiter: perSecond }, { limiter: perHour }, { limiter: cost, weight: 5 }]);
 * await both.acquire();
 * ```
 */
declare class CompositeRateLimiter extends Limiter<'composite-limiter'> {
    /**
     * @param parts - The limiters, at least one. One that is named twice counts with the sum of its weights.
     * @param options - `name` shares it by name, `maxWaiting` bounds its line.
     * @throws {@link InvalidArgumentError}; {@link NameConflictError} if the name is in use with other limiters.
     */
    constructor(parts: readonly CompositePart[], options?: LimiterOptions);
    /** Opens the limiter of a name. @throws {@link NotFoundError} if there is none. */
    static open(name: string): CompositeRateLimiter;
    /** Opens the limiter that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
    static from(handle: SharedHandle<'composite-limiter'>): CompositeRateLimiter;
}

/** A lock or permits in this thread's hands. `using` gives them back at the end of the block. */
declare class Guard implements Disposable {
    #private;
    /**
     * Whether a thread has died holding the lock since {@link Mutex.clearPoison} was last called: what it guards may be half done.
     */
    readonly poisoned: boolean;
    /** Whether it still holds. */
    get held(): boolean;
    /** Gives back. @throws {@link NotHeldError} if that was done before. */
    release(): void;
    [Symbol.dispose](): void;
}

/** What has happened at a limiter of concurrency so far, in all threads. */
interface ConcurrencyMetrics extends LimiterMetrics {
    /** How many have a place now. */
    readonly inUse: number;
    /** How many had one at once at most. */
    readonly peak: number;
}
/** The events of a limiter of concurrency, with what each listener gets. */
interface ConcurrencyEvents {
    /** Somebody was refused, in whichever thread: no place was free and it did not wait, or as many wait as may. */
    limited: [];
    /** It is closed, by whichever thread. */
    close: [];
}
/**
 * At most so many at once, among all threads of the process. Each who passes gives the place back when it is done; a thread that ends gives
 * back all of its own. First come, first served.
 *
 * @example
 * ```ts
 * const limiter = new ConcurrencyLimiter(10, { name: 'database' });
 * const rows = await limiter.run(() => query(sql));
 * ```
 */
declare class ConcurrencyLimiter extends HeardObject<'concurrency-limiter', ConcurrencyEvents> implements Disposable {
    #private;
    /**
     * @param limit - How many at once, a whole number from 1 to 2²⁴.
     * @param options - `name` shares it by name, `maxWaiting` bounds the line.
     * @throws {@link InvalidArgumentError}; {@link NameConflictError} if the name is in use with another limit or `maxWaiting`.
     */
    constructor(limit: number, options?: LimiterOptions);
    /** Opens the limiter of a name. @throws {@link NotFoundError} if there is none. */
    static open(name: string): ConcurrencyLimiter;
    /** Opens the limiter that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
    static from(handle: SharedHandle<'concurrency-limiter'>): ConcurrencyLimiter;
    /** How many at once. */
    get limit(): number;
    /** How many more may pass now. */
    get available(): number;
    /** How many wait. */
    get waiting(): number;
    /** Whether it is closed. */
    get closed(): boolean;
    /** Takes a place if one is free; otherwise, and of a closed limiter, gives `undefined`. */
    tryAcquire(): Guard | undefined;
    /**
     * Waits for a place.
     *
     * @returns A guard, to be released.
     * @throws {@link RateLimitError} if as many wait as may; its `retryAfter` is `Infinity`, as nobody knows when one is done.
     * {@link WaitTimeoutError}; the signal's reason; {@link LimiterClosedError}.
     */
    acquire(options?: WaitOptions): Promise<Guard>;
    /** As {@link acquire}, and blocks this thread: worker threads only. @throws As `acquire`; {@link UnsupportedError} in the main thread. */
    acquireSync(options?: WaitOptions): Guard;
    /** Runs a function while it has a place. @throws As {@link acquire}, and what the function throws. */
    run<T>(fn: () => T | PromiseLike<T>, options?: WaitOptions): Promise<T>;
    /** Calls a function while it has a place. `signal` ends the wait, and is the function's signal. */
    call<T>(fn: (context: CallContext) => T | PromiseLike<T>, options?: {
        signal?: Cancellation;
    }): Promise<T>;
    /**
     * Lets so many at once from here on, in all threads. Those who are too many keep their places until they give them back; those who wait
     * pass if they may now. The name's configuration stays the one it was made with.
     *
     * @param config - `limit`, as the constructor takes it.
     * @throws {@link InvalidArgumentError}
     */
    configure(config: {
        limit: number;
    }): void;
    /** What has happened so far, in all threads. */
    getMetrics(): ConcurrencyMetrics;
    /**
     * Closes it for all threads: those who wait reject with `LimiterClosedError`, and nobody passes any more. Places can still be given back.
     * Again does no harm.
     */
    close(): void;
    [Symbol.dispose](): void;
}

/** What limiters refuse with. */

/** Why something may not pass. */
type RefusalReason = 'limit' | 'queue' | 'blocked' | 'denied' | 'full';
/** It may not pass, and it is not waited for: it could not be in time, as many wait as may, or waiting does not help. */
declare class RateLimitError extends MillraceError {
    name: string;
    /** Milliseconds until it could pass, as it looks now; `Infinity` if waiting does not help. */
    readonly retryAfter: number;
    /**
     * `'limit'`: the limit is reached for longer than the wait may take. `'queue'`: as many wait as may. Of keys also `'blocked'` and `'denied'`,
     * and `'full'`: there is no room for a new one.
     */
    readonly reason: RefusalReason;
}
/** The limiter is closed: nobody passes any more. */
declare class LimiterClosedError extends MillraceError {
    name: string;
}

/** A limiter with a rule, `Config` being its numbers. Not made itself. */
declare abstract class RateLimiter<Kind extends string, Config extends object> extends Limiter<Kind> {
    /** The numbers it decides by now. */
    abstract get config(): Readonly<Required<Config>>;
    /**
     * Decides by other numbers from here on, in all threads; what is left out stays. Those who wait keep their order; one who waits for more than is
     * ever allowed now rejects with `InvalidArgumentError`.
     *
     * @throws {@link InvalidArgumentError}
     */
    configure(config: Partial<Config>): void;
}

/** A counter that begins anew with each window. */

/** The numbers of a fixed window. */
interface FixedWindowConfig {
    /** How long each window is, in milliseconds, at least 0.001. */
    windowSize: number;
    /** How many requests may pass in each, a whole number from 1 to 2²⁷-1. */
    maxRequests: number;
}
/**
 * A fixed window for all threads of the process: at most `maxRequests` in each window, one window after the other. The cheapest rule, and the coarsest: around
 * the edge of two windows up to twice as many pass within `windowSize` ms.
 *
 * @example
 * ```ts
 * const limiter = new FixedWindowRateLimiter({ windowSize: 60_000, maxRequests: 1000 });
 * if (!limiter.tryRequest()) throw new Error('slow down');
 * ```
 */
declare class FixedWindowRateLimiter extends RateLimiter<'fixed-window', FixedWindowConfig> {
    /**
     * @param config - Its numbers; `name` shares it by name, `maxWaiting` bounds the line.
     * @throws {@link InvalidArgumentError} for what cannot be meant; {@link NameConflictError} if the name is in use with other numbers.
     */
    constructor(config: FixedWindowConfig & LimiterOptions);
    /** Opens the limiter of a name. @throws {@link NotFoundError} if there is none. */
    static open(name: string): FixedWindowRateLimiter;
    /** Opens the limiter that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
    static from(handle: SharedHandle<'fixed-window'>): FixedWindowRateLimiter;
    get config(): Readonly<Required<FixedWindowConfig>>;
    /** Takes 1 if that needs no waiting. */
    tryRequest(): boolean;
    /** Takes 1 as soon as it may. @throws As {@link Limiter.acquire}. */
    request(options?: WaitOptions): Promise<void>;
    /** Takes `count` requests if that needs no waiting: all or none. */
    tryRequestBatch(count: number): boolean;
    /** The number of the window of now: one more each `windowSize` ms. */
    getCurrentWindow(): number;
    /** How many requests count now. */
    getRequestCount(): number;
}

/** The algorithms of {@link KeyLimit}; their places are their numbers. */
declare const algorithms: readonly ["token-bucket", "fixed-window", "sliding-window"];
/** How a limit counts. */
type KeyAlgorithm = (typeof algorithms)[number];
/** One limit of a key: so many per window. */
interface KeyLimit {
    /** How many per `window`, a whole number from 1. */
    limit: number;
    /** The window, in milliseconds. */
    window: number;
    /**
     * `'token-bucket'` (default): `limit` come back evenly over each window, and `capacity` can be saved up; within a time w at most
     * capacity + limit × w ÷ window pass. `'fixed-window'`: the window begins with the key's first hit, and all come back at its end; two
     * windows that meet can let twice the limit pass in one window's time. `'sliding-window'`: what was taken in the window before counts by
     * the part of it that is still covered, as if it had been spread evenly; nearly twice the limit can pass in one window's time.
     */
    algorithm?: KeyAlgorithm;
    /** Only for token buckets: how many can be saved up, and so taken at once. Default: `limit`. */
    capacity?: number;
    /** Only for token buckets: whether what was saved up may be taken at once. `false` spaces requests evenly. Default true. */
    enableBurst?: boolean;
}

/** What can be a limiter's key. `1` and `'1'` are two. */
type LimiterKey = string | number | bigint;
/** A list of keys, the same for all threads. A key stands on one of a limiter's two lists at most: to add it here takes it from the other. */
declare class KeyList {
    #private;
    /** Adds a key. @returns Whether it was not on this list. */
    add(key: LimiterKey): boolean;
    /** Whether a key is on this list. */
    has(key: LimiterKey): boolean;
    /** Removes a key. @returns Whether it was on this list. */
    delete(key: LimiterKey): boolean;
}

/** What a limiter of many keys takes, answers, counts and tells. */

/** How a limiter of many keys is made. */
interface KeyedRateLimiterOptions extends SharedOptions {
    /** What each key is limited to: one limit, or up to four that hold all at once, such as 10 per second and 1000 per hour. */
    limits: KeyLimit | readonly KeyLimit[];
    /** How many keys it remembers at most, a whole number from 1; only those count whose limits have not all come back. Default: no limit. */
    maxKeys?: number;
    /**
     * What happens to a new key when there are `maxKeys` that still owe something: `'refuse'` (default) refuses it, `'allow'` lets it pass
     * uncounted. Nobody's count is ever dropped to make room.
     */
    onFull?: 'refuse' | 'allow';
    /** How many may wait at once, whatever their keys, a whole number from 0 to 2²⁴; more are refused with `RateLimitError`. Default 2²⁴. */
    maxWaiting?: number;
    /** Keys for the allow list; they are added to what others have added. */
    allow?: Iterable<LimiterKey>;
    /** Keys for the deny list; they are added to what others have added. */
    deny?: Iterable<LimiterKey>;
}
/** What was decided about a request, and how its key stands. */
interface KeyDecision {
    /** Whether it may pass. */
    readonly allowed: boolean;
    /** Why not: a limit, a block, the deny list, or no room for a new key. `undefined` if it may. */
    readonly reason: RefusalReason | undefined;
    /** The most that can be taken at once: of several limits, of the one of which the least remains. */
    readonly limit: number;
    /** What is left of it. */
    readonly remaining: number;
    /** In how many milliseconds it could pass; 0 if it may now, `Infinity` if never. */
    readonly retryAfter: number;
    /** When all has come back if nothing more is taken: milliseconds since 1970, as `Date.now()`. */
    readonly resetAt: number;
    /** When it was decided, on a clock of the process: for {@link KeyedRateLimiter.reward}. */
    readonly at: number;
}
/** What a limiter of many keys has counted, over all threads. */
interface KeyedStatistics {
    /** Keys that it remembers, those included whose limits have come back and that nobody has met since. */
    keys: number;
    /** Bytes of its tables. */
    bytes: number;
    /** Who waits. */
    waiting: number;
    /** Requests that passed. */
    allowed: number;
    /** Requests that did not. */
    refused: number;
    /** Requests of new keys for which there was no room. */
    turnedAway: number;
    /** Keys that were forgotten as their limits had come back. */
    dropped: number;
}
/** A limiter's events, with what each listener gets. */
interface KeyedLimiterEvents {
    /**
     * A call of this thread was refused: its key, how much it asked for, how many milliseconds until it could pass (`Infinity`: never, or
     * waiting does not help), and why.
     */
    limited: [key: LimiterKey, count: number, retryAfter: number, reason: RefusalReason];
    /** The limiter is closed, by whichever thread. */
    close: [];
}

/**
 * A rate limit for each of many keys, such as addresses, users or tenants, in every thread the same.
 *
 * A key with one limit takes about 90 bytes. One whose limits have all come back is forgotten by the way as others are added, without
 * timers, so the memory follows from how many keys came within the longest window; `maxKeys` bounds it. Keys are compared whole.
 *
 * @example
 * ```ts
 * const limiter = new KeyedRateLimiter({ name: 'api', limits: [{ limit: 10, window: 1000 }, { limit: 1000, window: 3_600_000 }] });
 * if (!limiter.tryAcquire(user.id)) return response.sendStatus(429);
 * await limiter.acquire('tenant 7', 1, { timeout: 500 });   // or wait for it
 * ```
 */
declare class KeyedRateLimiter extends HeardObject<'keyed-rate-limiter', KeyedLimiterEvents> implements Disposable {
    #private;
    /** The keys that may always pass, and take nothing. */
    readonly allowList: KeyList;
    /** The keys that may never pass. */
    readonly denyList: KeyList;
    /**
     * @param options - `limits`; `maxKeys`, `onFull`, `maxWaiting`, `allow`, `deny`; `name` shares it by name.
     * @throws {@link InvalidArgumentError} for what cannot be meant; {@link NameConflictError} if the name is in use with other limits,
     * `maxKeys`, `onFull` or `maxWaiting`.
     */
    constructor(options: KeyedRateLimiterOptions);
    /** Opens the limiter of a name. @throws {@link NotFoundError} if there is none. */
    static open(name: string): KeyedRateLimiter;
    /** Opens the limiter that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
    static from(handle: SharedHandle<'keyed-rate-limiter'>): KeyedRateLimiter;
    /**
     * Takes `n` of a key, if all its limits allow it; otherwise nothing. False also while others wait for the key.
     *
     * @param n - A whole number from 1.
     * @throws {@link InvalidArgumentError}; {@link LimiterClosedError}.
     */
    tryAcquire(key: LimiterKey, n?: number): boolean;
    /**
     * As `tryAcquire`, and says how the key stands then.
     *
     * @throws {@link InvalidArgumentError}; {@link LimiterClosedError}.
     */
    consume(key: LimiterKey, n?: number): KeyDecision;
    /** What `consume` would say, and takes nothing. @throws {@link InvalidArgumentError}; {@link LimiterClosedError}. */
    check(key: LimiterKey, n?: number): KeyDecision;
    /** As `check` for a key that it knows; `undefined` for one that has taken nothing, or whose limits have all come back. */
    get(key: LimiterKey): KeyDecision | undefined;
    /**
     * Takes `n` of a key, allowed or not: what is taken beyond a limit has to come back first.
     *
     * @returns How the key stands then; `allowed` is false only for a key on the deny list, or without room for it.
     */
    penalty(key: LimiterKey, n?: number): KeyDecision;
    /**
     * Gives `n` back to a key, never more than was taken.
     *
     * @param taken - What `consume` or `penalty` gave when it was taken: what has come back by itself since then is not given twice.
     */
    reward(key: LimiterKey, n?: number, taken?: Pick<KeyDecision, 'at'>): void;
    /** Refuses a key for a time. @param ms - Milliseconds; 0 ends a block. */
    block(key: LimiterKey, ms: number): void;
    /**
     * Gives a key limits of its own, or with `undefined` those of all again. What it has taken counts on.
     *
     * @throws {@link InvalidArgumentError}
     */
    setLimits(key: LimiterKey, limits: KeyLimit | readonly KeyLimit[] | undefined): void;
    /** The limits of a key: its own, or those of all. */
    limitsFor(key: LimiterKey): KeyLimit[];
    /**
     * Decides by other limits from here on, in all threads, save for keys that have limits of their own. What each key has taken carries over
     * to the limit in the same place: a token bucket keeps the share of its tokens, a window what it has counted, and a limit of another
     * kind how much was taken. Those who wait keep their order; one who waits for more than is ever allowed now rejects with
     * `InvalidArgumentError`. The name's configuration stays the one it was made with.
     *
     * @param config - `limits`, as the constructor takes them.
     * @throws {@link InvalidArgumentError}
     */
    configure(config: Pick<KeyedRateLimiterOptions, 'limits'>): void;
    /** Forgets what a key has taken, and how long it is blocked; lists and limits of its own stay. @returns Whether there was anything of that. */
    delete(key: LimiterKey): boolean;
    /** As `delete` for all keys. */
    clear(): void;
    /** How many keys it remembers, those included whose limits have come back and that nobody has met since. */
    get size(): number;
    /** Forgets all keys whose limits have come back, which otherwise happens by and by, and gives memory back. @returns How many. */
    sweep(): number;
    /** What it has counted, over all threads. */
    get stats(): KeyedStatistics;
    /**
     * Takes `n` of a key, now or as soon as its limits allow it. Who waits for the same key is served first come, first served.
     *
     * @param n - A whole number from 1.
     * @returns Resolves when it is taken.
     * @throws {@link RateLimitError} at once if it could not be had within `timeout`, with the time it would take; if as many wait as
     * may; if the key is on the deny list; or if there is no room for it. {@link InvalidArgumentError}, also for more than a limit ever allows;
     * {@link LimiterClosedError}; {@link WaitTimeoutError}; the signal's reason. Nothing has been taken then.
     */
    acquire(key: LimiterKey, n?: number, options?: WaitOptions): Promise<void>;
    /** As `acquire`, and blocks this thread: worker threads only. @throws As `acquire`; {@link UnsupportedError} in the main thread. */
    acquireSync(key: LimiterKey, n?: number, options?: WaitOptions): void;
    /** Whether it is closed. */
    get closed(): boolean;
    /** Closes it in all threads: those who wait and all who ask get {@link LimiterClosedError}. Again does no harm. */
    close(): void;
    [Symbol.dispose](): void;
}

/** The numbers of a leaky bucket. */
interface LeakyBucketConfig {
    /** How many items the bucket holds, in all threads, a whole number from 1 to 2²⁴. */
    capacity: number;
    /** How many items leave, a whole number from 1 … */
    leakRate: number;
    /** … every so many milliseconds, at least 0.001. They are spaced evenly: a rate of 5 in 100 ms is one each 20 ms. */
    leakInterval: number;
}
/** What has happened at a leaky bucket so far, in all threads. */
interface LeakyBucketMetrics {
    /** Items that have left in their turn. */
    readonly left: number;
    /** Items that found it full. */
    readonly refused: number;
    /** Items that were taken out before their turn, by `dequeue` or because they gave up. */
    readonly takenOut: number;
    /** Items that are in it now. */
    readonly length: number;
}
/**
 * The events of a leaky bucket, with what each listener gets. Those of items are told in the item's own thread, and not of items that `dequeue`
 * takes out.
 */
interface LeakyBucketEvents<T> {
    /** A call of this thread was refused: one item, and after how many milliseconds there is room for it, or it could leave. */
    limited: [count: number, retryAfter: number];
    /** An item has left in its turn. */
    left: [item: T];
    /** An item was taken out before its turn, and why: its `timeout`, its signal, or the bucket was closed. */
    lost: [item: T, error: unknown];
    /** It is closed, by whichever thread. */
    close: [];
}
/**
 * A leaky bucket for all threads of the process: what is put in leaves one after the other, evenly spaced, the first one drop's time after it came. What
 * does not fit is refused. {@link LeakyBucketMeter} is the one that only counts.
 *
 * The places in line are of all threads; an item itself stays in the thread that put it in, as it is, without a copy. So `dequeue` gives the items of its own
 * thread, and the lengths are those of all. A thread that ends takes its items with it, and those behind them move up.
 *
 * @example
 * ```ts
 * const bucket = new LeakyBucketRateLimiter<Job>({ capacity: 50, leakRate: 5, leakInterval: 100 });
 * await bucket.enqueue(job);   // its turn
 *
 * bucket.on('left', (job) => run(job));   // or without waiting
 * bucket.tryEnqueue(job);
 * ```
 */
declare class LeakyBucketRateLimiter<T = any> extends HeardObject<'leaky-bucket', LeakyBucketEvents<T>> implements Disposable {
    #private;
    /**
     * @param config - Its numbers; `name` shares it by name.
     * @throws {@link InvalidArgumentError} for what cannot be meant; {@link NameConflictError} if the name is in use with other numbers.
     */
    constructor(config: LeakyBucketConfig & SharedOptions);
    /** Opens the bucket of a name. @throws {@link NotFoundError} if there is none. */
    static open<T>(name: string): LeakyBucketRateLimiter<T>;
    /** Opens the bucket that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
    static from<T>(handle: SharedHandle<'leaky-bucket'>): LeakyBucketRateLimiter<T>;
    /**
     * Puts an item in, to leave in its turn, for which nobody waits: it keeps no process alive.
     *
     * @returns Whether there was room.
     * @throws {@link LimiterClosedError}
     */
    tryEnqueue(item: T): boolean;
    /**
     * Puts an item in.
     *
     * @returns Resolves when the item leaves: in its turn, or with {@link dequeue}.
     * @throws {@link RateLimitError} at once if the bucket is full, or the item could not leave within `timeout`; {@link WaitTimeoutError} and the signal's reason, and then the item has been
     * taken out; {@link LimiterClosedError}.
     */
    enqueue(item: T, options?: WaitOptions): Promise<void>;
    /** Takes out the oldest item of this thread that has not left yet; `undefined` if there is none. Its `enqueue` resolves. */
    dequeue(): T | undefined;
    /** How many items are in the bucket, in all threads. */
    getQueueLength(): number;
    /** How many items it holds. */
    getCapacity(): number;
    /** Whether there is no room. */
    isFull(): boolean;
    /** Whether it is closed. */
    get closed(): boolean;
    /** What has happened so far, in all threads. */
    getMetrics(): LeakyBucketMetrics;
    /**
     * Leaks by other numbers from here on, in all threads. What is in the bucket stays in it, even if it holds less now.
     *
     * @throws {@link InvalidArgumentError}
     */
    configure(config: LeakyBucketConfig): void;
    /** Closes it for all threads: `enqueue` rejects with `LimiterClosedError`, also for what is in it. Again does no harm. */
    close(): void;
    [Symbol.dispose](): void;
}

/** The leaky bucket as a meter. */

/** The numbers of a leaky bucket that meters. */
interface LeakyMeterConfig {
    /** How much the bucket holds, a whole number from 1 to 2³²-1. */
    capacity: number;
    /** How much leaks out, a whole number from 1 … */
    leakRate: number;
    /** … every so many milliseconds, at least 0.001, evenly. */
    leakInterval: number;
}
/**
 * A leaky bucket as a meter, for all threads of the process: each request pours into the bucket, which leaks at a constant rate, and what
 * would overflow it is refused, or waits. {@link LeakyBucketRateLimiter} is the one that is a queue.
 *
 * @example
 * ```ts
 * const meter = new LeakyBucketMeter({ capacity: 50, leakRate: 5, leakInterval: 100 });
 * if (!meter.tryAcquire(bytes)) drop();
 * ```
 */
declare class LeakyBucketMeter extends RateLimiter<'leaky-meter', LeakyMeterConfig> {
    /**
     * @param config - Its numbers; `name` shares it by name, `maxWaiting` bounds the line.
     * @throws {@link InvalidArgumentError} for what cannot be meant; {@link NameConflictError} if the name is in use with other numbers.
     */
    constructor(config: LeakyMeterConfig & LimiterOptions);
    /** Opens the limiter of a name. @throws {@link NotFoundError} if there is none. */
    static open(name: string): LeakyBucketMeter;
    /** Opens the limiter that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
    static from(handle: SharedHandle<'leaky-meter'>): LeakyBucketMeter;
    get config(): Readonly<Required<LeakyMeterConfig>>;
    /** How much is in the bucket, a begun unit as a whole one. */
    getLevel(): number;
}

/** So many in a window, exactly. */

/** The numbers of a sliding log. */
interface SlidingLogConfig {
    /** How long the window is, in milliseconds, at least 0.001. */
    windowSize: number;
    /** How many requests may be in it, a whole number from 1 to 2²⁴. */
    maxRequests: number;
}
/**
 * A log of requests for all threads of the process: within no span of `windowSize` ms more than `maxRequests` pass, and nothing is refused that would keep to
 * that. It remembers when each request of the window came: 16 bytes for each.
 *
 * @example
 * ```ts
 * const limiter = new SlidingLogRateLimiter({ windowSize: 1000, maxRequests: 5 });
 * await limiter.request();
 * ```
 */
declare class SlidingLogRateLimiter extends RateLimiter<'sliding-log', SlidingLogConfig> {
    /**
     * @param config - Its numbers; `name` shares it by name, `maxWaiting` bounds the line.
     * @throws {@link InvalidArgumentError} for what cannot be meant; {@link NameConflictError} if the name is in use with other numbers.
     */
    constructor(config: SlidingLogConfig & LimiterOptions);
    /** Opens the limiter of a name. @throws {@link NotFoundError} if there is none. */
    static open(name: string): SlidingLogRateLimiter;
    /** Opens the limiter that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
    static from(handle: SharedHandle<'sliding-log'>): SlidingLogRateLimiter;
    get config(): Readonly<Required<SlidingLogConfig>>;
    /** Takes 1 if that needs no waiting. */
    tryRequest(): boolean;
    /** Takes 1 as soon as it may. @throws As {@link Limiter.acquire}. */
    request(options?: WaitOptions): Promise<void>;
    /** Takes `count` requests if that needs no waiting: all or none. */
    tryRequestBatch(count: number): boolean;
    /** How many requests count now. */
    getRequestCount(): number;
}

/** So many in a window that slides in steps. */

/** The numbers of a sliding window. */
interface SlidingWindowConfig {
    /** How long the window is, in milliseconds, at least 0.001. */
    windowSize: number;
    /** How many requests may be in it, a whole number from 1 to 2³²-1. */
    maxRequests: number;
    /** How many sub-windows it has, a whole number from 1 to 10000. Default 10. */
    precision?: number;
}
/**
 * A sliding window for all threads of the process: within no span of `windowSize` ms more than `maxRequests` pass. A request counts until its whole
 * sub-window has left, so it refuses as if the window were up to `windowSize ÷ precision` ms longer. It keeps two numbers for each sub-window.
 *
 * @example
 * ```ts
 * const limiter = new SlidingWindowRateLimiter({ windowSize: 60_000, maxRequests: 100, precision: 60 });
 * if (!limiter.tryRequest()) throw new Error('slow down');
 * ```
 */
declare class SlidingWindowRateLimiter extends RateLimiter<'sliding-window', SlidingWindowConfig> {
    /**
     * @param config - Its numbers; `name` shares it by name, `maxWaiting` bounds the line.
     * @throws {@link InvalidArgumentError} for what cannot be meant; {@link NameConflictError} if the name is in use with other numbers.
     */
    constructor(config: SlidingWindowConfig & LimiterOptions);
    /** Opens the limiter of a name. @throws {@link NotFoundError} if there is none. */
    static open(name: string): SlidingWindowRateLimiter;
    /** Opens the limiter that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
    static from(handle: SharedHandle<'sliding-window'>): SlidingWindowRateLimiter;
    get config(): Readonly<Required<SlidingWindowConfig>>;
    /** Takes 1 if that needs no waiting. */
    tryRequest(): boolean;
    /** Takes 1 as soon as it may. @throws As {@link Limiter.acquire}. */
    request(options?: WaitOptions): Promise<void>;
    /** Takes `count` requests if that needs no waiting: all or none. */
    tryRequestBatch(count: number): boolean;
    /** The number of the sub-window of now: one more each `windowSize ÷ precision` ms. */
    getCurrentWindow(): number;
    /** How many requests count now. */
    getRequestCount(): number;
}

/** Tokens that come back at a rate. */

/** The numbers of a token bucket. */
interface TokenBucketConfig {
    /** How many tokens the bucket holds, a whole number from 1 to 2³²-1; so many may be taken at once. */
    capacity: number;
    /** How many tokens come back, a whole number from 1 … */
    refillRate: number;
    /** … every so many milliseconds, at least 0.001. They come back evenly: a rate of 10 in 1000 ms is one each 100 ms. */
    refillInterval: number;
    /** Whether tokens that were saved up may be taken at once. `false`: each request comes only after what the last one took has come back, so
     * that they are spaced evenly; those who wait get somewhat less than the rate, as a timer rings up to about a millisecond late. Default true. */
    enableBurst?: boolean;
}
/**
 * A token bucket for all threads of the process: it begins full, each request takes tokens, and they come back at a constant rate. Within any span of
 * `w` ms it allows at most `capacity + refillRate × w ÷ refillInterval`.
 *
 * @example
 * ```ts
 * const limiter = new TokenBucketRateLimiter({ name: 'api', capacity: 100, refillRate: 10, refillInterval: 1000 });
 * if (!limiter.tryAcquire(1)) await limiter.acquire(1, { timeout: 5000 });
 * ```
 */
declare class TokenBucketRateLimiter extends RateLimiter<'token-bucket', TokenBucketConfig> {
    /**
     * @param config - Its numbers; `name` shares it by name, `maxWaiting` bounds the line.
     * @throws {@link InvalidArgumentError} for what cannot be meant; {@link NameConflictError} if the name is in use with other numbers.
     */
    constructor(config: TokenBucketConfig & LimiterOptions);
    /** Opens the limiter of a name. @throws {@link NotFoundError} if there is none. */
    static open(name: string): TokenBucketRateLimiter;
    /** Opens the limiter that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
    static from(handle: SharedHandle<'token-bucket'>): TokenBucketRateLimiter;
    get config(): Readonly<Required<TokenBucketConfig>>;
    /** How many tokens could be taken now; 0 while others wait. */
    getAvailableTokens(): number;
    /** Milliseconds until one token can be taken, behind all who wait; 0 if one can be now. */
    getRefillTime(): number;
}

/** What trying again is refused with. */

/**
 * A failure that is not to be tried again: throw it, with what failed as its `cause`. Any error with `retryable === false` is as good.
 *
 * @example
 * ```ts
 * if (response.status === 404) throw new NonRetryableError('no such user');
 * ```
 */
declare class NonRetryableError extends MillraceError {
    name: string;
    /** Not to be tried again. */
    readonly retryable = false;
    /**
     * @param reason - What failed, or a text that says so.
     * @param options - `cause`, beside a text.
     */
    constructor(reason: unknown, options?: ErrorOptions);
}
/** The executor is closed: it calls nothing any more. */
declare class RetryClosedError extends MillraceError {
    name: string;
}
/** All requests of a hedged call have failed. */
declare class HedgeError extends MillraceError {
    name: string;
    /** What each threw, in the order in which they were sent. */
    readonly errors: readonly unknown[];
}
/** The hedge is closed: it calls nothing any more. */
declare class HedgeClosedError extends MillraceError {
    name: string;
}

/** How calls are hedged. */
interface HedgeOptions extends SharedOptions {
    /**
     * When a request is late: after so many milliseconds, or, as `'p95'`, after as long as that per cent of the calls of late took; then no second
     * one is sent before 20 calls are known.
     */
    after: number | `p${number}`;
    /** How many requests a call may send, the first included; at least 2. Default 2. */
    max?: number;
    /** Bounds the requests beside late ones. */
    budget?: RetryBudget;
}
/** What hedging has done, in all threads that share the object. */
interface HedgeMetrics {
    /** Calls. */
    calls: number;
    /** Requests sent beside a late one. */
    extra: number;
    /** Calls that such a request answered. */
    won: number;
    /** Requests that the budget refused. */
    refused: number;
    /** Milliseconds after which a request is late; `undefined` while too little is known. */
    late: number | undefined;
}
/** The events of a hedge, with what each listener gets. */
interface HedgeEvents {
    /** A request of this thread is late: another is sent, or the budget has refused it. */
    late: [event: {
        sent: boolean;
    }];
    /** It is closed, by whichever thread. */
    close: [];
}
/**
 * Sends a second request when the first is late; the first that succeeds is the answer, and the `signal` of the others aborts. What is measured
 * and counted is shared by all threads that share the object.
 *
 * Only for what may be done twice. A request that fails before another was sent is not sent again: that is what retries are for.
 *
 * @example
 * ```ts
 * const hedged = new Hedge({ after: 'p95', name: 'search' });
 * const found = await hedged.call(({ signal }) => fetch(url, { signal }));
 * ```
 */
declare class Hedge extends HeardObject<'hedge', HedgeEvents> implements PolicyPart, Disposable {
    #private;
    /** @param options - `after` says when a request is late; `max`, `budget`; `name` shares it by name. */
    constructor(options: HedgeOptions);
    /** A hedge that measures and counts together with the one that `toHandle` names; `options` as there. */
    static from(handle: SharedHandle<'hedge'>, options: Omit<HedgeOptions, 'name'>): Hedge;
    /**
     * Calls a function, and once more, beside, if it is late.
     *
     * @throws {@link HedgeError} if all of several requests fail, what the function throws if it was called once; the signal's reason;
     * {@link HedgeClosedError}.
     */
    call<T>(fn: GuardedFunction<T>, options?: CallOptions): Promise<T>;
    /** A function that calls another, hedged, with its own `this` and arguments. */
    wrap<This, Args extends unknown[], R>(fn: (this: This, ...args: Args) => R): (this: This, ...args: Args) => Promise<Awaited<R>>;
    /** What it has counted. */
    getMetrics(): HedgeMetrics;
    /** Whether it is closed. */
    get closed(): boolean;
    /**
     * Closes it for all threads: new calls reject with {@link HedgeClosedError}, and those under way send no further requests. Again does no
     * harm.
     */
    close(): void;
    [Symbol.dispose](): void;
}
/**
 * Calls a function, and once more, beside, if it is late: one call of a {@link Hedge}.
 *
 * @param fn - Gets a context whose `signal` aborts when another request was quicker.
 * @param options - As those of a `Hedge`, and `signal`. A quantile needs a `name`, under which calls are measured.
 * @throws As a `Hedge`'s `call`.
 * @example
 * ```ts
 * const answer = await hedge(({ signal }) => fetch(url, { signal }), { after: 50 });
 * ```
 */
declare function hedge<T>(fn: GuardedFunction<T>, options: HedgeOptions & CallOptions): Promise<T>;

/** What locks and meeting points have in common: passing, waiting to, and giving back. */

/** A lock of one kind, as this thread sees it. Not made itself. */
declare abstract class SharedLock<Kind extends string> extends SharedObject<Kind> implements Disposable {
    /** How many wait. */
    get waiting(): number;
    /** Whether it is closed. */
    get closed(): boolean;
    /**
     * Closes it: those who wait reject with `LockClosedError`, and nobody passes any more. What is held can be given back. Again does no
     * harm.
     */
    close(): void;
    /** Closes it. To give back what is held is a guard's matter. */
    [Symbol.dispose](): void;
}

/**
 * A cyclic barrier: whoever arrives waits until all parties have; then all go on, and it begins anew. If one of them gives up, or
 * its thread ends, the barrier is broken for all until it is reset.
 *
 * @example
 * ```ts
 * const barrier = new Barrier(4);
 * for (const step of steps) {
 *   compute(step);
 *   if ((await barrier.arrive()).leader) publish(step);
 * }
 * ```
 */
declare class Barrier extends SharedLock<'barrier'> {
    #private;
    /**
     * @param parties - How many meet, a whole number from 1.
     * @param options - `name` shares it by name.
     */
    constructor(parties: number, options?: SharedOptions);
    /** Opens the barrier of a name. @throws {@link NotFoundError} if there is none. */
    static open(name: string): Barrier;
    /** Opens the barrier that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
    static from(handle: SharedHandle<'barrier'>): Barrier;
    /** How many meet. */
    get parties(): number;
    /** Whether somebody has given up since the last reset. */
    get broken(): boolean;
    /**
     * Waits for the others.
     *
     * @returns `leader` is true for one of each meeting: the last to arrive.
     * @throws {@link BarrierBrokenError}; {@link WaitTimeoutError} and the signal's reason, which break it for the others.
     */
    arrive(options?: WaitOptions): Promise<{
        leader: boolean;
    }>;
    /** As `arrive`, and blocks this thread: worker threads only. */
    arriveSync(options?: WaitOptions): {
        leader: boolean;
    };
    /** Mends it: those who wait reject with {@link BarrierBrokenError}, and it begins anew. */
    reset(): void;
}

/** Whether a lock goes to those who wait in the order of their coming. */

/** How a lock is made. */
interface LockOptions extends SharedOptions {
    /**
     * First come, first served: whoever gives the lock back hands it to the first in line. `false` lets newcomers take it before the first in
     * line has woken up, which is called and takes its chance: more throughput where threads contend, and one who waits may wait long.
     * All who share the lock by name must say the same. Default true.
     */
    fair?: boolean;
}

/** Who holds a lock, or part of it. */
interface Holder {
    /** The thread's number: its `threadId`. */
    thread: number;
    /** How many permits or readers; 1 for a mutex or a writer. */
    count: number;
    /** Whether nobody else may hold any of it: a mutex, or a writer. */
    exclusive: boolean;
    /** Where in the code it was taken, for each hold that {@link debugLocks} has watched. */
    taken: string[];
}
/**
 * Watches the locks of all threads of the process, for debugging: `holders()` tells where each lock was taken, and a wait for a mutex, a
 * readers-writer lock or permits that would never end is refused with a {@link DeadlockError}, which lists who waits for whom. Locks that are held
 * already are not known to it. The environment variable `MILLRACE_DEBUG=locks` does the same from the start. Every lock gets slower by some microseconds.
 *
 * What belongs together is followed through `await`s, as `AsyncLocalStorage` does: a function that awaits one lock and then another
 * holds the first while it waits for the second. One that starts such a function, does not await it, and takes locks later on, is
 * taken for part of it; `runExclusive` and `run` keep the two apart. A thread that blocks (`lockSync`) gives nothing back meanwhile. A wait with
 * a `timeout` ends by itself, so it is part of no deadlock.
 *
 * @param enabled - `false` ends it. Default true.
 * @throws {@link InvalidArgumentError} for anything but a boolean.
 * @example
 * ```ts
 * debugLocks();
 * await ledger.lock();    // somewhere else: audit.lock(), then ledger.lock()
 * await audit.lock();     // DeadlockError: thread 0 at pay.js:8 waits for mutex 'audit', which thread 2 holds since audit.js:3; …
 * console.log(ledger.holders());
 * ```
 */
declare function debugLocks(enabled?: boolean): void;

/**
 * A mutex: one holder among all threads of the process. It is handed over in the order in which it was asked for, unless
 * it is made with `fair: false`. A thread that
 * ends gives it back, and the next holder's guard says `poisoned`.
 *
 * @example
 * ```ts
 * const mutex = new Mutex({ name: 'ledger' });
 * {
 *   using guard = await mutex.lock({ timeout: 1000 });
 *   await transfer(from, to);
 * }
 * await mutex.runExclusive(() => transfer(from, to));
 * ```
 */
declare class Mutex extends SharedLock<'mutex'> {
    #private;
    /** @param options - `name` shares it by name; `fair`. */
    constructor(options?: LockOptions);
    /** Opens the mutex of a name. @throws {@link NotFoundError} if there is none. */
    static open(name: string): Mutex;
    /** Opens the mutex that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
    static from(handle: SharedHandle<'mutex'>): Mutex;
    toHandle(): SharedHandle<'mutex'>;
    /** Whether somebody holds it. */
    get locked(): boolean;
    /** Who holds it; `debugLocks` adds where it was taken. */
    holder(): Holder | undefined;
    /**
     * Waits for the lock.
     *
     * @returns A guard, to be released.
     * @throws {@link WaitTimeoutError}; the signal's reason; {@link LockClosedError}.
     */
    lock(options?: WaitOptions): Promise<Guard>;
    /** Takes the lock if it is free; otherwise gives `undefined`. */
    tryLock(): Guard | undefined;
    /** As `lock`, and blocks this thread: worker threads only. @throws {@link UnsupportedError} in the main thread. */
    lockSync(options?: WaitOptions): Guard;
    /**
     * Runs a function while it holds the lock.
     *
     * @throws What the function throws, and as `lock`; {@link InvalidArgumentError} if it is none.
     */
    runExclusive<T>(fn: (guard: Guard) => T | PromiseLike<T>, options?: WaitOptions): Promise<T>;
    /** Says that what the lock guards is whole again after a holder's death. */
    clearPoison(): void;
}

/**
 * A condition variable. Whoever holds a mutex gives it up, waits to be notified, and takes it again, in that order and with nothing
 * missed in between.
 *
 * @example
 * ```ts
 * let guard = await mutex.lock();
 * while (!ready()) guard = await cond.wait(mutex, guard);
 * guard.release();
 * ```
 */
declare class Cond extends SharedLock<'cond'> {
    /** @param options - `name` shares it by name. */
    constructor(options?: SharedOptions);
    /** Opens the condition of a name. @throws {@link NotFoundError} if there is none. */
    static open(name: string): Cond;
    /** Opens the condition that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
    static from(handle: SharedHandle<'cond'>): Cond;
    /**
     * Waits to be notified.
     *
     * @param mutex - The lock that guards what is waited for.
     * @param guard - The hold on it, which is released.
     * @returns A new hold on it.
     * @throws {@link WaitTimeoutError}; the signal's reason; {@link LockClosedError}. The mutex is not held then. {@link NotHeldError}
     * if the guard has given it back before.
     */
    wait(mutex: Mutex, guard: Guard, options?: WaitOptions): Promise<Guard>;
    /** As `wait`, and blocks this thread: worker threads only. @throws {@link UnsupportedError} in the main thread. */
    waitSync(mutex: Mutex, guard: Guard, options?: WaitOptions): Guard;
    /** Notifies the one who has waited longest. @returns Whether anybody waited. */
    notifyOne(): boolean;
    /** Notifies all who wait. @returns How many. */
    notifyAll(): number;
}

/**
 * A latch: opens for good when it has been counted down to zero.
 *
 * @example
 * ```ts
 * const ready = new CountDownLatch(4);   // each of four threads: CountDownLatch.from(handle).countDown()
 * await ready.wait();
 * ```
 */
declare class CountDownLatch extends SharedLock<'latch'> {
    /**
     * @param count - How often it must be counted down, a whole number from 0.
     * @param options - `name` shares it by name.
     */
    constructor(count: number, options?: SharedOptions);
    /** Opens the latch of a name. @throws {@link NotFoundError} if there is none. */
    static open(name: string): CountDownLatch;
    /** Opens the latch that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
    static from(handle: SharedHandle<'latch'>): CountDownLatch;
    /** What is left to count. */
    get count(): number;
    /** Counts down; at zero it stays. @returns What is left. */
    countDown(count?: number): number;
    /** Waits until it is open. @throws {@link WaitTimeoutError}; the signal's reason; {@link LockClosedError}. */
    wait(options?: WaitOptions): Promise<void>;
    /** As `wait`, and blocks this thread: worker threads only. */
    waitSync(options?: WaitOptions): void;
}

/**
 * Once: one thread of all runs the function, and everybody gets its result. If it throws, or its thread ends, the next one who asked
 * runs it.
 *
 * @example
 * ```ts
 * const config = await new Once<Config>({ name: 'config' }).do(() => loadConfig());
 * ```
 */
declare class Once<T = unknown> extends SharedLock<'once'> {
    #private;
    /** @param options - `name` shares it by name. */
    constructor(options?: SharedOptions);
    /** Opens the once of a name. @throws {@link NotFoundError} if there is none. */
    static open<T>(name: string): Once<T>;
    /** Opens the once that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
    static from<T>(handle: SharedHandle<'once'>): Once<T>;
    /** Whether it has been done. */
    get done(): boolean;
    /**
     * Runs the function, unless somebody has, and gives the result.
     *
     * @returns A clone of what the function returned, wherever it ran; the value itself for the one who ran it.
     * @throws What the function throws, for the one who ran it; {@link WaitTimeoutError}; the signal's reason.
     */
    do(fn: () => T | PromiseLike<T>, options?: WaitOptions): Promise<T>;
    /**
     * As `do`, with a function that is done when it returns, and blocks this thread while another is at it: worker threads only. A thread
     * that is at it itself, in `do`, would wait for what it keeps from ending.
     *
     * @throws What the function throws, for the one who ran it; {@link InvalidArgumentError} if it returns a promise, and then it counts
     * as failed; {@link WaitTimeoutError}; the signal's reason; {@link UnsupportedError} in the main thread.
     */
    doSync(fn: () => T, options?: WaitOptions): T;
}

/** A write lock in this thread's hands, which can be made a read lock without letting anybody in between. */
declare class WriteGuard extends Guard {
    #private;
    /** Makes it a read lock; this guard holds nothing afterwards. */
    downgrade(): Guard;
}
/**
 * A readers-writer lock: any number of readers, or one writer. It is first come, first served: a reader that comes after a writer
 * who waits, waits too, so writers do not starve. With `fair: false` newcomers enter whenever they may.
 *
 * @example
 * ```ts
 * const lock = new RWMutex();
 * { using _ = await lock.readLock(); show(config); }
 * { using _ = await lock.writeLock(); await reload(config); }
 * ```
 */
declare class RWMutex extends SharedLock<'rwmutex'> {
    #private;
    /** @param options - `name` shares it by name; `fair`. */
    constructor(options?: LockOptions);
    /** Opens the lock of a name. @throws {@link NotFoundError} if there is none. */
    static open(name: string): RWMutex;
    /** Opens the lock that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
    static from(handle: SharedHandle<'rwmutex'>): RWMutex;
    /** How many read. */
    get readers(): number;
    /** Whether somebody writes. */
    get writing(): boolean;
    /** Who reads or writes, thread by thread; `debugLocks` adds where the lock was taken. */
    holders(): Holder[];
    /** Waits to read. @throws {@link WaitTimeoutError}; the signal's reason; {@link LockClosedError}. */
    readLock(options?: WaitOptions): Promise<Guard>;
    /** Waits to write. @throws {@link WaitTimeoutError}; the signal's reason; {@link LockClosedError}. */
    writeLock(options?: WaitOptions): Promise<WriteGuard>;
    /** Reads if nobody writes or waits to; otherwise gives `undefined`. */
    tryReadLock(): Guard | undefined;
    /** Writes if nobody reads or writes; otherwise gives `undefined`. */
    tryWriteLock(): WriteGuard | undefined;
    /** As `readLock`, and blocks this thread: worker threads only. */
    readLockSync(options?: WaitOptions): Guard;
    /** As `writeLock`, and blocks this thread: worker threads only. */
    writeLockSync(options?: WaitOptions): WriteGuard;
    /** Says that what the lock guards is whole again after a writer's death. */
    clearPoison(): void;
}

/** How a semaphore is made. */
interface SemaphoreOptions extends SharedOptions {
    /** First come, first served. `false` lets a newcomer take permits that are free although others wait. Default true. */
    fair?: boolean;
}
/**
 * A weighted semaphore: so many permits among all threads of the process. A request for many is not overtaken by small ones. A
 * thread that ends gives its permits back.
 *
 * @example
 * ```ts
 * const connections = new Semaphore(10, { name: 'database' });
 * using permit = await connections.acquire();
 * ```
 */
declare class Semaphore extends SharedLock<'semaphore'> {
    #private;
    /**
     * @param permits - How many there are, a whole number from 0.
     * @param options - `name` shares it by name; `fair`.
     */
    constructor(permits: number, options?: SemaphoreOptions);
    /** Opens the semaphore of a name. @throws {@link NotFoundError} if there is none. */
    static open(name: string): Semaphore;
    /** Opens the semaphore that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
    static from(handle: SharedHandle<'semaphore'>): Semaphore;
    toHandle(): SharedHandle<'semaphore'>;
    /** How many permits there are. */
    get permits(): number;
    /** How many are free. */
    get available(): number;
    /** Who holds how many permits, thread by thread; `debugLocks` adds where they were taken. */
    holders(): Holder[];
    /**
     * Waits for permits.
     *
     * @param count - How many, at least 1. Default 1.
     * @returns A guard, to be released.
     * @throws {@link InvalidArgumentError} if there are not so many; {@link WaitTimeoutError}; the signal's reason;
     * {@link LockClosedError}.
     */
    acquire(count?: number, options?: WaitOptions): Promise<Guard>;
    /** Takes permits if they are free; otherwise, also if there never are so many, gives `undefined`. */
    tryAcquire(count?: number): Guard | undefined;
    /** As `acquire`, and blocks this thread: worker threads only. */
    acquireSync(count?: number, options?: WaitOptions): Guard;
    /** Gives back permits without their guard. @throws {@link NotHeldError} if this thread holds fewer. */
    release(count?: number): void;
    /**
     * Runs a function while it holds permits.
     *
     * @param options - `count`: how many, at least 1; default 1.
     * @throws What the function throws, and as `acquire`; {@link InvalidArgumentError} if it is none.
     */
    run<T>(fn: () => T | PromiseLike<T>, options?: WaitOptions & {
        count?: number;
    }): Promise<T>;
    /** Says that what the permits stand for is whole again after a holder's death. */
    clearPoison(): void;
}

/**
 * Singleflight: calls with the same key at the same time, in any thread, share one run of the function and its result, or its error.
 *
 * @example
 * ```ts
 * const flights = new Singleflight<User>({ name: 'users' });
 * const user = await flights.do(id, () => database.load(id));
 * ```
 */
declare class Singleflight<T> extends SharedObject<'singleflight'> implements Disposable {
    #private;
    /** @param options - `name` shares it by name. */
    constructor(options?: SharedOptions);
    /** Opens the one of a name. @throws {@link NotFoundError} if there is none. */
    static open<T>(name: string): Singleflight<T>;
    /** Opens the one that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
    static from<T>(handle: SharedHandle<'singleflight'>): Singleflight<T>;
    /**
     * Runs the function, or waits for the run of another that is on its way. If the thread that runs it ends, one who waits runs it.
     *
     * @param key - What it is about.
     * @returns What the function returned: the value itself for the one who ran it, a clone for the others.
     * @throws What the function throws, for all; {@link WaitTimeoutError} and the signal's reason, for one who waits; {@link LockClosedError}.
     */
    do(key: string, fn: () => T | PromiseLike<T>, options?: WaitOptions): Promise<T>;
    /**
     * As `do`, with a function that is done when it returns, and blocks this thread while another runs it: worker threads only. A thread
     * that runs it itself, in `do`, would wait for what it keeps from ending.
     *
     * @param key - What it is about.
     * @returns What the function returned: the value itself for the one who ran it, a clone for the others.
     * @throws What the function throws, for all; {@link InvalidArgumentError} for all if it returns a promise; {@link WaitTimeoutError} and
     * the signal's reason, for one who waits; {@link UnsupportedError} in the main thread; {@link LockClosedError}.
     */
    doSync(key: string, fn: () => T, options?: WaitOptions): T;
    /** Whether this object is closed. Others of the same flights may be open. */
    get closed(): boolean;
    toHandle(): SharedHandle<'singleflight'>;
    /**
     * Lets go of it: this object begins and awaits no run any more, and what its `toHandle` told is kept no longer. Runs and waits under way end as
     * they do; other objects of the same flights, in any thread, go on. Again does no harm.
     */
    close(): void;
    [Symbol.dispose](): void;
}

/**
 * Go's WaitGroup: a counter, and those who wait for it to be zero.
 *
 * @example
 * ```ts
 * const group = new WaitGroup();
 * group.add(threads.length);      // each thread: WaitGroup.from(handle).done()
 * await group.wait();
 * ```
 */
declare class WaitGroup extends SharedLock<'waitgroup'> {
    /** @param options - `name` shares it by name. */
    constructor(options?: SharedOptions);
    /** Opens the group of a name. @throws {@link NotFoundError} if there is none. */
    static open(name: string): WaitGroup;
    /** Opens the group that another thread's `toHandle` names. @throws {@link NotFoundError} if it is gone. */
    static from(handle: SharedHandle<'waitgroup'>): WaitGroup;
    /** What is left to do. */
    get count(): number;
    /** Changes the counter. @throws {@link NotHeldError} if it would fall below zero. */
    add(delta: number): void;
    /** One thing is done. @throws {@link NotHeldError} if there is nothing left to do. */
    done(): void;
    /** Waits until the counter is zero. @throws {@link WaitTimeoutError}; the signal's reason; {@link LockClosedError}. */
    wait(options?: WaitOptions): Promise<void>;
    /** As `wait`, and blocks this thread: worker threads only. */
    waitSync(options?: WaitOptions): void;
    /** Counts a function's run: adds one, and takes it away when it has ended, however that may be. */
    go<T>(fn: () => T | PromiseLike<T>): Promise<T>;
}

/** Moving instead of copying: what a processor returns, or a stream of it yields. */

/**
 * Marks the result of a processor to be moved to the submitter instead of copied.
 *
 * @param value - The result.
 * @param transfer - What in it is moved, as for `postMessage`; by default the value itself, or the buffer under it.
 * @returns What the processor returns in place of the value.
 * @throws {@link InvalidArgumentError} if nothing is given to move.
 * @example
 * ```ts
 * export default (pixels: Uint8Array) => move(invert(pixels));
 * ```
 */
declare function move<T>(value: T, transfer?: readonly Transferable[]): T;

/**
 * A pool of worker threads that grows with its queue and shrinks when its workers idle.
 *
 * It is one object for the whole process: any thread opens it by name or handle and submits, and the result comes to the
 * thread that asked. A pool with nothing to do does not keep the process alive.
 *
 * @example
 * ```ts
 * const pool = new DynamicWorkerPool<string, number>({
 *   processor: new URL('./count-words.js', import.meta.url),
 *   minWorkers: 2,
 *   maxWorkers: 10,
 * });
 * const words = await pool.submit('some text');
 * await pool.close();
 * ```
 */
declare class DynamicWorkerPool<TInput, TOutput> extends WorkerPool<TInput, TOutput> {
    /**
     * @throws `InvalidArgumentError` for an option that cannot be meant, `NameConflictError` for a name in use with another
     * configuration, `ProcessorError` for a function that cannot be sent to another thread.
     */
    constructor(config?: WorkerPoolOptions<TInput, TOutput>);
    /**
     * Opens the pool that another thread calls so.
     *
     * @throws `NotFoundError` if there is none.
     */
    static open<TInput, TOutput>(name: string): DynamicWorkerPool<TInput, TOutput>;
    /**
     * Opens the pool of a token that another thread has sent.
     *
     * @throws `NotFoundError` if that pool is gone.
     */
    static from<TInput, TOutput>(handle: PoolHandle): DynamicWorkerPool<TInput, TOutput>;
}

/**
 * A pool with a fixed number of worker threads.
 *
 * It is one object for the whole process, as {@link DynamicWorkerPool} is.
 *
 * @example
 * ```ts
 * const pool = new FixedWorkerPool<string, number>(4, { processor: (text: string) => text.length });
 * const lengths = await pool.submitBatch(['one', 'three']);
 * ```
 */
declare class FixedWorkerPool<TInput, TOutput> extends WorkerPool<TInput, TOutput> {
    /**
     * @param workerCount - How many workers, 1 to 1024.
     * @throws As the constructor of {@link DynamicWorkerPool}.
     */
    constructor(workerCount: number, config?: WorkerPoolOptions<TInput, TOutput>);
    /**
     * Opens the pool that another thread calls so.
     *
     * @throws `NotFoundError` if there is none.
     */
    static open<TInput, TOutput>(name: string): FixedWorkerPool<TInput, TOutput>;
    /**
     * Opens the pool of a token that another thread has sent.
     *
     * @throws `NotFoundError` if that pool is gone.
     */
    static from<TInput, TOutput>(handle: PoolHandle): FixedWorkerPool<TInput, TOutput>;
}

export { AdaptedPattern, AdaptiveLimitError, AdaptiveLimiter, AdaptiveLimiterClosedError, AdaptivePermit, AtomicBool, AtomicF64, AtomicI32, AtomicI64, AtomicRef, Barrier, BarrierBrokenError, BasePattern, Broadcast, BufferLease, BufferPool, BuiltPipeline, BulkheadCircuitBreaker, BulkheadClosedError, BulkheadFullError, BusRegistration, Cache, CallTimeoutError, CallerLostError, Channel, ChannelClosedError, CircuitBreaker, CircuitOpenError, CircuitShutdownError, CombinedError, CommandTimeoutError, CompositeRateLimiter, ConcurrencyLimiter, Cond, Context$1 as Context, ContextCanceledError, CountDownLatch, DeadLetterError, DeadlineExceededError, DeadlockError, DependencyCycleError, DynamicFanOut, DynamicWorkerPool, Fallback, FanClosedError, FanIn, FanInBusyError, FanOut, FanOutError, FanPattern, FixedWindowRateLimiter, FixedWorkerPool, Goroutine, GracefulShutdown, Graph, GraphBuildError, GraphBuilder, GraphNode, GraphRun, Guard, HandlerBusyError, HandlerLostError, HandlerTimeoutError, HeardObject, Hedge, HedgeClosedError, HedgeError, HttpFailureError, InternalError, InvalidArgumentError, ItemDroppedError, KeyList, KeyedRateLimiter, LeakyBucketMeter, LeakyBucketRateLimiter, Lease, Limited, Limiter, LimiterClosedError, LoadShed, LoadShedError, LockClosedError, MemoryClosedError, MessageBus, MessageBusClosedError, MillraceError, Mutex, NameConflictError, NoBranchError, NoHandlerError, NonRetryableError, NotFoundError, NotHeldError, ObjectPool, Once, OutOfMemoryError, ParallelScheduler, PatternRegistry, PatternShutdownError, Pipeline, PipelineClosedError, PipelineStage, PipelineStream, Policy, PoolBrokenError, PoolClosedError, ProcessorError, QueueClosedError, QueueFullError, QuorumError, RWMutex, RateLimitError, RateLimiter, RegistryShutdownError, Reservation, RetryBudget, RetryClosedError, RetryExecutor, RetryPolicy, RingBuffer, RingBufferBusyError, RingBufferClosedError, RunTrace, Semaphore, SenderGoneError, Sending, SharedAtomic, SharedLock, SharedMap, SharedMemory, SharedObject, SharedQueue, Singleflight, SlidingLogRateLimiter, SlidingWindowRateLimiter, StageTimeoutError, StaleHandleError, StepLimitError, Store, SubscriberSlowError, TaskGroup, TaskTimeoutError, Ticker, Timeout, Timer, TokenBucketRateLimiter, UnknownActionError, UnsafeIntegerError, UnsupportedError, WaitGroup, WaitTimeoutError, WorkerCrashedError, WorkerPool, WorkerReplacedError, WorkerThreadManager, WriteGuard, after, asPattern, cache, combineErrors, debugLocks, diagnostics, fallback, fanIn, fanOut, go, goAll, goRace, gracefulShutdown, guarded, hedge, isMillraceError, leaks, limited, loadShed, move, node, nodeFor, pipeline, policy, processInBatches, rateLimited, runConcurrent, runGraphs, scatterGather, select, selectSync, sending, sleep, streamProcessor, timeout, wrapFetch };
export type { AdaptiveLimiterConfig, AdaptiveLimiterEvents, AdaptiveLimiterMetrics, AnyKeys, AnyMessages, AtomicWaitResult, Attempts, BackoffStrategy, BatchOptions, BatchProcessor, BatchProgress, Branch, BranchResult, BroadcastOptions, BufferPoolOptions, BufferPoolStatistics, BulkheadConfig, BulkheadEvents, BulkheadMetrics, CacheOptions, CallContext, CallOptions, CancelFunction, Cancellation, CapturedOutput, CircuitBreakerConfig, CircuitBreakerEvents, CircuitBreakerLocals, CircuitBreakerMetrics, CircuitCallOptions, CircuitCallResult, CircuitChange, CircuitLatency, CircuitState, CircuitStateChange, CircuitWindow, CloseOptions, CommandContext, CommandName, CommandOptions, CommandPayload, CommandResult, CompositePart, ConcurrencyEvents, ConcurrencyMetrics, ConcurrentOptions, ContextHandle, CustomLoadBalancer, DeadCommand, DeadLetter, DeadlockLink, DropOptions, DynamicFanOutOptions, EdgeOptions, EmptyPipeline, ErrorHandler, ErrorJson, EventInfo, EventName, EventPayload, EventsMatching, Exec, FallbackContext, FallbackOptions, FanContext, FanFailure, FanInConfig, FanInMetrics, FanInOptions, FanOutConfig, FanOutMetrics, FanOutOptions, FanPatternConfig, FanProcessor, FanStreamOptions, FixedWindowConfig, FullReason, Gathered, GiveUpReason, GlobalMetrics, GoOptions, GoroutineState, GracefulShutdownOptions, GraphInputs, GraphOptions, GraphResults, GuardedFunction, HandlerOptions, HasSignal, HealthStatus, HedgeEvents, HedgeMetrics, HedgeOptions, Holder, HttpResponse, InBatchesOptions, Instead, Jitter, KeyAlgorithm, KeyDecision, KeyLimit, KeyedLimiterEvents, KeyedRateLimiterOptions, KeyedStatistics, LeakyBucketConfig, LeakyBucketEvents, LeakyBucketMetrics, LeakyMeterConfig, LimitedOptions, LimiterCheck, LimiterEvents, LimiterKey, LimiterLike, LimiterMetrics, LimiterOptions, Limits, Living, LivingObject, LivingWait, LoadBalancer, LoadMonitor, LoadShedConfig, LoadShedEvents, LoadShedMetrics, LockOptions, LoopOptions, MapKey, MapOptions, MapStatistics, MergeOrder, MergeStrategy, MessageBusEvents, MessageBusHandle, MessageBusMetrics, MessageBusOptions, MessageTypes, NamedStageOptions, NodeConfig, NodeMaker, NodeOptions, NodeState, ObjectPoolOptions, ObjectPoolStatistics, OnError, OnSlow, ParallelOptions, PatternConfig, PatternCounts, PatternFailure, PatternLife, PatternMetrics, PatternStanding, PayloadAnd, PayloadMatching, PipeOptions, PipelineCloseOptions, PipelineConfig, PipelineConstructor, PipelineMetrics, PipelineSource, PipelineStageConfig, PolicyPart, PoolEvents, PoolHandle, PoolMetrics, PostContext, PrepContext, Processor, ProcessorModule, PushOptions, QueuedCallOptions, Range, ReadyInput, ReceiveResult, RefusalReason, RegisterOptions, Rejection, ReplacedReason, ResultsOf, RetryBudgetConfig, RetryBudgetEvents, RetryBudgetMetrics, RetryBudgetStanding, RetryContext, RetryEvents, RetryExecutorOptions, RetryMetrics, RetryPolicyConfig, Retrying, Routed, RunGraphsOptions, RunOptions, ScalingSample, ScatterOptions, SelectCases, Selected, SemaphoreOptions, SendOptions, Services, SetOptions, SharedHandle, SharedMapOptions, SharedOptions, SharedQueueOptions, ShedCallOptions, ShedMiddlewareOptions, SlidingLogConfig, SlidingWindowConfig, Source, Stage, StageMetrics, StageOptions, StageProcessor, StepContext, StepJson, StepState, StoreFor, StoreOptions, StoreReader, StreamProcessor, StreamProcessorOptions, SubGraph, SubmitOptions, SubscribeOptions, SubscriberStatus, TaskContext, TaskGroupOptions, ThreadEvents, ThreadManagerOptions, ThreadOptions, ThreadStatus, TimeStatistics, TimeoutMode, TokenBucketConfig, TraceJson, TypedArray, ViewType, WaitFor, WaitOptions, WindowOptions, WorkerHealth, WorkerLoad, WorkerPoolConfig, WorkerPoolOptions, WrapFetchOptions };
