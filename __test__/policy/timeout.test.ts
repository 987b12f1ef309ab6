/** A time limit as a part of a policy. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type CallContext, CallTimeoutError, timeout } from 'millrace';
import { deferred, pending } from '../helpers.js';

describe('a time-out', () => {
  test('that is aggressive rejects at once, and the function’s signal aborts', async () => {
    let signal: AbortSignal | undefined;
    const error = await timeout(3)
      .call((context) => {
        signal = context.signal;
        return new Promise(() => undefined);
      })
      .catch((thrown) => thrown);
    assert.ok(error instanceof CallTimeoutError);
    assert.deepEqual([error.code, error.timeout, error.name], ['ERR_CALL_TIMEOUT', 3, 'CallTimeoutError']);
    assert.match(error.message, /longer than its time limit of 3 ms/);
    assert.equal(signal?.reason, error);
  });

  test('that is cooperative waits for the function, whose result is the result', async () => {
    const { promise: end, resolve } = deferred<string>();
    const aborted = deferred<void>();
    const call = timeout(3, 'cooperative').call(({ signal }) => {
      signal?.addEventListener('abort', () => aborted.resolve());
      return end;
    });
    await aborted.promise;
    assert.ok(await pending(call));
    resolve('even so');
    assert.equal(await call, 'even so');
  });

  test('that is cooperative rejects as a time-out once the function has; what it threw is the cause', async () => {
    const own = new Error('cleaned up');
    for (const [thrown, cause] of [
      [own, own],
      [undefined, undefined],
    ]) {
      const call = timeout(3, 'cooperative').call(
        ({ signal }) =>
          new Promise((_, reject) =>
            signal?.addEventListener('abort', () => reject(thrown ?? signal.reason)),
          ),
      );
      const error = await call.catch((reason) => reason);
      assert.ok(error instanceof CallTimeoutError);
      assert.equal(error.cause, cause);
    }
  });

  test('does nothing to what is quick; its signal is not aborted afterwards', async () => {
    for (const mode of ['aggressive', 'cooperative'] as const) {
      let signal: AbortSignal | undefined;
      const fn = async (context: CallContext): Promise<string> => {
        signal = context.signal;
        return 'quick';
      };
      assert.equal(await timeout(1, mode).call(fn), 'quick');
      await new Promise((resolve) => setTimeout(resolve, 5));
      assert.equal(signal?.aborted, false);
      const error = new RangeError('quick');
      await assert.rejects(
        timeout(1, mode).call(() => Promise.reject(error)),
        error,
      );
    }
  });

  test('rejects at once when its caller gives up, if it is aggressive', async () => {
    const controller = new AbortController();
    const call = timeout(60_000).call(() => new Promise(() => undefined), { signal: controller.signal });
    controller.abort(new RangeError('enough'));
    await assert.rejects(call, RangeError);
  });
});
