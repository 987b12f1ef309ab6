/** What every class that limits, breaks, sheds, retries or hedges has: documentation, metrics, events, `close` and `using`. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import * as millrace from 'millrace';
import { undocumented } from '../declarations.js';
import { child, onBun, thread, turns, until } from '../helpers.js';
import { type Guarding, guards } from './guards.js';

const shared = Object.entries(guards).flatMap(([name, { make, from, end }]) =>
  from === undefined ? [] : [{ name, make, from, end }],
);
const names = shared.map(({ name }) => name).toSorted();

/** Text that listens to all of them in another thread, which has their handles in `data`, and posts what it is told. */
const listening = `
  const millrace = { ${names} };
  const froms = { ${shared.map(({ name, from }) => `${name}: ${from}`)} };
  const guards = data.map(([name, handle]) => {
    const end = name === 'CircuitBreaker' ? 'shutdown' : 'close';
    return froms[name](handle).on(end, () => parentPort.postMessage(name));
  });`;

/** One of each, their handles, and what listeners here have been told. */
function all(): { made: Map<string, Guarding>; handles: [string, unknown][]; told: string[] } {
  const told: string[] = [];
  const made = new Map(
    shared.map(({ name, make, end }) => [name, make().on(end, () => told.push(name))] as const),
  );
  const handles = [...made].map(
    ([name, guard]) => [name, (guard as unknown as millrace.SharedObject).toHandle()] as [string, unknown],
  );
  return { made, handles, told };
}

test('no class is left out', () => {
  const kinds = /^(?:[A-Z]\w*(?:Limiter|Breaker|Meter|Shed|Executor|Budget)|Hedge)$/;
  const abstract = new Set(['Limiter', 'RateLimiter']);
  const exported = Object.entries(millrace)
    .filter(([name, value]) => typeof value === 'function' && kinds.test(name) && !abstract.has(name))
    .map(([name]) => name);
  assert.deepEqual(Object.keys(guards).toSorted(), exported.toSorted());
});

describe('each has', () => {
  for (const [name, { make, end }] of Object.entries(guards)) {
    test(`${name}: documentation, metrics, events, close and using`, () => {
      assert.deepEqual(undocumented(name), []);
      const guard = make() as Guarding & { getMetrics?: () => object; stats?: object };
      assert.equal(typeof (guard.getMetrics?.() ?? guard.stats), 'object');
      const listener = (): void => assert.fail('it was taken off');
      assert.equal(guard.on(end, listener).once(end, listener).off(end, listener).off(end, listener), guard);
      assert.throws(() => guard.on('nothing', listener), { code: 'ERR_INVALID_ARGUMENT' });
      assert.throws(() => guard.on(end, 7 as never), { code: 'ERR_INVALID_ARGUMENT' });
      guard.close();
      guard.close();
      guard[Symbol.dispose]();
    });
  }
});

describe('the end is told', () => {
  test('once here and in another thread that has opened it', async () => {
    const { made, handles, told } = all();
    const there: string[] = [];
    const worker = thread(
      `${listening}
      parentPort.on('message', () => process.exit());
      parentPort.postMessage('listens');`,
      handles,
    );
    worker.on('message', (name: string) => there.push(name));
    await until(() => there.length === 1);
    there.pop();
    for (const guard of made.values()) {
      guard.close();
      guard[Symbol.dispose]();
    }
    await until(() => told.length >= names.length && there.length >= names.length);
    worker.postMessage('end');
    await once(worker, 'exit');
    assert.deepEqual([told.toSorted(), there.toSorted()], [names, names]);
  });

  test('once if another thread closes it, and both at once', async () => {
    const { made, handles, told } = all();
    const there: string[] = [];
    const worker = thread(
      `${listening}
      parentPort.once('message', () => {
        for (const guard of guards) guard.close();
        parentPort.on('message', () => process.exit());
      });
      parentPort.postMessage('listens');`,
      handles,
    );
    worker.on('message', (name: string) => there.push(name));
    await until(() => there.length === 1);
    there.pop();
    worker.postMessage('close');
    await until(() => told.length > 0);
    for (const guard of made.values()) guard.close();
    await until(() => told.length >= names.length && there.length >= names.length);
    worker.postMessage('end');
    await once(worker, 'exit');
    assert.deepEqual([told.toSorted(), there.toSorted()], [names, names]);
  });

  test('once where each thread has its own', () => {
    for (const [name, { make, from }] of Object.entries(guards)) {
      if (from !== undefined) continue;
      let told = 0;
      const guard = make().on('close', () => told++);
      guard.close();
      guard.close();
      assert.equal(told, 1, name);
    }
  });

  test('to each object that stands for the same', async () => {
    const { made, handles, told } = all();
    for (const [at, { name, from, end }] of shared.entries())
      from(handles[at]?.[1] as never).once(end, () => told.push(name));
    for (const guard of made.values()) guard.close();
    await until(() => told.length >= names.length * 2);
    assert.deepEqual(
      told.toSorted(),
      names.flatMap((name) => [name, name]),
    );
  });

  test('not to one who begins to listen after it', async () => {
    const late = (): void => assert.fail('it was closed before');
    const closed = shared.map(({ make, end }) => {
      const guard = make();
      guard.close();
      return guard.on(end, late);
    });
    const { made, told } = all();
    for (const guard of made.values()) guard.close();
    await until(() => told.length >= names.length);
    for (const { name, end } of shared) made.get(name)?.once(end, late);
    for (const [at, { end }] of shared.entries()) closed[at]?.on(end, late).off(end, late);
    await turns(20);
  });
});

describe('listeners', () => {
  const importing = `const { guards } = await import(${JSON.stringify(new URL('guards.js', import.meta.url).href)});`;

  test('keep no process alive', async () => {
    const { code, stdout, stderr } = await child(`
      ${importing}
      for (const { make, end } of Object.values(guards)) make().on(end, () => console.log('never'));
      console.log('idle');`);
    assert.deepEqual([code, stdout.trim()], [0, 'idle'], stderr);
  });

  test('are told of the end that is the last thing that happens', async () => {
    const { code, stdout, stderr } = await child(`
      ${importing}
      const never = () => console.log('never');
      for (const { make, from, end } of Object.values(guards)) {
        const unheard = make().on(end, never).off(end, never);
        unheard.close();
        unheard.on(end, never).close();
        if (from === undefined) continue;
        const gone = make().on(end, never);
        gone.close();
        gone.off(end, never);
      }
      for (const [name, { make, end }] of Object.entries(guards)) {
        const guard = make().on(end, () => console.log(name));
        guard.close();
        guard.close();
      }`);
    assert.deepEqual(
      [code, stdout.trim().split('\n').toSorted()],
      [0, Object.keys(guards).toSorted()],
      stderr,
    );
  });

  test('keep what they listen to until it is closed, and not longer', async () => {
    const { code, stdout, stderr } = await child(
      `${importing}
      const collect = globalThis.gc ?? (() => Bun.gc(true));
      const settle = async () => {
        collect();
        await new Promise((resolve) => setImmediate(resolve));
      };
      const budget = (options) => new millrace.RetryBudget({}, options);
      const forgotten = (() => {
        let told = false;
        budget({ name: 'kept' }).on('close', () => (told = true));
        return () => told;
      })();
      for (let i = 0; i < 5; i++) await settle();
      millrace.RetryBudget.open('kept').close();
      while (!forgotten()) await settle();
      let told = 0;
      const round = () => {
        for (const { make, end } of Object.values(guards)) make().on(end, () => told++).close();
      };
      for (let i = 1; i <= 20; i++) {
        round();
        while (told < i * Object.keys(guards).length) await settle();
      }
      // A few may still stand somewhere on the stack.
      while (millrace.diagnostics().length > 20) await settle();
      console.log('gone');`,
      { args: onBun ? [] : ['--expose-gc'] },
    );
    assert.deepEqual([code, stdout.trim()], [0, 'gone'], stderr);
  });

  test('that throw change nothing for the call, nor for other listeners', async () => {
    const { code, stdout, stderr } = await child(`
      process.on('uncaughtException', (error) => console.log('uncaught', error.message));
      const limiter = new millrace.TokenBucketRateLimiter({ capacity: 1, refillRate: 1, refillInterval: 1e6 });
      const fails = (event) => () => { throw new Error(event); };
      for (const event of ['limited', 'close'])
        limiter.on(event, fails(event)).on(event, () => console.log('told', event));
      console.log(limiter.tryAcquire(), limiter.tryAcquire());
      limiter.close();
      setTimeout(() => undefined, 50);`);
    const lines = stdout.trim().split('\n').toSorted();
    const wanted = ['told close', 'told limited', 'true false', 'uncaught close', 'uncaught limited'];
    assert.deepEqual([code, lines], [0, wanted], stderr);
  });
});
