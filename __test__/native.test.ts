/** Fast calls with what they must never get: each throws an error of ours, and the process lives. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { FixedWorkerPool, InternalError, isMillraceError } from 'millrace';
import { type FastCalls, fast } from '#millrace/isolate.js';
import { child, processors } from './helpers.js';

type Call = (...args: unknown[]) => unknown;
const calls = fast as unknown as Record<keyof FastCalls, Call>;
const pool = new FixedWorkerPool<number, number>(1, { processor: processors });
after(() => pool.close());

/** What has an object's handle as its first argument. */
const ofObjects =
  /^(pool|worker|channel|lock|once|broadcast|ticker|map|limiter|leaky|composite|keyed|queue|ring|atomic|reference|breaker|retry|budget|hedge|bulkhead|adaptive|shed)/;
/** Those among them that have none. */
const free = new Set([
  'atomicBits',
  'atomicWhole',
  'broadcastWait',
  'broadcastWaitBlocking',
  'channelCaseValue',
  'channelSelect',
  'channelSelectBlocking',
  'lockOwner',
  'mapLetGo',
  'mapNext',
  'mapNextValue',
  'referenceExpect',
  'referenceUnexpect',
  'mapValue',
]);
const garbage: [string, unknown[]][] = [
  ['nothing', []],
  ['a stale handle', [2 ** 52 - 1, 0, 0, 0, 0, 0, 0, 0]],
  ['zero', [0, 0, 0, 0, 0, 0, 0, 0]],
  ['negative numbers', Array<number>(8).fill(-1)],
  ['NaN', Array<number>(8).fill(NaN)],
  ['fractions', Array<number>(8).fill(0.5)],
  ['texts', Array<string>(8).fill('x')],
  ['objects', Array<object>(8).fill({})],
  ['symbols', Array<symbol>(8).fill(Symbol('s'))],
  ['bigints', Array<bigint>(8).fill(1n)],
];

/** They take nothing, and do what they are for: away would go what this thread waits for. */
const earnest = new Set(['portDrain', 'waitCancel']);

for (const [name, call] of Object.entries(calls)) {
  if (earnest.has(name)) continue;
  describe(name, () => {
    const refuses = ofObjects.test(name) && !free.has(name);
    for (const [what, args] of garbage) {
      test(what, () => {
        if (refuses) return assert.throws(() => call(...args), isMillraceError);
        try {
          call(...args);
        } catch (error) {
          assert.ok(isMillraceError(error), String(error));
        }
      });
    }
  });
}

test('a handle of another kind, or another thread’s, is stale', async () => {
  assert.equal(await pool.submit(1), 1);
  const processor = async (handle: unknown): Promise<unknown> => {
    const { fast } = (await import(process.env['MILLRACE_ISOLATE'] as string)) as { fast: FastCalls };
    try {
      return fast.poolQueued(handle as number);
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  const env = { ...process.env, MILLRACE_ISOLATE: import.meta.resolve('#millrace/isolate.js') };
  await using other = new FixedWorkerPool<unknown, unknown>(1, { processor, env });
  assert.equal(await other.submit(2 ** 40 + 5), 'ERR_STALE_HANDLE');
});

test('a closed pool’s handle is stale or closed, never a crash', async () => {
  const { code, stdout, stderr } = await child(`
    const { fast } = await import(${JSON.stringify(import.meta.resolve('#millrace/isolate.js'))});
    const pool = new millrace.FixedWorkerPool(1, { processor: (n) => n });
    await pool.submit(1);
    await pool.close();
    for (let handle = 0; handle < 2 ** 26; handle += 2 ** 24 - 1) {
      for (const name of Object.keys(fast).filter((name) => /^(pool|worker)/.test(name))) {
        try { fast[name](handle, 0, 0, 0, 0, 0, 0, 0); } catch (error) {
          if (!millrace.isMillraceError(error)) throw error;
        }
      }
    }
    console.log('alive');`);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /alive/);
});

test('a panic in native code is a thrown InternalError', () => {
  assert.throws(
    () => fast.panic(),
    (error) => error instanceof InternalError && error.code === 'ERR_INTERNAL',
  );
});
