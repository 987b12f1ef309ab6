/** The registry, in one thread. */
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import {
  AdaptedPattern,
  type BasePattern,
  DependencyCycleError,
  NameConflictError,
  NotFoundError,
  PatternRegistry,
  PatternShutdownError,
  RegistryShutdownError,
} from 'millrace';
import { child, deferred, pending, turns } from '../helpers.js';
import { Open, Told } from './patterns.js';

const made: PatternRegistry[] = [];
afterEach(async () => {
  // Global metrics are those of all registries.
  for (const registry of made) for (const name of registry.listPatterns()) registry.unregister(name);
});

function newRegistry(): PatternRegistry {
  const registry = new PatternRegistry();
  made.push(registry);
  return registry;
}

test('registers by name, lists, gives and forgets', async () => {
  const registry = newRegistry();
  const [a, b] = [new Told('a'), new Told('b')];
  registry.register(a);
  registry.register(b, { name: 'other' });
  assert.deepEqual(registry.listPatterns(), ['a', 'other']);
  assert.equal(registry.getPattern('a'), a);
  assert.equal(registry.getPattern('other'), b);
  assert.equal(registry.getPattern('b'), undefined);
  assert.equal(registry.unregister('a'), true);
  assert.equal(registry.unregister('a'), false);
  assert.deepEqual(registry.listPatterns(), ['other']);
  registry.register(a);
  await registry.shutdownAll();
});

test('a thread has one instance', () => {
  assert.equal(PatternRegistry.getInstance(), PatternRegistry.getInstance());
  assert.ok(PatternRegistry.getInstance() instanceof PatternRegistry);
});

describe('register refuses', () => {
  const registry = newRegistry();

  test('a name that is taken', () => {
    registry.register(new Told('taken'));
    assert.throws(() => registry.register(new Told('taken')), NameConflictError);
    assert.throws(() => registry.register(new Told('free'), { name: 'taken' }), NameConflictError);
    registry.unregister('taken');
  });

  test('what depends on what there is not, and changes nothing by that', () => {
    assert.throws(() => registry.register(new Told('a'), { dependsOn: ['nobody'] }), NotFoundError);
    assert.deepEqual(registry.listPatterns(), []);
  });

  test('circles, also those that close when somebody comes back', () => {
    assert.throws(
      () => registry.register(new Told('self'), { dependsOn: ['self'] }),
      (error: DependencyCycleError) => {
        assert.ok(error instanceof DependencyCycleError);
        assert.equal(error.code, 'ERR_DEPENDENCY_CYCLE');
        assert.deepEqual(error.cycle, ['self', 'self']);
        return true;
      },
    );
    for (const [name, dependsOn] of Object.entries({ a: [], b: ['a'], c: ['b'] }))
      registry.register(new Told(name), { dependsOn });
    registry.unregister('a');
    assert.throws(
      () => registry.register(new Told('a'), { dependsOn: ['c'] }),
      (error: DependencyCycleError) => {
        assert.deepEqual(error.cycle, ['a', 'c', 'b', 'a']);
        return true;
      },
    );
    registry.register(new Told('a'));
  });

  test('what is no pattern, and options that cannot be meant', () => {
    const refused = { code: 'ERR_INVALID_ARGUMENT' };
    for (const pattern of [undefined, null, 1, 'a', {}, { name: 'a' }, () => 1, new Map()])
      assert.throws(() => registry.register(pattern as unknown as BasePattern), refused);
    const good = new Told('good');
    for (const options of [
      null,
      1,
      { colour: 1 },
      { name: '' },
      { name: 1 },
      { dependsOn: 'a' },
      { dependsOn: [1] },
    ])
      assert.throws(() => registry.register(good, options as never), refused, JSON.stringify(options));
    assert.throws(() => registry.register({ close: () => undefined }), refused, 'it has no name');
  });
});

describe('shutdownAll', () => {
  test('stops each when all that depend on it have ended, independent ones at once', async () => {
    const log: string[] = [];
    const gates = { api: deferred<void>(), jobs: deferred<void>(), cache: deferred<void>() };
    const registry = newRegistry();
    registry.register(new Told('database', log));
    registry.register(new Told('cache', log, () => gates.cache.promise), { dependsOn: ['database'] });
    registry.register(new Told('api', log, () => gates.api.promise), { dependsOn: ['cache', 'database'] });
    registry.register(new Told('jobs', log, () => gates.jobs.promise), { dependsOn: ['cache'] });
    registry.register(new Told('alone', log));
    const all = registry.shutdownAll();
    await turns(3);
    assert.deepEqual(log.splice(0), ['api stops', 'jobs stops', 'alone stops', 'alone stopped']);
    gates.api.resolve();
    await turns(3);
    assert.deepEqual(log.splice(0), ['api stopped']);
    gates.jobs.resolve();
    await turns(3);
    assert.deepEqual(log.splice(0), ['jobs stopped', 'cache stops']);
    gates.cache.resolve();
    await all;
    assert.deepEqual(log, ['cache stopped', 'database stops', 'database stopped']);
    assert.deepEqual(registry.listPatterns(), []);
  });

  test('tells each failure, and stops all the rest', async () => {
    const log: string[] = [];
    const registry = newRegistry();
    const [first, second] = [new Error('first'), new Error('second')];
    registry.register(new Told('base', log));
    registry.register(new Told('a', log, () => Promise.reject(first)), { dependsOn: ['base'] });
    registry.register(
      new Told('b', log, () => {
        throw second;
      }),
      { dependsOn: ['base'] },
    );
    registry.register(new Told('c', log), { dependsOn: ['a'] });
    await assert.rejects(registry.shutdownAll(), (error: PatternShutdownError) => {
      assert.ok(error instanceof PatternShutdownError);
      assert.equal(error.code, 'ERR_PATTERN_SHUTDOWN');
      assert.deepEqual(
        new Map(error.failures.map(({ name, error: of }) => [name, of])),
        new Map([
          ['b', second],
          ['a', first],
        ]),
      );
      assert.deepEqual(
        error.errors,
        error.failures.map(({ error: of }) => of),
      );
      assert.match(error.message, /'a': first/);
      return true;
    });
    assert.deepEqual(
      log.filter((line) => line.endsWith('stopped')),
      ['c stopped', 'base stopped'],
    );
    assert.deepEqual(registry.listPatterns(), []);
  });

  test('timeout: what has not ended is ended at once, told, and not waited for; the rest is still ended', async () => {
    const log: string[] = [];
    const registry = newRegistry();
    class Stuck extends Told {
      override terminate(): void {
        log.push('stuck terminated');
      }
    }
    registry.register(new Told('base', log));
    registry.register(new Stuck('stuck', log, () => new Promise(() => undefined)), { dependsOn: ['base'] });
    await assert.rejects(registry.shutdownAll({ timeout: 20 }), (error: PatternShutdownError) => {
      assert.deepEqual(
        error.failures.map(({ name, error: why }) => [name, (why as { code: string }).code]),
        [['stuck', 'ERR_TIMEOUT']],
      );
      return true;
    });
    assert.deepEqual(log, ['stuck stops', 'stuck terminated', 'base stops', 'base stopped']);
  });

  test('timeout: 0 gives each one turn', async () => {
    const log: string[] = [];
    const registry = newRegistry();
    registry.register(new Told('quick', log));
    registry.register(new Told('slow', log, () => new Promise(() => undefined)));
    await assert.rejects(registry.shutdownAll({ timeout: 0 }), (error: PatternShutdownError) => {
      assert.deepEqual(
        error.failures.map(({ name }) => name),
        ['slow'],
      );
      return true;
    });
    assert.ok(log.includes('quick stopped'));
  });

  test('signal: as a time that is up', async () => {
    const registry = newRegistry();
    registry.register(new Told('stuck', [], () => new Promise(() => undefined)));
    registry.register(new Told('well'));
    const stop = new AbortController();
    const all = registry.shutdownAll({ signal: stop.signal });
    assert.ok(await pending(all));
    const why = new Error('now');
    stop.abort(why);
    await assert.rejects(all, (error: PatternShutdownError) => {
      assert.deepEqual(error.failures, [{ name: 'stuck', error: why }]);
      return true;
    });
  });

  test('signal: one that has aborted before leaves all as it is', async () => {
    const log: string[] = [];
    const registry = newRegistry();
    registry.register(new Told('a', log));
    const why = new Error('never mind');
    await assert.rejects(registry.shutdownAll({ signal: AbortSignal.abort(why) }), why);
    assert.deepEqual([log, registry.listPatterns()], [[], ['a']]);
    await registry.shutdownAll();
    assert.deepEqual(log, ['a stops', 'a stopped']);
  });

  test('a second call gives the same promise; nothing is registered meanwhile; afterwards it begins anew', async () => {
    const gate = deferred<void>();
    const registry = newRegistry();
    registry.register(new Told('a', [], () => gate.promise));
    const first = registry.shutdownAll();
    assert.equal(registry.shutdownAll({ timeout: 1 }), first);
    assert.throws(() => registry.register(new Told('b')), RegistryShutdownError);
    assert.deepEqual(registry.listPatterns(), ['a']);
    gate.resolve();
    await first;
    assert.equal(registry.shutdownAll(), first);
    const log: string[] = [];
    registry.register(new Told('b', log));
    await registry.shutdownAll();
    assert.deepEqual(log, ['b stops', 'b stopped']);
  });

  test('what is unregistered meanwhile is ended all the same', async () => {
    const log: string[] = [];
    const gate = deferred<void>();
    const registry = newRegistry();
    registry.register(new Told('base', log));
    registry.register(new Told('a', log, () => gate.promise), { dependsOn: ['base'] });
    const all = registry.shutdownAll();
    registry.unregister('base');
    gate.resolve();
    await all;
    assert.ok(log.includes('base stopped'));
  });

  test('an empty registry is done', async () => {
    await new PatternRegistry().shutdownAll();
    await using registry = newRegistry();
    assert.deepEqual(registry.listPatterns(), []);
  });

  test('refuses options that cannot be meant, and ends nothing', async () => {
    const registry = newRegistry();
    registry.register(new Told('a'));
    for (const options of [null, 1, { timeout: -1 }, { timeout: '1' }, { signal: 1 }, { colour: 1 }])
      await assert.rejects(registry.shutdownAll(options as never), { code: 'ERR_INVALID_ARGUMENT' });
    assert.deepEqual(registry.listPatterns(), ['a']);
    await registry.shutdownAll();
  });

  test('keeps the process alive until it is over; what is registered does not', async () => {
    const source = `
      class Mine extends millrace.BasePattern {
        async start() {} isRunning() { return true; }
        stop() { return new Promise((resolve) => setTimeout(resolve, 20).unref()); }
      }
      const registry = millrace.PatternRegistry.getInstance();
      registry.register(new Mine());
      console.log(registry.getGlobalMetrics().running);`;
    const idle = await child(source);
    assert.deepEqual([idle.code, idle.stdout, idle.stderr], [0, '1\n', '']);
    const ending = await child(`${source} registry.shutdownAll().then(() => console.log('over'));`);
    assert.deepEqual([ending.code, ending.stdout, ending.stderr], [0, '1\nover\n', '']);
  });
});

describe('getGlobalMetrics', () => {
  test('tells of each pattern, and what all come to', async () => {
    const registry = newRegistry();
    const [a, b] = [
      new Open({ name: 'a' }),
      new Open({ name: 'b', retryAttempts: 1, errorHandler: () => undefined }),
    ];
    await a.start();
    registry.register(a);
    registry.register(b, { dependsOn: ['a'] });
    await a.call(async () => 1);
    await assert.rejects(b.call(() => Promise.reject(new Error('no'))));
    b.fail(new Error('mine'));
    const { patterns, ...all } = registry.getGlobalMetrics();
    assert.deepEqual(all, {
      threads: 1,
      running: 1,
      calls: 2,
      succeeded: 1,
      failed: 1,
      retries: 1,
      errors: 1,
      active: 0,
      waiting: 0,
    });
    assert.deepEqual(
      patterns.map(({ name, kind, thread, running, dependsOn, age, metrics }) => [
        name,
        kind,
        thread,
        running,
        dependsOn,
        age,
        metrics.calls,
      ]),
      [
        ['a', 'Open', 0, true, [], 0, 1],
        ['b', 'Open', 0, false, ['a'], 0, 1],
      ],
    );
    registry.unregister('a');
    assert.deepEqual(
      registry.getGlobalMetrics().patterns.map(({ name }) => name),
      ['b'],
    );
    await registry.shutdownAll();
    assert.equal(registry.getGlobalMetrics().threads, 0);
  });

  test('sees all registries of the thread', async () => {
    const [one, other] = [newRegistry(), newRegistry()];
    one.register(new Told('a'));
    other.register(new Told('a'));
    assert.equal(one.getGlobalMetrics().patterns.length, 2);
    await Promise.all([one.shutdownAll(), other.shutdownAll()]);
  });

  test('a pattern that cannot tell how it stands keeps no other from it', async () => {
    const registry = newRegistry();
    class Silent extends Told {
      override isRunning(): boolean {
        throw new Error('I do not know');
      }
    }
    registry.register(new Silent('silent'));
    registry.register(new Told('well'));
    const { patterns } = registry.getGlobalMetrics();
    assert.deepEqual(
      patterns.map(({ name, running }) => [name, running]),
      [
        ['silent', false],
        ['well', false],
      ],
    );
    assert.match(String(patterns[0]?.metrics.details), /I do not know/);
    await registry.shutdownAll();
  });
});

test('what is registered as it is, is found again behind its adapter', () => {
  const registry = newRegistry();
  const object = { name: 'mine', close: () => undefined };
  registry.register(object);
  const pattern = registry.getPattern('mine');
  assert.ok(pattern instanceof AdaptedPattern && pattern.object === object);
  registry.unregister('mine');
});
