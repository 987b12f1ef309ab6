/** Channels that fire: what each method and argument of timers and tickers does. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { after, Channel, Context, select, sleep, Ticker, Timer } from 'millrace';
import { child, pending, until } from '../helpers.js';

const invalid = (name: string): object => ({
  code: 'ERR_INVALID_ARGUMENT',
  message: new RegExp(`^${name}:`),
});

/** Once everything that could has had its turns, nothing has come. */
async function nothingComes(channel: Channel<number>): Promise<void> {
  const stop = new AbortController();
  const receiving = channel.receive({ signal: stop.signal });
  assert.ok(await pending(receiving));
  stop.abort();
  await assert.rejects(receiving);
}

describe('Timer', () => {
  test('fires once, with the milliseconds since it was made', async () => {
    const timer = new Timer(5);
    const { value = 0, done } = await timer.channel.receive();
    assert.ok(value >= 5 && done === false);
    await nothingComes(timer.channel);
    assert.equal(timer.stop(), false);
  });

  test('stop: a message that nobody has received is gone', async () => {
    const timer = new Timer(0);
    await until(() => timer.channel.length === 1);
    assert.equal(timer.stop(), false);
    assert.equal(timer.channel.tryReceive(), undefined);
  });

  test('reset: later or sooner, whether it has fired or not', async () => {
    const timer = new Timer(60_000);
    assert.equal(timer.reset(1), true);
    await timer.channel.receive();
    assert.equal(timer.reset(60_000), false);
    await nothingComes(timer.channel);
    assert.equal(timer.reset(0), true);
    const unread = new Timer(0);
    await until(() => unread.channel.length === 1);
    unread.reset(60_000);
    assert.equal(unread.channel.tryReceive(), undefined, 'what was not received is gone');
    unread.stop();
  });

  test('using stops it', () => {
    let kept: Timer;
    {
      using timer = new Timer(60_000);
      kept = timer;
    }
    assert.equal(kept.stop(), false);
  });
});

describe('Ticker', () => {
  test('ticks on schedule, each tick later than the one before, until it is stopped', async () => {
    const ticker = new Ticker(2);
    const first = (await ticker.channel.receive()).value ?? 0;
    const second = (await ticker.channel.receive()).value ?? 0;
    assert.ok(first >= 2 && second > first);
    assert.equal(ticker.stop(), true);
    assert.equal(ticker.stop(), false);
    await nothingComes(ticker.channel);
    assert.equal(ticker.channel.closed, false);
  });

  test('reset: another time between ticks, and it ticks again when it was stopped', async () => {
    const ticker = new Ticker(60_000);
    assert.equal(ticker.reset(1), true);
    await ticker.channel.receive();
    await ticker.channel.receive();
    ticker.stop();
    assert.equal(ticker.reset(1), false);
    await ticker.channel.receive();
    assert.equal(ticker.reset(60_000), true);
    await nothingComes(ticker.channel);
    ticker.stop();
  });

  test('using stops it', () => {
    let kept: Ticker;
    {
      using ticker = new Ticker(60_000);
      kept = ticker;
    }
    assert.equal(kept.stop(), false);
  });
});

describe('sleep', () => {
  test('ends after its time, or by a signal or a context with its reason', async () => {
    const began = performance.now();
    await sleep(10);
    assert.ok(performance.now() - began >= 9);
    const stop = new AbortController();
    const sleeping = sleep(60_000, { signal: stop.signal });
    stop.abort(new RangeError('awake'));
    await assert.rejects(sleeping, /awake/);
    const [context, cancel] = Context.background().withCancel();
    const resting = sleep(60_000, { signal: context });
    cancel();
    await assert.rejects(resting, { code: 'ERR_CONTEXT_CANCELED' });
    await sleep(0);
  });

  test('takes no nonsense', async () => {
    for (const [options, name] of [
      [{ signal: 1 }, 'signal'],
      [{ ms: 1 }, 'ms'],
      [null, 'options'],
    ] as const)
      await assert.rejects(sleep(1, options as never), invalid(name));
  });
});

test('after: a case of select that happens once', async () => {
  const late = after(1);
  const never = new Channel<number>();
  const { case: first, value = 0 } = await select({ never, late });
  assert.deepEqual([first, value >= 1], ['late', true]);
  assert.equal((await select({ late, default: true })).case, 'default');
});

test('times that cannot be meant are refused by name', async () => {
  const [timer, ticker] = [new Timer(60_000), new Ticker(60_000)];
  for (const ms of [-1, NaN, Infinity, 4e12, '1', null, undefined, 1n, {}, Symbol('s')] as never[]) {
    for (const use of [
      () => after(ms),
      () => new Timer(ms),
      () => new Ticker(ms),
      () => timer.reset(ms),
      () => ticker.reset(ms),
    ])
      assert.throws(use, invalid('ms'));
    await assert.rejects(sleep(ms), invalid('ms'));
  }
  for (const use of [() => new Ticker(0), () => ticker.reset(0)]) assert.throws(use, invalid('ms'));
  assert.deepEqual([timer.stop(), ticker.stop()], [true, true], 'they go on as before');
});

test('alone they keep no process alive; one who sleeps does', async () => {
  const idle = await child(
    `new millrace.Timer(60_000); new millrace.Ticker(60_000); millrace.after(60_000);`,
  );
  assert.deepEqual([idle.code, idle.stderr], [0, '']);
  assert.ok(idle.ms < 15_000);
  const sleeps = await child(`await millrace.sleep(20); console.log('rested');`);
  assert.deepEqual([sleeps.code, sleeps.stdout.trim()], [0, 'rested']);
});
