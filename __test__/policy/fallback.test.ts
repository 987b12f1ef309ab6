/** Something else in place of a failure. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fallback, policy } from 'millrace';

describe('a fallback', () => {
  test('stands in for a failure: a value, or what a function makes of it', async () => {
    const fails = (): Promise<number> => Promise.reject(new RangeError('down'));
    const value: number | string = await policy(fallback('none')).call(fails);
    const made: number | { message: string } = await fallback((error) => ({
      message: (error as Error).message,
    })).call(fails);
    assert.deepEqual([value, made], ['none', { message: 'down' }]);
    assert.equal(await fallback(0).call(() => 5), 5);
  });

  test('leaves out what `when` says, and that the caller gave up', async () => {
    const part = fallback('none', { when: (error) => error instanceof TypeError });
    assert.equal(await part.call(() => Promise.reject(new TypeError())), 'none');
    await assert.rejects(
      part.call(() => Promise.reject(new RangeError())),
      RangeError,
    );
    const controller = new AbortController();
    const call = fallback('none').call(
      () => {
        controller.abort();
        return Promise.reject(new RangeError('aborted'));
      },
      { signal: controller.signal },
    );
    await assert.rejects(call, RangeError);
  });

  test('may fail itself', async () => {
    const part = fallback(() => {
      throw new TypeError('this too');
    });
    await assert.rejects(
      part.call(() => Promise.reject(new Error())),
      TypeError,
    );
  });
});
