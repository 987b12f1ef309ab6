/** Checks of what pipelines are told. */
import { checkNames, checkWhole } from '../arguments.js';
import { Channel } from '../channels/channel.js';
import { InvalidArgumentError } from '../errors.js';
import { shown } from '../wait-options.js';
import type { PipelineConfig, StageOptions } from './config.js';

/** The longest that a timer of the platform waits. */
const longest = 2 ** 31 - 1;
const stageOptions = ['concurrency', 'bufferSize', 'ordered', 'onError', 'timeout', 'retry', 'limiter'];

export function checkTime(name: string, value: unknown): void {
  if (value !== undefined && !(typeof value === 'number' && value > 0 && value <= longest))
    throw new InvalidArgumentError(name, shown(value), `milliseconds, above 0 and at most ${longest}`);
}

function checkText(name: string, value: unknown): void {
  if (typeof value !== 'string' || value === '')
    throw new InvalidArgumentError(name, shown(value), 'a text that is not empty');
}

function checkCommon({ concurrency, bufferSize, ordered, onError }: StageOptions): void {
  checkWhole('concurrency', concurrency, 1);
  checkWhole('bufferSize', bufferSize, 0);
  if (ordered !== undefined && typeof ordered !== 'boolean')
    throw new InvalidArgumentError('ordered', shown(ordered), 'a boolean');
  if (onError !== undefined && !['fail', 'skip', 'dead-letter'].includes(onError))
    throw new InvalidArgumentError('onError', shown(onError), "'fail', 'skip' or 'dead-letter'");
}

function has(value: unknown, ...methods: string[]): boolean {
  const usable = (typeof value === 'object' && value !== null) || typeof value === 'function';
  return usable && methods.some((method) => typeof (value as Record<string, unknown>)[method] === 'function');
}

/** @param also - Names beyond those that all stages have. */
export function checkStage(options: StageOptions & { name?: unknown }, also: readonly string[] = []): void {
  checkNames(options, ['name', ...stageOptions, ...also], 'stage');
  checkCommon(options);
  checkTime('timeout', options.timeout);
  const { name, retry, limiter } = options;
  if (name !== undefined) checkText('name', name);
  if (retry !== undefined && !has(retry, 'call', 'execute'))
    throw new InvalidArgumentError('retry', shown(retry), 'an object with call or execute');
  if (limiter !== undefined && !has(limiter, 'acquire'))
    throw new InvalidArgumentError('limiter', shown(limiter), 'an object with acquire');
}

export function checkConfig(config: Partial<PipelineConfig>): void {
  checkNames(config, ['name', 'concurrency', 'bufferSize', 'ordered', 'onError', 'deadLetters'], 'config');
  checkCommon(config);
  const { name, deadLetters } = config;
  if (name !== undefined) checkText('name', name);
  if (deadLetters !== undefined && !(deadLetters instanceof Channel))
    throw new InvalidArgumentError('deadLetters', shown(deadLetters), 'a Channel');
}
