/** Shared objects that are listened to. */
import { checkListener, Emitter } from './events.js';
import { hold, release } from './loop.js';
import { SharedObject } from './shared-object.js';
import { closed, hear } from './told.js';

/**
 * An object that threads share and listen to. Not made itself. It tells each thread of its end once; after that it is heard no more, whoever
 * listens.
 */
export abstract class HeardObject<
  Kind extends string,
  Events extends { [K in keyof Events]: unknown[] },
> extends SharedObject<Kind> {
  /** There from the first listener on. @internal */
  protected emitter: Emitter<Events> | undefined;
  #deaf: (() => void) | undefined;
  #ending = false;

  /** The names of its events. @internal */
  protected abstract readonly events: readonly (keyof Events & string)[];

  /** Tells listeners of one change beside the end, whichever thread made it. @internal */
  protected tell(_what: number, _a: number, _b: number, _c: number): void {}

  /** Tells them of the end. @internal */
  protected ended(): void {
    (this.emitter as Emitter<{ close: [] }> | undefined)?.emit('close');
  }

  /** Listens to an event; the listener keeps the AsyncLocalStorage context it is added in. Keeps the object, and no process, alive. */
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
    this.emitter ??= new Emitter<Events>(() => this.listened());
    this.emitter.add(event, listener, once);
  }

  /** Listeners have come or gone: it is heard while there are any. @internal */
  protected listened(): void {
    this.hear(this.emitter?.listens() === true);
  }

  /** Hears what threads do to it, or no longer. @internal */
  protected hear(wanted: boolean): void {
    if (wanted) this.#deaf ??= hear(this.native, (what, a, b, c) => this.#told(what, a, b, c));
    else {
      this.#deaf?.();
      this.#deaf = undefined;
      if (this.#ending) release();
      this.#ending = false;
    }
  }

  /** Word of its end is on its way to those who listen here: the process waits for it. @internal */
  protected override unexport(): void {
    super.unexport();
    if (this.#deaf === undefined || this.#ending) return;
    this.#ending = true;
    hold();
  }

  #told(what: number, a: number, b: number, c: number): void {
    if (what !== closed) this.tell(what, a, b, c);
    else {
      this.ended();
      this.hear(false);
    }
  }
}
