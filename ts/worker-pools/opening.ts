/** How a pool is opened: by its options, in the thread that is to own it, or by name or handle in another. */

import { InvalidArgumentError, rethrow } from '../errors.js';
import { binding } from '../isolate.js';
import type { NativePool } from '../native/binding.js';
import type { WorkerPoolOptions } from './config.js';
import { processorText } from './processor.js';

/** A pool's name for other threads: give it to `postMessage` or `workerData`, and to `from` there. */
export interface PoolHandle {
  /** What kind of object it names. */
  readonly millrace: 'worker-pool';
  /** Which one. */
  readonly id: number;
}

/** What another thread opens a pool by. @internal */
export type Opening = { handle: PoolHandle } | { name: string };

/** What the owning thread opens it by. @internal */
export interface Making {
  options: WorkerPoolOptions<never, unknown>;
  /** Their fixed number. */
  workers?: number;
}

/** Options that are functions or objects, which native code does not read. */
const ownOptions = [
  'processor',
  'resourceLimits',
  'env',
  'argv',
  'execArgv',
  'workerData',
  'stdout',
  'stderr',
  'captureOutput',
];

/** Opens a pool in this thread. @internal */
export function openNative(source: Making | Opening): NativePool {
  try {
    if ('options' in source) return make(source);
    if ('name' in source) return binding.NativePool.find(source.name);
    return binding.NativePool.fromId(source.handle.id);
  } catch (error) {
    return rethrow(error);
  }
}

function make({ options, workers }: Making): NativePool {
  checkObjects(options);
  const text = processorText(options.processor);
  const plain: Record<string, unknown> = { ...options };
  for (const name of ownOptions) delete plain[name];
  if (options.scalingPolicy !== undefined) plain['scalingPolicy'] = true;
  return binding.NativePool.create(plain, workers, text, fingerprint(options, workers, text));
}

function checkObjects(options: WorkerPoolOptions<never, unknown>): void {
  if (typeof options !== 'object' || options === null) {
    throw new InvalidArgumentError('config', options === null ? 'null' : typeof options, 'an object');
  }
  const { scalingPolicy, argv, execArgv, stdout, stderr, captureOutput, resourceLimits } = options;
  const wrong = (name: string, value: unknown, want: string): never => {
    throw new InvalidArgumentError(name, value === null ? 'null' : typeof value, want);
  };
  if (scalingPolicy !== undefined && typeof scalingPolicy !== 'function')
    wrong('scalingPolicy', scalingPolicy, 'a function');
  if (argv !== undefined && !Array.isArray(argv)) wrong('argv', argv, 'an array');
  if (
    execArgv !== undefined &&
    !(Array.isArray(execArgv) && execArgv.every((word) => typeof word === 'string'))
  ) {
    wrong('execArgv', execArgv, 'an array of strings');
  }
  for (const [name, value] of Object.entries({ stdout, stderr, captureOutput })) {
    if (value !== undefined && typeof value !== 'boolean') wrong(name, value, 'a boolean');
  }
  if (resourceLimits !== undefined && (typeof resourceLimits !== 'object' || resourceLimits === null)) {
    wrong('resourceLimits', resourceLimits, 'an object');
  }
}

/** Everything that makes two configurations of one name different, in one order. */
function fingerprint(
  options: WorkerPoolOptions<never, unknown>,
  workers: number | undefined,
  processor: string,
): string {
  const { name: _name, processor: _processor, scalingPolicy, workerData: _workerData, ...rest } = options;
  const plain: Record<string, unknown> = { ...rest, processor: JSON.parse(processor) as unknown };
  if (workers !== undefined) plain['workerCount'] = workers;
  if (scalingPolicy !== undefined) plain['scalingPolicy'] = String(scalingPolicy);
  const sorted = Object.entries(plain).filter(([, value]) => value !== undefined);
  sorted.sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(Object.fromEntries(sorted), (_key, value: unknown) =>
    typeof value === 'symbol' ? String(value) : value,
  );
}

/** Checks a token from another thread. @internal */
export function checkHandle(handle: unknown): PoolHandle {
  const known =
    typeof handle === 'object' &&
    handle !== null &&
    (handle as PoolHandle).millrace === 'worker-pool' &&
    Number.isInteger((handle as PoolHandle).id);
  if (!known) throw new InvalidArgumentError('handle', typeof handle, 'what toHandle() of a pool gave');
  return handle as PoolHandle;
}
