/** The classes of the text the project grew from, §1, with the signatures that the text declares. It has no usage examples of its own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BasePattern,
  type ErrorHandler,
  type GlobalMetrics,
  type PatternConfig,
  type PatternMetrics,
  PatternRegistry,
} from 'millrace';

/** A pattern as the text has it: it sees what the text says that it sees. */
class Doubling extends BasePattern {
  #running = false;

  async start(): Promise<void> {
    this.#running = true;
  }

  async stop(): Promise<void> {
    this.#running = false;
  }

  isRunning(): boolean {
    return this.#running;
  }

  async double(value: number): Promise<number> {
    const fn = async (): Promise<number> => {
      if (value < 0) throw new Error('negative');
      return value * 2;
    };
    const doubled: Promise<number> = this.retry<number>(fn);
    return doubled.catch((error: Error) => {
      this.handleError(error);
      return 0;
    });
  }

  get inside(): { config: PatternConfig; metrics: PatternMetrics; errorHandler: ErrorHandler } {
    return { config: this.config, metrics: this.metrics, errorHandler: this.errorHandler };
  }
}

test('the configuration is as the text declares it', () => {
  const config: PatternConfig = {
    name: 'doubling',
    maxConcurrency: 2,
    timeout: 1000,
    retryAttempts: 0,
    enableMetrics: true,
    errorHandler: (error: Error): void => void error,
  };
  const partial: Partial<PatternConfig> = { name: 'doubling' };
  assert.deepEqual(new Doubling(config).inside.config, config);
  assert.equal(new Doubling(partial).inside.config.name, 'doubling');
});

test('a pattern has the signatures of the text', async () => {
  const errors: Error[] = [];
  const errorHandler: ErrorHandler = (error) => void errors.push(error);
  const pattern: BasePattern & Doubling = new Doubling({ name: 'doubling', errorHandler });
  const started: Promise<void> = pattern.start();
  await started;
  const running: boolean = pattern.isRunning();
  assert.ok(running);
  assert.equal(await pattern.double(2), 4);
  assert.equal(await pattern.double(-1), 0);
  assert.deepEqual(
    errors.map(({ message }) => message),
    ['negative'],
  );
  assert.equal(pattern.inside.errorHandler, errorHandler);
  const metrics: PatternMetrics = pattern.getMetrics();
  assert.deepEqual([metrics.calls, metrics.succeeded, metrics.failed, metrics.errors], [2, 1, 1, 1]);
  assert.equal(pattern.inside.metrics.calls, 2);
  const reset: void = pattern.resetMetrics();
  assert.equal(reset, undefined);
  assert.equal(pattern.getMetrics().calls, 0);
  const stopped: Promise<void> = pattern.stop();
  await stopped;
  assert.equal(pattern.isRunning(), false);
});

test('the registry has the signatures of the text', async () => {
  const registry = new PatternRegistry();
  const pattern: BasePattern = new Doubling({ name: 'doubling' });
  await pattern.start();
  const registered: void = registry.register(pattern);
  assert.equal(registered, undefined);
  const found: BasePattern | undefined = registry.getPattern('doubling');
  assert.equal(found, pattern);
  const names: string[] = registry.listPatterns();
  assert.deepEqual(names, ['doubling']);
  const metrics: GlobalMetrics = registry.getGlobalMetrics();
  assert.equal(metrics.running, 1);
  const removed: boolean = registry.unregister('doubling');
  assert.equal(removed, true);
  registry.register(pattern);
  const ended: Promise<void> = registry.shutdownAll();
  await ended;
  assert.equal(pattern.isRunning(), false);
});
