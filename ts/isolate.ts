/**
 * This thread's side of the binding: the page both sides see, the fast calls, and the drain that empties the port.
 *
 * Importing it opens the isolate; what native code tells it goes to the handler of its kind.
 */
import { threadId } from 'node:worker_threads';
import { errorOf } from './errors.js';
import * as binding from './native/binding.js';

/** The hot calls into Rust; what each takes and answers stands beside it in `src/port_calls.rs` and `src/pool/calls.rs`. */
export interface FastCalls {
  portDrain(): number;
  portWake(): void;
  portLinger(): number;
  portRef(wanted: boolean): void;
  stage(part: Uint8Array): void;
  unstage(): void;
  heldLength(ticket: number, part: number): number;
  heldCopy(ticket: number, part: number, target: Uint8Array): void;
  heldDrop(ticket: number): void;
  panic(): void;
  now(): number;
  waitCancel(wait: number): boolean;
  blockedPark(ms: number): boolean;
  blockedCancel(): boolean;
  lockTry(lock: number, exclusive: boolean, count: number): number;
  lockPass(lock: number, wait: number, exclusive: boolean, count: number): number;
  lockPassWith(
    lock: number,
    wait: number,
    exclusive: boolean,
    count: number,
    limit: number,
    cancellable: boolean,
  ): number;
  lockPassBlocking(lock: number, limit: number, exclusive: boolean, count: number): number;
  lockGive(lock: number, exclusive: boolean, count: number): number;
  lockRead(lock: number, what: number): number;
  lockClose(lock: number): void;
  lockClearPoison(lock: number): void;
  lockOwner(): number;
  onceFinish(once: number, tag: number, num: number): void;
  onceResult(once: number): void;
  broadcastPublish(broadcast: number, tag: number, num: number): boolean;
  broadcastWait(wait: number, limit: number, cancellable: boolean): number;
  broadcastWaitBlocking(limit: number): number;
  broadcastClose(broadcast: number): void;
  broadcastClosed(broadcast: number): boolean;
  tickerReset(ticker: number, first: number, every: number): boolean;
  tickerStop(ticker: number): boolean;
  goBegin(id: number, local: boolean, tag: number, num: number): number;
  goEnd(goroutine: number): void;
  mapGet(map: number, tag: number, num: number): number | boolean | undefined;
  mapLook(map: number, tag: number, num: number): number;
  mapHas(map: number, tag: number, num: number): boolean;
  mapDelete(map: number, tag: number, num: number): boolean;
  mapValue(tag: number, num: number): void;
  mapSet(map: number, tag: number, num: number, ttl: number): boolean;
  mapSetNumber(map: number, tag: number, num: number, ttl: number, value: number): boolean;
  mapSetIf(map: number, tag: number, num: number, ttl: number, version: number): boolean;
  mapSize(map: number): number;
  mapClear(map: number): void;
  mapSnapshot(map: number): number;
  mapNext(snapshot: number): boolean;
  mapNextValue(): void;
  mapLetGo(snapshot: number): void;
  keyedTry(limiter: number, tag: number, num: number, cost: number): boolean | undefined;
  keyedAsk(limiter: number, tag: number, num: number, cost: number, how: number): number;
  keyedKnows(limiter: number, tag: number, num: number): boolean;
  keyedGiveBack(limiter: number, tag: number, num: number, cost: number, taken: number): void;
  keyedBlock(limiter: number, tag: number, num: number, ms: number): void;
  keyedList(limiter: number, tag: number, num: number, list: number): number;
  keyedLimit(limiter: number, tag: number, num: number, count: number): void;
  keyedLimitsOf(limiter: number, tag: number, num: number): number;
  keyedReset(limiter: number, tag: number, num: number): boolean;
  keyedResetAll(limiter: number): void;
  keyedSweep(limiter: number): number;
  keyedSize(limiter: number): number;
  keyedClosed(limiter: number): boolean;
  keyedClose(limiter: number): boolean;
  keyedAcquire(
    limiter: number,
    wait: number,
    tag: number,
    num: number,
    cost: number,
    limit: number,
    cancellable: boolean,
  ): number;
  keyedAcquireBlocking(limiter: number, limit: number, tag: number, num: number, cost: number): number;
  atomicBits(lower: number, upper: number): void;
  atomicWhole(tag: number, num: number): void;
  atomicWait(
    atomic: number,
    wait: number,
    lower: number,
    upper: number,
    limit: number,
    cancellable: boolean,
  ): number;
  atomicWaitBlocking(atomic: number, limit: number, lower: number, upper: number): number;
  atomicNotify(atomic: number, count: number): number;
  atomicRead(atomic: number, what: number): number;
  atomicClose(atomic: number): void;
  referenceLoad(reference: number): number | boolean;
  referenceLook(reference: number): number;
  referenceStore(reference: number, tag: number, num: number): void;
  referenceExchange(reference: number, tag: number, num: number): number | boolean;
  referenceExpect(tag: number, num: number): void;
  referenceUnexpect(): void;
  referenceCompareExchange(reference: number, tag: number, num: number): boolean;
  referenceSetIf(reference: number, tag: number, num: number, version: number): boolean;
  channelSend(channel: number, wait: number, tag: number, num: number): number;
  channelSendNumber(channel: number, wait: number, num: number): number;
  channelTrySendNumber(channel: number, num: number): number;
  channelSendNumbers(channel: number, count: number): number;
  channelReceiveNumbers(channel: number, max: number): number;
  channelSendWith(
    channel: number,
    wait: number,
    tag: number,
    num: number,
    limit: number,
    cancellable: boolean,
  ): number;
  channelTrySend(channel: number, tag: number, num: number): number;
  channelReceive(channel: number, wait: number): number | boolean | undefined;
  channelReceiveWith(
    channel: number,
    wait: number,
    limit: number,
    cancellable: boolean,
  ): number | boolean | undefined;
  channelTryReceive(channel: number, quiet: boolean): number | boolean | undefined;
  channelReceiveBlocking(channel: number, limit: number): number | boolean | undefined;
  channelSendBlocking(channel: number, limit: number, tag: number, num: number): number;
  channelCaseValue(tag: number, num: number): void;
  channelSelect(count: number, wait: number, waits: boolean, limit: number, cancellable: boolean): number;
  channelSelectBlocking(count: number, limit: number): number;
  channelClose(channel: number): boolean;
  channelCapacity(channel: number): number;
  channelLength(channel: number): number;
  channelClosed(channel: number): boolean;
  queuePush(
    queue: number,
    wait: number,
    tag: number,
    num: number,
    rank: number,
    limit: number,
    cancellable: boolean,
  ): number;
  queueTryPush(queue: number, tag: number, num: number, rank: number): number;
  queuePushBlocking(queue: number, limit: number, tag: number, num: number, rank: number): number;
  queuePop(queue: number, wait: number, limit: number, cancellable: boolean): number | boolean | undefined;
  queueTryPop(queue: number, quiet: boolean): number | boolean | undefined;
  queuePopBlocking(queue: number, limit: number): number | boolean | undefined;
  queuePeek(queue: number): number | boolean | undefined;
  queueClear(queue: number): number;
  queueClose(queue: number): boolean;
  queueRead(queue: number, what: number): number;
  backoffDelay(
    strategy: number,
    factor: number,
    jitter: number,
    initial: number,
    most: number,
    attempt: number,
    random: number,
    last: number,
  ): number;
  backoffSpread(jitter: number, most: number, delay: number, random: number): number;
  backoffNotBefore(jitter: number, delay: number, after: number): number;
  retrySucceeded(retry: number, attempt: number): void;
  retryGaveUp(retry: number, why: number, attempts: number): void;
  retryWaited(retry: number, ms: number): void;
  retryReset(retry: number): void;
  budgetDeposit(budget: number): void;
  budgetWithdraw(budget: number): boolean;
  budgetGiveBack(budget: number): void;
  budgetClosed(budget: number): boolean;
  budgetClose(budget: number): void;
  hedgeBegin(hedge: number): number;
  hedgeLate(hedge: number, sent: boolean): void;
  hedgeAnswered(hedge: number, ms: number, byExtra: boolean): void;
  hedgeClosed(hedge: number): boolean;
  hedgeClose(hedge: number): void;
  ringTake(ring: number, writer: boolean): number;
  ringRelease(ring: number, writer: boolean): boolean;
  ringWait(
    ring: number,
    wait: number,
    writer: boolean,
    bytes: number,
    limit: number,
    cancellable: boolean,
  ): number;
  ringWaitBlocking(ring: number, limit: number, writer: boolean, bytes: number): number;
  ringWake(ring: number, writer: boolean): void;
  ringClose(ring: number): boolean;
  breakerEnter(breaker: number): number;
  breakerLeave(breaker: number, permit: number, end: number): boolean;
  breakerPhase(breaker: number): number;
  breakerTallied(breaker: number): number;
  breakerFallback(breaker: number): void;
  breakerForce(breaker: number, what: number): boolean;
  bulkheadTry(bulkhead: number): number;
  bulkheadEnter(
    bulkhead: number,
    wait: number,
    priority: number,
    limit: number,
    cancellable: boolean,
  ): number;
  bulkheadEnterBlocking(bulkhead: number, limit: number): number;
  bulkheadExit(bulkhead: number): void;
  bulkheadSetMost(bulkhead: number, most: number): void;
  bulkheadRead(bulkhead: number, what: number): number;
  bulkheadClose(bulkhead: number): void;
  adaptiveTry(limiter: number): number;
  adaptiveAcquire(
    limiter: number,
    wait: number,
    priority: number,
    limit: number,
    cancellable: boolean,
  ): number;
  adaptiveClaim(limiter: number): number;
  adaptiveEnd(limiter: number, permit: number, outcome: number): void;
  adaptiveRead(limiter: number, what: number): number;
  adaptiveClose(limiter: number): void;
  shedAsk(shed: number, priority: number): number;
  shedLowest(shed: number): number;
  shedExpect(shed: number, ms: number): void;
  shedArrived(shed: number): boolean;
  limiterTry(limiter: number, cost?: number): boolean;
  limiterAcquire(limiter: number, wait: number, cost: number, limit: number, cancellable: boolean): number;
  limiterAcquireBlocking(limiter: number, limit: number, cost: number): number;
  limiterReserve(limiter: number, cost: number): number;
  limiterReserved(limiter: number, place: number): boolean;
  limiterGiveUp(limiter: number, place: number): boolean;
  limiterCheck(limiter: number): void;
  limiterUntil(limiter: number, cost: number): number;
  limiterChange(limiter: number, what: number, amount: number): void;
  limiterRead(limiter: number, what: number): number;
  limiterClose(limiter: number): void;
  leakyEnqueue(bucket: number, wait: number, limit: number, cancellable: boolean): number;
  leakyRead(bucket: number, what: number): number;
  leakyClose(bucket: number): void;
  poolSubmit(pool: number, wait: number, tag: number, num: number, processor: number): number;
  poolSubmitWith(
    pool: number,
    wait: number,
    tag: number,
    num: number,
    processor: number,
    priority: number,
    timeout: number,
    flags: number,
  ): number;
  poolSubmitNear(
    pool: number,
    wait: number,
    tag: number,
    num: number,
    processor: number,
    priority: number,
    timeout: number,
    flags: number,
  ): number;
  poolWake(pool: number, worker: number): void;
  poolIdles(pool: number): boolean;
  poolCancel(pool: number, task: number): boolean;
  poolWithdraw(pool: number, task: number): boolean;
  poolCredit(pool: number, task: number, count: number): void;
  poolQueued(pool: number): number;
  workerNext(worker: number): number;
  workerFinish(worker: number, slot: number, ok: boolean, tag: number, num: number): boolean;
  workerFinishNext(worker: number, slot: number, ok: boolean, tag: number, num: number): number;
  workerItem(worker: number, slot: number, ok: boolean, tag: number, num: number): boolean;
  workerPark(worker: number, ms: number): boolean;
  workerRest(worker: number): boolean;
  workerAborted(worker: number, slot: number): boolean;
  workerBeat(worker: number, utilisation: number, heapUsed: number, heapLimit: number): void;
}

const page = new ArrayBuffer(binding.PAGE_SIZE);

/** The page's records, as numbers. */
export const records = new Float64Array(page, 0, binding.PAGE_DRAIN_BYTES / 8);
/** The bytes of drained messages. */
export const drainBytes = new Uint8Array(page, binding.PAGE_DRAIN_BYTES, binding.PAGE_AREA);
/** The bytes of the task at hand. */
export const taskBytes = new Uint8Array(page, binding.PAGE_TASK_BYTES, binding.PAGE_AREA);
/** Where a value on its way out is written. */
export const outBytes = new Uint8Array(page, binding.PAGE_OUT_BYTES, binding.PAGE_AREA);
/** Where the record of the task at hand begins. */
export const taskRecord = binding.PAGE_TASK_RECORD * binding.PAGE_RECORD;

/** Takes one drained record; `at` is where it begins in {@link records}. */
export type RecordHandler = (at: number) => void;

const ignore: RecordHandler = () => undefined;
const handlers: RecordHandler[] = [ignore, ignore, ignore, ignore, ignore, ignore];

/** What a record is about: its first number. */
export const recordKind = { settled: 0, item: 1, nudged: 2, ordered: 3, sideWanted: 4, told: 5 } as const;

/** Says who takes the records of a kind in this thread. */
export function onRecord(kind: number, handler: RecordHandler): void {
  handlers[kind] = handler;
}

const afterwards: (() => void)[] = [];

/** Runs `work` when the records at hand have been read: for handlers that run the user's code, which may need the page. */
export function afterDrain(work: () => void): void {
  afterwards.push(work);
}

/** How many pages of records one wake-up may take before input and output have their turn. */
const pagesPerTurn = 8;
const width = binding.PAGE_RECORD;

/** Empties the port. */
export function drain(): void {
  let count = 0;
  for (let pages = 0; ; pages++) {
    if (pages === pagesPerTurn) {
      fast.portWake();
      break;
    }
    count = fast.portDrain();
    if (count === 0) break;
    for (let i = 0, at = 0; i < count; i++, at += width) handlers[records[at] as number]?.(at);
  }
  while (afterwards.length > 0) for (const work of afterwards.splice(0)) work();
}

/** The hot calls of this thread. */
export const fast: FastCalls = binding.openIsolate(threadId, page, drain, errorOf) as FastCalls;

export { binding };
