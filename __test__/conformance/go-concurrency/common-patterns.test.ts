/** The text's section on common patterns. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, describe, test } from 'node:test';
import { after, Channel, select } from 'millrace';
import { thread } from '../../helpers.js';
import { collect, fiveSeconds, generator, go, nobodyWaits, nothingLeft } from './goroutines.js';

afterEach(nothingLeft);

describe('Common Patterns', () => {
  test('1. Defer Close Pattern', async () => {
    const ctx = fiveSeconds();
    const process = (input: Channel<number>): Channel<number> => {
      const output = new Channel<number>();
      go(ctx, async () => {
        using _closed = output;
        for await (const val of input) await output.send(val * 2);
      });
      return output;
    };
    assert.deepEqual(await collect(process(generator(ctx, 1, 2, 3))), [2, 4, 6]);
  });

  test('2. Select with Context', async () => {
    const first = async (ctx: AbortSignal, ch: Channel<number>, timeout: number): Promise<number> => {
      const chosen = await select({ result: ch, late: after(timeout) }, { signal: ctx });
      if (chosen.case === 'late' || chosen.done) throw new Error('timeout');
      return chosen.value;
    };
    const cancel = new AbortController();
    assert.equal(await first(cancel.signal, generator(fiveSeconds(), 42), 5000), 42);
    const never = new Channel<number>();
    await assert.rejects(first(cancel.signal, never, 5), { message: 'timeout' });
    const waiting = first(cancel.signal, never, 5000);
    cancel.abort(new Error('context canceled'));
    await assert.rejects(waiting, { message: 'context canceled' });
    assert.ok(nobodyWaits(never));
  });

  test('3. Done Channel Pattern', async () => {
    const done = new Channel<never>();
    let worked = 0;
    const work = (): void => {
      if (++worked === 3) done.close();
    };
    const run = async (): Promise<void> => {
      for (;;) {
        const chosen = await select({ done, default: true });
        if (chosen.case === 'done') return;
        work();
      }
    };
    await run();
    assert.equal(worked, 3);
  });

  test('3. Done Channel Pattern, of a thread that never yields', async () => {
    const [done, started] = [new Channel<never>(), new Channel<string>()];
    const service = thread(
      `const [done, started] = data.map((handle) => Channel.from(handle));
      started.sendSync('running');
      while (selectSync({ done, default: true }).case === 'default') Math.sqrt(2);`,
      [done.toHandle(), started.toHandle()],
    );
    const exit = once(service, 'exit');
    assert.equal((await started.receive()).value, 'running');
    done.close();
    assert.deepEqual(await exit, [0]);
  });

  test('4. Timeout Pattern', async () => {
    // The text's doWork stays at its send for ever when nobody waits for the result: here it has the context too.
    const within = async (ctx: AbortSignal, doWork: () => Promise<string>): Promise<string> => {
      const result = new Channel<string>();
      go(ctx, async () => result.send(await doWork(), { signal: ctx }));
      const chosen = await select({ result }, { signal: ctx });
      return chosen.value ?? '';
    };
    assert.equal(await within(fiveSeconds(), async () => 'done'), 'done');
    const cancel = new AbortController();
    const slow = async (): Promise<string> => {
      await once(cancel.signal, 'abort');
      return 'too late';
    };
    await assert.rejects(within(AbortSignal.timeout(10), slow), { name: 'TimeoutError' });
    cancel.abort();
  });
});
