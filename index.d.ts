// Made by `npm run build:api` from ts/. The whole public API; do not edit.
import { WritableStream, ReadableStream } from 'node:stream/web';
import * as node_worker_threads from 'node:worker_threads';
import { Transferable, ResourceLimits, WorkerOptions, Worker } from 'node:worker_threads';

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
    /** What in the message is moved instead of copied, as for `postMessage`. */
    transfer?: readonly Transferable[];
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
     * @returns Resolves when all are sent.
     * @throws As `send`; the messages before the one that failed have been sent.
     */
    sendBatch(values: Iterable<T>, options?: WaitOptions): Promise<void>;
    /**
     * Receives up to `max` messages: it waits for one, and takes what else is there.
     *
     * @returns The messages; none if the channel is closed and empty.
     */
    receiveBatch(max: number, options?: WaitOptions): Promise<T[]>;
    /** As `send`, and blocks this thread: worker threads only. @throws {@link UnsupportedError} in the main thread. */
    sendSync(value: T, options?: SendOptions): void;
    /** As `receive`, and blocks this thread: worker threads only. @throws {@link UnsupportedError} in the main thread. */
    receiveSync(options?: WaitOptions): ReceiveResult<T>;
    /** Closes the channel: nothing more can be sent; what is in it can still be received. Again does no harm. */
    close(): void;
    [Symbol.dispose](): void;
    /** Receives until the channel is closed and empty. Leaving the loop leaves the channel as it is. */
    [Symbol.asyncIterator](): AsyncIterableIterator<T, undefined>;
    /**
     * Sends everything that comes on to another channel or stream, until this one is closed and empty; then closes that.
     *
     * @param options - `preventClose` leaves the other one open; a signal ends the pipe.
     */
    pipeTo(to: Channel<T> | WritableStream<T>, { preventClose, ...options }?: WaitOptions & {
        preventClose?: boolean;
    }): Promise<void>;
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
/** As {@link select}, and blocks this thread: worker threads only. @throws {@link UnsupportedError} in the main thread. */
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

/** What everything that calls the user's function gives it. */
/** What a guarded function is called with. */
interface CallContext {
    /** Aborts when the call is to end: its caller gave up, or its time is over. `undefined` if nothing can end it. */
    readonly signal: AbortSignal | undefined;
}

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

/**
 * Every error the package throws: one class per failure, each with a `code` that never changes.
 *
 * Match on `code`, or with {@link isMillraceError}, which also knows errors of another copy of the package.
 */
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
/** The channel is closed: nothing can be sent to it. */
declare class ChannelClosedError extends MillraceError {
    name: string;
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
/** The context was cancelled; its `cause` is what whoever cancelled it gave. */
declare class ContextCanceledError extends MillraceError {
    name: string;
}
/** The context's deadline has passed. */
declare class DeadlineExceededError extends MillraceError {
    name: string;
}
/** Subscribers of a broadcast had no room for a message and have missed it; the others have it. */
declare class SubscriberSlowError extends MillraceError {
    name: string;
    /** Who they are. */
    readonly subscribers: readonly string[];
}
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
/** Something is given back that is not held, or counted below zero. */
declare class NotHeldError extends MillraceError {
    name: string;
}
/** Somebody at the barrier has given up, or its thread has ended. */
declare class BarrierBrokenError extends MillraceError {
    name: string;
}
/** The thread that sent a value ended before it could be fetched from it: only the platform can clone such a value. */
declare class SenderGoneError extends MillraceError {
    name: string;
}
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
     * `'broadcast'`, `'ticker'`, `'map'`, `'queue'`, `'memory'`, `'atomic-i32'` and the other atomics, or `'goroutine'`.
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
    /** What it holds: messages in a channel, permits that are out, 1 for a lock that is held, what is left to count, entries of a map, a memory's bytes. */
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
 * merely there is no leak: the garbage collector's turn may not have come; nor are the entries of a map. The `waits` of each are those that
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
 * @example
 * ```ts
 * const [a, b] = await goAll([() => 1, () => 'two']);
 * ```
 */
declare function goAll<F extends readonly (() => unknown)[]>(fns: readonly [...F]): Promise<{
    -readonly [K in keyof F]: Awaited<ReturnType<F[K]>>;
}>;
/** Runs functions beside one another: the first to end decides, and the others are cancelled. */
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
    /** Ends a thread, if it runs, and starts it again. */
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
declare class SharedMap<K extends MapKey, V> extends SharedObject<'map'> {
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
 * Node 20 they copy). Send `toHandle()`. Do not get around that by `ArrayBuffer.prototype.transfer.call(buffer)`: the runtime lets go
 * of such bytes when the thread ends that moved them, wherever they are by then. If `buffer` is asked for there once more, which
 * makes another, they are kept for good.
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

/** What policies refuse with. */

/** A call took longer than its time limit. */
declare class CallTimeoutError extends MillraceError {
    name: string;
    /** The limit, in milliseconds. */
    readonly timeout: number;
}

/** What locks and meeting points have in common: passing, waiting to, and giving back. */

/** A lock of one kind, as this thread sees it. Not made itself. */
declare abstract class SharedLock<Kind extends string> extends SharedObject<Kind> {
    /** How many wait. */
    get waiting(): number;
    /** Whether it is closed. */
    get closed(): boolean;
    /** Closes it: those who wait reject with `LockClosedError`, and nobody passes any more. What is held can be given back. */
    close(): void;
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
    /** Runs a function while it holds the lock. */
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
    /** Takes permits if they are free; otherwise gives `undefined`. */
    tryAcquire(count?: number): Guard | undefined;
    /** As `acquire`, and blocks this thread: worker threads only. */
    acquireSync(count?: number, options?: WaitOptions): Guard;
    /** Gives back permits without their guard. @throws {@link NotHeldError} if this thread holds fewer. */
    release(count?: number): void;
    /** Runs a function while it holds permits. */
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
declare class Singleflight<T> extends SharedObject<'singleflight'> {
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
     * @throws What the function throws, for all; {@link WaitTimeoutError} and the signal's reason, for one who waits.
     */
    do(key: string, fn: () => T | PromiseLike<T>, options?: WaitOptions): Promise<T>;
    /**
     * As `do`, with a function that is done when it returns, and blocks this thread while another runs it: worker threads only. A thread
     * that runs it itself, in `do`, would wait for what it keeps from ending.
     *
     * @param key - What it is about.
     * @returns What the function returned: the value itself for the one who ran it, a clone for the others.
     * @throws What the function throws, for all; {@link InvalidArgumentError} for all if it returns a promise; {@link WaitTimeoutError} and
     * the signal's reason, for one who waits; {@link UnsupportedError} in the main thread.
     */
    doSync(key: string, fn: () => T, options?: WaitOptions): T;
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

export { AtomicBool, AtomicF64, AtomicI32, AtomicI64, AtomicRef, Barrier, BarrierBrokenError, Broadcast, BufferLease, BufferPool, CallTimeoutError, Channel, ChannelClosedError, CombinedError, Cond, Context$1 as Context, ContextCanceledError, CountDownLatch, DeadlineExceededError, DeadlockError, DynamicFanOut, DynamicWorkerPool, FanClosedError, FanIn, FanInBusyError, FanOut, FanOutError, FanPattern, FixedWorkerPool, Goroutine, Guard, InternalError, InvalidArgumentError, Lease, LockClosedError, MemoryClosedError, MillraceError, Mutex, NameConflictError, NotFoundError, NotHeldError, ObjectPool, Once, OutOfMemoryError, ParallelScheduler, PoolBrokenError, PoolClosedError, ProcessorError, QueueClosedError, QueueFullError, QuorumError, RWMutex, RingBuffer, RingBufferBusyError, RingBufferClosedError, Semaphore, SenderGoneError, Sending, SharedAtomic, SharedLock, SharedMap, SharedMemory, SharedObject, SharedQueue, Singleflight, StaleHandleError, SubscriberSlowError, TaskGroup, TaskTimeoutError, Ticker, Timer, UnsafeIntegerError, UnsupportedError, WaitGroup, WaitTimeoutError, WorkerCrashedError, WorkerPool, WorkerReplacedError, WorkerThreadManager, WriteGuard, after, combineErrors, debugLocks, diagnostics, fanIn, fanOut, go, goAll, goRace, isMillraceError, leaks, move, pipeline, processInBatches, rateLimited, runConcurrent, scatterGather, select, selectSync, sending, sleep, streamProcessor };
export type { AtomicWaitResult, BatchOptions, BatchProcessor, BatchProgress, BroadcastOptions, BufferPoolOptions, BufferPoolStatistics, CallContext, CancelFunction, Cancellation, CapturedOutput, CloseOptions, ConcurrentOptions, ContextHandle, CustomLoadBalancer, DeadlockLink, DynamicFanOutOptions, FanContext, FanFailure, FanInConfig, FanInMetrics, FanInOptions, FanOutConfig, FanOutMetrics, FanOutOptions, FanPatternConfig, FanProcessor, FanStreamOptions, Gathered, GoOptions, GoroutineState, HasSignal, HealthStatus, Holder, InBatchesOptions, LimiterLike, LivingObject, LivingWait, LoadBalancer, LoadMonitor, LockOptions, LoopOptions, MapKey, MapOptions, MapStatistics, MergeOrder, MergeStrategy, ObjectPoolOptions, ObjectPoolStatistics, OnSlow, ParallelOptions, PoolEvents, PoolHandle, PoolMetrics, Processor, ProcessorModule, PushOptions, Range, ReadyInput, ReceiveResult, ReplacedReason, ResultsOf, ScalingSample, ScatterOptions, SelectCases, Selected, SemaphoreOptions, SendOptions, Services, SetOptions, SharedHandle, SharedMapOptions, SharedOptions, SharedQueueOptions, Source, Stage, StreamProcessor, StreamProcessorOptions, SubmitOptions, SubscribeOptions, SubscriberStatus, TaskContext, TaskGroupOptions, ThreadEvents, ThreadManagerOptions, ThreadOptions, ThreadStatus, TimeStatistics, TypedArray, ViewType, WaitOptions, WorkerHealth, WorkerLoad, WorkerPoolConfig, WorkerPoolOptions };
