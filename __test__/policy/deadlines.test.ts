/** One timer for all time limits of a thread. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Deadline, startDeadline, stopDeadline } from '#millrace/policy/deadlines.js';
import { child, turns } from '../helpers.js';

/** Tells when it ends. */
class Telling extends Deadline {
  readonly ended: Promise<number>;
  #end!: (at: number) => void;
  over = false;
  constructor() {
    super();
    this.ended = new Promise((resolve) => (this.#end = resolve));
  }
  overdue(): void {
    this.over = true;
    this.#end(performance.now());
  }
}

const start = (ms: number): Telling => {
  const deadline = new Telling();
  startDeadline(deadline, ms);
  return deadline;
};

describe('deadlines', () => {
  test('end in the order of their times, never early', async () => {
    const began = performance.now();
    const order: number[] = [];
    const lengths = [30, 5, 20, 5.5, 10, 5];
    await Promise.all(
      lengths.map(async (ms) => {
        const at = await start(ms).ended;
        assert.ok(at - began >= ms, `${ms} ended after ${at - began}`);
        order.push(ms);
      }),
    );
    assert.deepEqual(order, [5, 5, 5.5, 10, 20, 30]);
  });

  test('that are stopped do not end; those around them in the list do', async () => {
    const all = Array.from({ length: 9 }, () => start(10));
    const stopped = [0, 3, 4, 8];
    for (const at of stopped) stopDeadline(all[at] as Telling);
    stopDeadline(all[0] as Telling);
    await turns(1);
    stopDeadline(all[6] as Telling);
    await Promise.all([1, 2, 5, 7].map((at) => all[at]?.ended));
    assert.deepEqual(
      all.map(({ over }) => over),
      [false, true, true, false, false, true, false, true, false],
    );
  });

  test('can begin again, also when they end', async () => {
    let count = 0;
    await new Promise<void>((resolve) => {
      class Again extends Deadline {
        overdue(): void {
          if (++count === 3) resolve();
          else startDeadline(this, 1);
        }
      }
      startDeadline(new Again(), 1);
    });
    assert.equal(count, 3);
  });

  test('of many lengths leave no lists behind for ever', async () => {
    const many = Array.from({ length: 500 }, (_, i) => start(10_000 + i));
    await turns(2);
    for (const deadline of many) stopDeadline(deadline);
    await start(2).ended;
  });

  test('a longer one does not hide a shorter one that begins later', async () => {
    const long = start(60_000);
    await turns(2);
    await start(3).ended;
    stopDeadline(long);
  });
});

describe('the process', () => {
  const url = import.meta.resolve('#millrace/policy/deadlines.js');
  test('lives while one runs, and ends when all are stopped', async () => {
    const running = await child(`
      await millrace.timeout(30).call(() => new Promise(() => {})).catch((error) => console.log(error.code));`);
    assert.deepEqual([running.code, running.stdout.trim()], [0, 'ERR_CALL_TIMEOUT'], running.stderr);
    const stopped = await child(`
      const { Deadline, startDeadline, stopDeadline } = await import(${JSON.stringify(url)});
      class Never extends Deadline { overdue() {} }
      const never = new Never();
      startDeadline(never, 600_000);
      setTimeout(() => stopDeadline(never), 20);`);
    assert.equal(stopped.code, 0, stopped.stderr);
    const one = await child('await millrace.timeout(600_000).call(async () => 1);');
    assert.equal(one.code, 0, one.stderr);
  });

  test('has time limits beyond what a timer of the platform can wait', async () => {
    const long = start(2 ** 33);
    await turns(3);
    await start(5).ended;
    assert.equal(long.over, false);
    stopDeadline(long);
  });
});
