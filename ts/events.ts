/** Listeners, each called in the AsyncLocalStorage context it was added in. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import { InvalidArgumentError } from './errors.js';
import { shown } from './wait-options.js';

type Call = (...args: unknown[]) => void;

/** Throws what a listener has thrown where nobody is in the way of it: it is not the fault of what it was told of. @internal */
export function uncaught(error: unknown): void {
  process.nextTick(() => {
    throw error;
  });
}

/** @throws {@link InvalidArgumentError} for an event that there is none of, or a listener that cannot be called. @internal */
export function checkListener(event: string, events: readonly string[], listener: unknown): void {
  if (!events.includes(event))
    throw new InvalidArgumentError('event', shown(event), `one of ${events.join(', ')}`);
  if (typeof listener !== 'function')
    throw new InvalidArgumentError('listener', shown(listener), 'a function');
}

/**
 * The listeners of one object; `Events` is a map of event names to the arguments that listeners get. What one of them throws is an uncaught
 * exception, and the others are told nevertheless.
 *
 * @internal
 */
export class Emitter<Events extends { [K in keyof Events]: unknown[] }> {
  readonly #emitter = new EventEmitter();
  readonly #bound = new Map<keyof Events & string, Map<unknown, Call[]>>();
  readonly #changed: (emitter: Emitter<Events>) => void;

  /** `changed` is called whenever a listener has come or gone. */
  constructor(changed: (emitter: Emitter<Events>) => void = () => undefined) {
    this.#changed = changed;
  }

  add<K extends keyof Events & string>(name: K, listener: (...args: Events[K]) => void, once: boolean): void {
    const inContext = AsyncLocalStorage.bind(listener as Call);
    const call = (...args: unknown[]): void => {
      if (once) this.remove(name, listener);
      try {
        inContext(...args);
      } catch (error) {
        uncaught(error);
      }
    };
    const byListener = this.#bound.get(name) ?? new Map<unknown, Call[]>();
    this.#bound.set(name, byListener);
    byListener.set(listener, [...(byListener.get(listener) ?? []), call]);
    this.#emitter.on(name, call);
    this.#changed(this);
  }

  remove<K extends keyof Events & string>(name: K, listener: (...args: Events[K]) => void): void {
    const calls = this.#bound.get(name)?.get(listener);
    const call = calls?.pop();
    if (call === undefined) return;
    if (calls?.length === 0) this.#bound.get(name)?.delete(listener);
    this.#emitter.off(name, call);
    this.#changed(this);
  }

  /** Whether anybody listens to that event, or to any. */
  listens(name?: keyof Events & string): boolean {
    return name === undefined ? this.#emitter.eventNames().length > 0 : this.#emitter.listenerCount(name) > 0;
  }

  emit<K extends keyof Events & string>(name: K, ...args: Events[K]): void {
    if (this.#emitter.listenerCount(name) > 0) this.#emitter.emit(name, ...(args as unknown[]));
  }
}
