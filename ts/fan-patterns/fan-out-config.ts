/** How a fan-out is made. */
import { availableParallelism } from 'node:os';
import { checkFlag, checkNames, checkTime, checkWord } from '../arguments.js';
import { InvalidArgumentError } from '../errors.js';
import { shown } from '../wait-options.js';
import type { ProcessorModule } from '../worker-pools/config.js';
import { WorkerPool } from '../worker-pools/pool.js';
import { checkCount } from '../worker-pools/submit-options.js';
import type { FanContext } from './item-context.js';

/** The configuration of a fan-out. Times are in milliseconds. */
export interface FanOutConfig {
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
export interface FanOutOptions extends Omit<Partial<FanOutConfig>, 'batchSize'> {
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
export type FanProcessor<TInput, TOutput> =
  | ((input: TInput, context: FanContext) => TOutput | PromiseLike<TOutput>)
  | ProcessorModule;

/** What is called for each batch. On threads also a module that exports it. */
export type BatchProcessor<TInput, TOutput> =
  | ((batch: TInput[], context: FanContext) => TOutput[] | PromiseLike<TOutput[]>)
  | ProcessorModule;

/** @internal */
export const fanOutNames: readonly string[] = [
  'workerCount',
  'batchSize',
  'timeout',
  'enableLoadBalancing',
  'on',
  'ordered',
  'onError',
  'abortGrace',
];

/** Every option, checked and with its default. @internal */
export interface FanOutTerms {
  workerCount: number;
  batchSize: number | 'adaptive';
  timeout: number | undefined;
  balances: boolean;
  on: FanOutOptions['on'];
  ordered: boolean;
  goOn: boolean;
  abortGrace: number;
}

/** More workers than this are a mistake. */
const most = 1_000_000;

/** @throws {@link InvalidArgumentError} for the first option that cannot be meant. @internal */
export function fanOutTerms(config: FanOutOptions, also: readonly string[] = []): FanOutTerms {
  checkNames(config, [...fanOutNames, ...also]);
  const { workerCount = availableParallelism(), batchSize = 'adaptive', enableLoadBalancing = true } = config;
  const { on, ordered = true, onError = 'fail', abortGrace = 1000 } = config;
  if (on !== undefined && on !== 'workers' && !(on instanceof WorkerPool))
    throw new InvalidArgumentError('on', shown(on), "'workers' or a pool");
  if (checkCount('workerCount', workerCount) > (on === 'workers' ? 1024 : most))
    throw new InvalidArgumentError(
      'workerCount',
      shown(workerCount),
      `at most ${on === 'workers' ? 1024 : most}`,
    );
  if (batchSize !== 'adaptive') checkCount('batchSize', batchSize);
  checkFlag('enableLoadBalancing', enableLoadBalancing);
  checkFlag('ordered', ordered);
  checkWord('onError', onError, ['fail', 'collect']);
  return {
    workerCount,
    batchSize,
    timeout: checkTime('timeout', config.timeout),
    balances: enableLoadBalancing,
    on,
    ordered,
    goOn: onError === 'collect',
    abortGrace: checkTime('abortGrace', abortGrace) ?? Infinity,
  };
}
