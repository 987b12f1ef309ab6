/** A fan-out that is as wide as the machine allows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DynamicFanOut } from 'millrace';
import { OthersLoad } from '#millrace/concurrent/others-load.js';
import { turns } from '../helpers.js';
import { upTo } from './fans.js';

const at = (load: number): { load: () => number } => ({ load: () => load });

/** How many calls run at once at most. */
async function widthOf(fan: DynamicFanOut, items: number): Promise<number> {
  let [running, most] = [0, 0];
  await fan.process(upTo(items), async () => {
    most = Math.max(most, ++running);
    await turns(2);
    running--;
  });
  return most;
}

test('its width is between min and max, by the load and the number of items', async () => {
  const widths = async (load: number, items: number): Promise<number> =>
    widthOf(new DynamicFanOut({ min: 2, max: 10, monitor: at(load) }), items);
  assert.equal(await widths(0.9, 1000), 2);
  assert.equal(await widths(0.1, 50), 5);
  assert.equal(await widths(0.1, 5), 2);
  assert.equal(await widths(0.1, 1000), 10);
  assert.equal(await widths(0.5, 1000), 6);
});

test('it widens and narrows as the load changes while items are done', async () => {
  let load = 1;
  const fan = new DynamicFanOut({ min: 1, max: 8, monitor: { load: () => load } });
  const waiting: (() => void)[] = [];
  let stop = false;
  const all = fan.process(upTo(100_000), () =>
    stop ? undefined : new Promise<void>((resolve) => waiting.push(resolve)),
  );
  assert.equal(waiting.length, 1);
  const latest = performance.now() + 30_000;
  /** Ends what runs, again and again, until so many run. */
  const reach = async (count: number): Promise<void> => {
    do {
      for (const end of waiting.splice(0)) end();
      await turns(3);
      assert.ok(performance.now() < latest, `never ${count} at once, but ${waiting.length}`);
    } while (waiting.length !== count);
  };
  load = 0;
  await reach(8);
  assert.equal(fan.load, 0);
  load = 0.9;
  await reach(1);
  stop = true;
  for (const end of waiting.splice(0)) end();
  await all;
});

test('results in order, the first error, signal and timeout', async () => {
  const fan = new DynamicFanOut({ min: 3, max: 3 });
  const results = await fan.process(upTo(7), async (n, { index }) => {
    await turns(n % 3);
    return n + index;
  });
  assert.deepEqual(
    results,
    upTo(7).map((n) => n * 2),
  );
  const bad = fan.process(upTo(5), (n) => {
    if (n === 2) throw new Error('two');
    return n;
  });
  await assert.rejects(bad, /two/);
  const hanging = (): Promise<never> => new Promise(() => undefined);
  await assert.rejects(fan.process([1], hanging, { timeout: 5 }), { code: 'ERR_TIMEOUT' });
  const stopped = fan.process([1], hanging, { signal: AbortSignal.abort(new Error('no')) });
  await assert.rejects(stopped, /no/);
});

test('the measured load is a share, taken again only after a while, and not of this process', async () => {
  const load = new OthersLoad();
  const until = performance.now() + 400;
  while (performance.now() < until);
  const share = load.load();
  assert.ok(share === undefined || (share >= 0 && share <= 1), String(share));
  assert.equal(load.load(), undefined);
  const fan = new DynamicFanOut();
  assert.ok(fan.load >= 0 && fan.workersFor(0) >= 1);
  assert.equal(await widthOf(new DynamicFanOut({ min: 2, max: 2 }), 10), 2);
});

test('garbage is refused by its name', async () => {
  for (const options of [
    { min: 0 },
    { min: 3, max: 2 },
    { max: 1.5 },
    { monitor: {} },
    { monitor: null },
    { width: 1 },
  ])
    assert.throws(() => new DynamicFanOut(options as never), { code: 'ERR_INVALID_ARGUMENT' });
  const wrong = new DynamicFanOut({ monitor: at(7) });
  await assert.rejects(
    wrong.process([1], (n) => n),
    { code: 'ERR_INVALID_ARGUMENT' },
  );
  const fan = new DynamicFanOut();
  assert.throws(() => fan.workersFor(-1), { code: 'ERR_INVALID_ARGUMENT' });
  for (const call of [
    () => fan.process(5 as never, (n) => n),
    () => fan.process([1], 5 as never),
    () => fan.process([1], (n) => n, { concurrency: 1 } as never),
  ])
    await assert.rejects(call(), { code: 'ERR_INVALID_ARGUMENT' });
});

test('a monitor that fails while it goes on ends the call', async () => {
  let looks = 0;
  const fan = new DynamicFanOut({
    monitor: {
      load() {
        if (++looks > 1) throw new Error('no measure');
        return 0;
      },
    },
  });
  const all = fan.process(upTo(1_000_000), () => turns(1));
  await assert.rejects(all, /no measure/);
});
