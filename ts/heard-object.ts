/** Shared objects that are listened to. */
import { checkListener, Emitter } from './events.js';
import { SharedObject } from './shared-object.js';
import { hear } from './told.js';

/** An object that threads share and listen to. Not made itself. */
export abstract class HeardObject<
  Kind extends string,
  Events extends { [K in keyof Events]: unknown[] },
> extends SharedObject<Kind> {
  /** There from the first listener on. @internal */
  protected emitter: Emitter<Events> | undefined;
  #deaf: (() => void) | undefined;

  /** The names of its events. @internal */
  protected abstract readonly events: readonly (keyof Events & string)[];

  /** Tells listeners of one change, whichever thread made it. @internal */
  protected abstract tell(emitter: Emitter<Events>, what: number, a: number, b: number): void;

  /** Listens to an event; the listener keeps the AsyncLocalStorage context it is added in. */
  on<K extends keyof Events & string>(event: K, listener: (...args: Events[K]) => void): this {
    this.#listen(event, listener, false);
    return this;
  }

  /** As {@link on}, for the next time only. */
  once<K extends keyof Events & string>(event: K, listener: (...args: Events[K]) => void): this {
    this.#listen(event, listener, true);
    return this;
  }

  /** Listens no more. */
  off<K extends keyof Events & string>(event: K, listener: (...args: Events[K]) => void): this {
    this.emitter?.remove(event, listener);
    return this;
  }

  #listen<K extends keyof Events & string>(
    event: K,
    listener: (...args: Events[K]) => void,
    once: boolean,
  ): void {
    checkListener(event, this.events, listener);
    this.emitter ??= new Emitter<Events>((emitter) => this.#changed(emitter));
    this.emitter.add(event, listener, once);
  }

  /** It is heard while anybody here listens. */
  #changed(emitter: Emitter<Events>): void {
    if (emitter.listens()) this.#deaf ??= hear(this.native, (what, a, b) => this.tell(emitter, what, a, b));
    else {
      this.#deaf?.();
      this.#deaf = undefined;
    }
  }
}
