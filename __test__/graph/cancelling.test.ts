/** How a run ends before its time, and what it leaves behind: nothing. */
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import {
  Channel,
  Context,
  diagnostics,
  Graph,
  go,
  type LivingObject,
  leaks,
  Mutex,
  node,
  sleep,
} from 'millrace';
import { child, deferred, pending, turns, until } from '../helpers.js';

let before: LivingObject[] = diagnostics();
afterEach(async () => {
  await turns(3);
  assert.deepEqual(leaks(before), []);
  before = diagnostics();
});

type Waits = { signal: AbortSignal | undefined };
const of = ({ signal }: Waits): { signal?: AbortSignal } => (signal === undefined ? {} : { signal });

/** Three branches that would wait for ever: for a channel, a lock, a goroutine; one that does as it is told; and where they meet. */
function stuck(): {
  graph: Graph<number, number>;
  held: Mutex;
  told: Map<string, unknown>;
  after: () => boolean;
} {
  const told = new Map<string, unknown>();
  let after = false;
  const channel = new Channel<number>();
  const held = new Mutex();
  const watched =
    (name: string, wait: (context: Waits) => PromiseLike<unknown>) =>
    async (_: number, context: Waits): Promise<number> => {
      try {
        await wait(context);
        return 1;
      } catch (error) {
        told.set(name, error);
        throw error;
      }
    };
  const graph = Graph.from(node<'start', number>('start'))
    .add(
      node('channel', { exec: watched('channel', (context) => channel.receive(of(context))) }),
      node('lock', { exec: watched('lock', (context) => held.lock(of(context))) }),
      node('routine', {
        exec: watched('routine', (context) => go.local((signal) => sleep(60_000, { signal }), of(context))),
      }),
      node('retried', {
        exec: watched('retried', async (context) => {
          await sleep(60_000, of(context));
        }),
        retry: { attempts: 5, delay: 60_000 },
        timeout: 60_000,
      }),
      node('meet', {
        waitFor: 'all',
        exec: () => {
          after = true;
          return 1;
        },
      }),
    )
    .connect('start', 'channel')
    .connect('start', 'lock')
    .connect('start', 'routine')
    .connect('start', 'retried')
    .connect('channel', 'meet')
    .connect('lock', 'meet')
    .connect('routine', 'meet')
    .connect('retried', 'meet')
    .build();
  return { graph, held, told, after: () => after };
}

describe('a run ends before its time', () => {
  const reason = new Error('enough');
  const ways: Record<string, { end: () => [options: object, end: () => void]; expected: object }> = {
    cancel: { end: () => [{}, () => undefined], expected: reason },
    signal: {
      end: () => {
        const controller = new AbortController();
        return [{ signal: controller.signal }, () => controller.abort(reason)];
      },
      expected: reason,
    },
    context: {
      end: () => {
        const [signal, cancel] = Context.background().withCancel();
        return [{ signal }, cancel];
      },
      expected: { code: 'ERR_CONTEXT_CANCELED' },
    },
    timeout: {
      end: () => [{ timeout: 30 }, () => undefined],
      expected: { code: 'ERR_TIMEOUT', timeout: 30 },
    },
  };
  for (const [way, { end, expected }] of Object.entries(ways)) {
    test(`by ${way}: it rejects, all that runs is told, nothing is left`, async () => {
      const { graph, held, told, after } = stuck();
      const guard = await held.lock();
      const [options, stop] = end();
      const run = graph.run(1, options);
      await turns(3);
      assert.ok(diagnostics().some(({ kind, waiting }) => kind === 'channel' && waiting === 1));
      if (way === 'cancel') run.cancel(reason);
      stop();
      const error = await run.then(
        () => assert.fail('it should not succeed'),
        (error: unknown) => error,
      );
      if (expected === reason) assert.equal(error, reason);
      else
        for (const [key, value] of Object.entries(expected))
          assert.equal((error as Record<string, unknown>)[key], value);
      await run.drain();
      assert.deepEqual([...told.keys()].toSorted(), ['channel', 'lock', 'retried', 'routine']);
      assert.equal(told.get('channel'), error);
      assert.equal(after(), false);
      const { state, nodes } = run.trace.toJSON();
      assert.equal(state, 'cancelled');
      assert.deepEqual(
        nodes.map(({ state }) => state),
        ['ok', 'cancelled', 'cancelled', 'cancelled', 'cancelled', 'skipped'],
      );
      guard[Symbol.dispose]();
    });
  }

  test('at once, though a function does not look at its signal: drain waits for it', async () => {
    const held = deferred<void>();
    let posted = false;
    const deaf = node('deaf', {
      exec: () => held.promise,
      post: (output) => {
        posted = true;
        return { output };
      },
    });
    const run = deaf.run(1);
    await turns(1);
    run.cancel(reason);
    await assert.rejects(run, reason);
    const drained = run.drain();
    assert.ok(await pending(drained));
    await assert.rejects(run.drain({ timeout: 1 }), { code: 'ERR_TIMEOUT' });
    await assert.rejects(run.drain({ signal: AbortSignal.abort(reason) }), reason);
    await assert.rejects(run.drain({ wait: 1 } as object), { code: 'ERR_INVALID_ARGUMENT' });
    held.resolve();
    await drained;
    assert.equal(posted, false);
  });

  test('before it begins', async () => {
    let called = false;
    const made = node('n', { exec: () => void (called = true) });
    const run = made.run(undefined, { signal: AbortSignal.abort(reason) });
    await assert.rejects(run, reason);
    await run.drain();
    assert.equal(called, false);
    assert.equal(run.trace.toJSON().steps.length, 0);
  });

  test('once: cancelling again, or what has ended, does nothing', async () => {
    const run = node('n', { exec: () => 1 }).run(undefined);
    assert.equal(await run, 1);
    run.cancel();
    run.cancel();
    assert.equal(await run, 1);
    assert.equal(run.trace.toJSON().state, 'ok');
    const other = node('n', { exec: () => turns(3) }).run(undefined);
    other.cancel(reason);
    other.cancel(new Error('other'));
    await assert.rejects(other, reason);
    await other.drain();
  });

  test('`await using` cancels at the end of the block, and waits', async () => {
    let ended = false;
    {
      await using run = node('n', {
        exec: async (_: unknown, { signal }) => {
          await sleep(60_000, signal && { signal }).catch(() => turns(3));
          ended = true;
        },
      }).run(undefined);
      assert.equal(run[Symbol.toStringTag], 'GraphRun');
      await turns(1);
    }
    assert.equal(ended, true);
  });

  test('steps in line do not begin', async () => {
    const began: string[] = [];
    const exec = (name: string) => ({
      prep: () => void began.push(name),
      exec: async (_: void, context: Waits) => sleep(60_000, of(context)),
    });
    const graph = Graph.from(node<'start', number>('start'), { concurrency: 1 })
      .add(node('a', exec('a')), node('b', exec('b')))
      .connect('start', 'a')
      .connect('start', 'b')
      .build();
    const run = graph.run(1);
    await until(() => began.length > 0);
    run.cancel(reason);
    await run.drain();
    assert.deepEqual(began, ['a']);
    assert.deepEqual(
      run.trace.toJSON().nodes.map(({ state }) => state),
      ['ok', 'cancelled', 'skipped'],
    );
  });

  test('with the graphs that are its nodes', async () => {
    const { graph, held, told } = stuck();
    const guard = await held.lock();
    const outer = Graph.from(graph.asNode('inner')).build();
    const run = outer.run(1);
    await turns(3);
    run.cancel(reason);
    await assert.rejects(run, reason);
    await run.drain();
    assert.equal(told.size, 4);
    assert.equal(run.trace.toJSON().steps[0]?.trace?.state, 'cancelled');
    guard[Symbol.dispose]();
  });
});

describe('one branch fails', () => {
  test('the run rejects with that error, with the node’s name on it, and the others are told of it', async () => {
    const error = new TypeError('bad');
    const told: unknown[] = [];
    let after = 0;
    const graph = Graph.from(node<'start', number>('start'))
      .add(
        node('waits', {
          exec: async (_: number, context) => {
            context.signal?.addEventListener('abort', () => told.push(context.signal?.reason));
            await sleep(60_000, of(context));
          },
        }),
        node('fails', {
          exec: async (_: number) => {
            await turns(2);
            throw error;
          },
        }),
        node('after', { waitFor: 'all', exec: () => after++ }),
      )
      .connect('start', 'waits')
      .connect('start', 'fails')
      .connect('waits', 'after')
      .connect('fails', 'after')
      .build();
    const run = graph.run(1);
    const thrown = await run.catch((thrown: unknown) => thrown);
    assert.equal(thrown, error);
    assert.equal((thrown as { node?: string }).node, 'fails');
    await run.drain();
    assert.deepEqual([told, after], [[error], 0]);
    assert.deepEqual(
      run.trace.toJSON().nodes.map(({ state }) => state),
      ['ok', 'cancelled', 'failed', 'skipped'],
    );
  });

  test('in prep or post as in exec, at once or later', async () => {
    const fail = (): never => {
      throw new Error('no');
    };
    for (const config of [
      { prep: fail },
      { exec: fail },
      { post: fail },
      { prep: async () => fail() },
      { post: async () => fail() },
    ])
      await assert.rejects(node('n', config as object).run(undefined), { message: 'no', node: 'n' });
  });

  test('an error that cannot take the name is thrown as it is', async () => {
    for (const error of ['text', 7, null, undefined, Object.freeze(new Error('frozen'))]) {
      const made = node('n', {
        exec: () => {
          throw error;
        },
      });
      const run = made.run(undefined);
      assert.equal(await run.then(assert.fail, (thrown: unknown) => thrown), error);
      assert.equal(run.trace.toJSON().steps[0]?.state, 'failed');
    }
    const own = Object.assign(new Error('own'), { node: { type: 'Identifier' } });
    const made = node('n', {
      exec: () => {
        throw own;
      },
    });
    await assert.rejects(made.run(undefined), { node: { type: 'Identifier' } });
  });

  test('one error in several runs has the name of the last', async () => {
    const error = new Error('shared');
    const fails = (name: string): Promise<unknown> =>
      node(name, {
        exec: () => {
          throw error;
        },
      }).run(undefined);
    await assert.rejects(fails('a'), { node: 'a' });
    await assert.rejects(fails('b'), { node: 'b' });
  });

  test('a run that nobody looks at is told of as any promise is', async () => {
    const { stdout } = await child(`
      process.on('unhandledRejection', (error) => console.log('unhandled', error.message));
      millrace.node('n', { exec: () => { throw new Error('lost'); } }).run(1);
      // One that is cancelled is nobody's surprise.
      millrace.node('n', { exec: () => new Promise(() => undefined) }).run(1).cancel();
    `);
    assert.equal(stdout.trim(), 'unhandled lost');
  });
});
