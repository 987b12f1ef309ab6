/** Checks of what nodes and graphs are told. */

import { checkFunction, checkNames, checkWidth } from '../arguments.js';
import { InvalidArgumentError } from '../errors.js';
import { checkLimit } from '../policy/timeout.js';
import { RetryExecutor } from '../retry/executor.js';
import { RetryPolicy } from '../retry/policy.js';
import { shown } from '../wait-options.js';
import { WorkerPool } from '../worker-pools/pool.js';
import { processorText } from '../worker-pools/processor.js';
import type { GraphOptions, NodeConfig } from './config.js';
import { isGraph } from './sub-graph.js';
import type { Any } from './types.js';

export type AnyConfig = NodeConfig<Any, Any, Any, Any, Any, Any>;

const functions = ['prep', 'post', 'fallback', 'onStart', 'onSuccess', 'onError', 'onEnd'] as const;
const known = [...functions, 'exec', 'actions', 'waitFor', 'retry', 'timeout', 'on'];

/** A text that is not empty. */
export function checkText(name: string, value: unknown): void {
  if (typeof value !== 'string' || value === '')
    throw new InvalidArgumentError(name, shown(value), 'a text that is not empty');
}

function checkExec({ exec, on }: AnyConfig): void {
  if (on === undefined) {
    if (exec !== undefined && typeof exec !== 'function' && !isGraph(exec))
      throw new InvalidArgumentError(
        'exec',
        shown(exec),
        'a function or a Graph; or a module, and a pool for `on`',
      );
    return;
  }
  if (!(on instanceof WorkerPool)) throw new InvalidArgumentError('on', shown(on), 'a WorkerPool');
  if (isGraph(exec))
    throw new InvalidArgumentError('exec', 'a Graph', 'a function or a module, as `on` is a pool');
  if (exec !== undefined) processorText(exec as () => unknown);
}

function checkRetry(retry: AnyConfig['retry']): void {
  if (retry === undefined || retry instanceof RetryPolicy || retry instanceof RetryExecutor) return;
  if (typeof retry !== 'object' || retry === null)
    throw new InvalidArgumentError(
      'retry',
      shown(retry),
      '{ attempts, delay }, a RetryPolicy or a RetryExecutor',
    );
  checkNames(retry, ['attempts', 'delay']);
  const { attempts, delay = 0 } = retry;
  if (!(Number.isInteger(attempts) && attempts >= 1))
    throw new InvalidArgumentError('attempts', shown(attempts), 'a whole number of at least 1');
  if (delay !== 0) checkLimit('delay', delay);
}

/** @throws {@link InvalidArgumentError} for the first thing that cannot be meant. */
export function checkNode(name: string, config: AnyConfig): void {
  checkText('name', name);
  checkNames(config, known);
  for (const option of functions) if (config[option] !== undefined) checkFunction(option, config[option]);
  const { actions, post, waitFor, timeout, exec, fallback } = config;
  if (actions !== undefined) checkActions(actions);
  if (actions !== undefined && post === undefined)
    throw new InvalidArgumentError('actions', 'a list', '`post` beside it, which chooses among them');
  if (waitFor !== undefined && waitFor !== 'all' && waitFor !== 'any')
    throw new InvalidArgumentError('waitFor', shown(waitFor), "'all' or 'any'");
  if (timeout !== undefined) checkLimit('timeout', timeout);
  checkRetry(config.retry);
  checkExec(config);
  for (const [option, value] of Object.entries({ fallback, retry: config.retry, timeout })) {
    if (value !== undefined && exec === undefined && config.on === undefined)
      throw new InvalidArgumentError(option, shown(value), '`exec` beside it');
  }
}

function checkActions(actions: unknown): void {
  if (!Array.isArray(actions) || actions.length === 0)
    throw new InvalidArgumentError('actions', shown(actions), 'a list of texts');
  for (const action of actions) checkText('actions', action);
  if (new Set(actions).size < actions.length)
    throw new InvalidArgumentError('actions', actions.join(', '), 'each action once');
}

/** The same for a graph. */
export function checkGraph(options: GraphOptions): void {
  checkNames(options, ['name', 'concurrency', 'maxSteps']);
  const { name, concurrency, maxSteps } = options;
  if (name !== undefined) checkText('name', name);
  if (concurrency !== undefined) checkWidth('concurrency', concurrency);
  if (maxSteps !== undefined && !(Number.isSafeInteger(maxSteps) && maxSteps >= 1))
    throw new InvalidArgumentError('maxSteps', shown(maxSteps), 'a whole number of at least 1');
}
