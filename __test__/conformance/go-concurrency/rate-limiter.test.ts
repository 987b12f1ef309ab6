/** The text's section 4: Rate Limiter. */
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { Channel, select, sending, Ticker } from 'millrace';
import { fiveSeconds, go, nothingLeft } from './goroutines.js';

afterEach(nothingLeft);

class RateLimiter implements Disposable {
  readonly tokens: Channel<true>;
  readonly #rate: number;
  readonly #done = new Channel<never>();

  constructor(requestsPerSecond: number) {
    this.tokens = new Channel(requestsPerSecond);
    this.#rate = 1000 / requestsPerSecond;
    for (let i = 0; i < requestsPerSecond; i++) this.tokens.trySend(true);
    go(new AbortController().signal, () => this.#refill());
  }

  async #refill(): Promise<void> {
    using ticker = new Ticker(this.#rate);
    for (;;) {
      const chosen = await select({ tick: ticker.channel, done: this.#done });
      if (chosen.case === 'done') return;
      await select({ token: sending(this.tokens, true), default: true });
    }
  }

  async wait(ctx?: AbortSignal): Promise<void> {
    await this.tokens.receive(ctx && { signal: ctx });
  }

  /** `defer rl.Stop()` is `using rl`. */
  [Symbol.dispose](): void {
    this.#done.close();
  }
}

describe('4. Rate Limiter', () => {
  // A hundred a second where the text has ten: the twenty beyond the burst take two tenths of a second.
  test('requests beyond the burst wait for their tokens', async () => {
    const began = performance.now();
    using rl = new RateLimiter(100);
    let requests = 0;
    for (let i = 0; i < 120; i++) {
      await rl.wait();
      requests++;
    }
    assert.equal(requests, 120);
    assert.ok(performance.now() - began >= 190, 'twenty tokens of 10 ms each');
    assert.ok(rl.tokens.length <= rl.tokens.capacity);
  });

  test('a context ends the wait', async () => {
    using rl = new RateLimiter(1);
    await rl.wait();
    const cancel = new AbortController();
    const waiting = rl.wait(cancel.signal);
    cancel.abort(new Error('context canceled'));
    await assert.rejects(waiting, /context canceled/);
  });

  test('Real-World Example: API Client', async () => {
    using limiter = new RateLimiter(100);
    const get = async (ctx: AbortSignal, url: string): Promise<Response> => {
      await limiter.wait(ctx);
      return fetch(url, { signal: ctx });
    };
    const response = await get(fiveSeconds(), 'data:text/plain,hello');
    assert.equal(await response.text(), 'hello');
    await assert.rejects(get(AbortSignal.abort(), 'data:,'), { name: 'AbortError' });
  });
});
