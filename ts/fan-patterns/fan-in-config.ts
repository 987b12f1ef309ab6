/** How a fan-in is made. */

import { checkFunction, checkNames, checkTime, checkWord } from '../arguments.js';
import { InvalidArgumentError } from '../errors.js';
import { shown } from '../wait-options.js';
import { checkCount } from '../worker-pools/submit-options.js';
import type { MergeOrder, MergeStrategy } from './merge-strategy.js';
import type { Source } from './source.js';

/** The configuration of a fan-in. Times are in milliseconds. */
export interface FanInConfig {
  /** How many items are read of each input before anybody wants them. Default 16. */
  bufferSize: number;
  /** Which input is next. Default `'round-robin'`. */
  mergeStrategy: MergeOrder;
  /** How long an input may take for an item; then it has failed, with `WaitTimeoutError`. Default: no limit. */
  timeout: number;
}

/** What a fan-in can be told beyond {@link FanInConfig}. */
export interface FanInOptions<T> extends Partial<FanInConfig> {
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

/** Every option, checked and with its default. @internal */
export interface FanInTerms<T> {
  bufferSize: number;
  order: MergeOrder;
  timeout: number | undefined;
  strategy: MergeStrategy<T> | undefined;
  onError: 'fail' | 'skip' | 'end-input';
  onInputError: ((error: unknown, input: Source<T>) => void) | undefined;
}

const names = ['bufferSize', 'mergeStrategy', 'timeout', 'strategy', 'onError', 'onInputError'];

/** @throws {@link InvalidArgumentError} for what is no strategy. @internal */
export function checkStrategy(strategy: unknown): void {
  if (typeof (strategy as MergeStrategy<unknown> | null)?.pick !== 'function')
    throw new InvalidArgumentError('strategy', shown(strategy), '{ pick(ready, waiting) }');
}

/** @throws {@link InvalidArgumentError} for the first option that cannot be meant. @internal */
export function fanInTerms<T>(config: FanInOptions<T>): FanInTerms<T> {
  checkNames(config, names);
  const { bufferSize = 16, mergeStrategy = 'round-robin', strategy, onError = 'fail', onInputError } = config;
  checkWord('mergeStrategy', mergeStrategy, ['round-robin', 'priority', 'arrival', 'custom']);
  checkWord('onError', onError, ['fail', 'skip', 'end-input']);
  if (strategy !== undefined) {
    checkStrategy(strategy);
    if (mergeStrategy !== 'custom')
      throw new InvalidArgumentError('strategy', 'one', "mergeStrategy: 'custom' beside it");
  }
  if (onInputError !== undefined) checkFunction('onInputError', onInputError);
  return {
    bufferSize: checkCount('bufferSize', bufferSize),
    order: mergeStrategy,
    timeout: checkTime('timeout', config.timeout),
    strategy,
    onError,
    onInputError,
  };
}
