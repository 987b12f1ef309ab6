/** What every object that threads share has: a name or a handle by which another thread opens it. */
import { InvalidArgumentError, rethrow } from './errors.js';
import { binding } from './isolate.js';
import { acceptLinks } from './links.js';
import type { NativeObject } from './native/binding.js';
import { shown } from './wait-options.js';

/** An object's name for other threads: give it to `postMessage` or `workerData`, and to `from` there. */
export interface SharedHandle<Kind extends string = string> {
  /** What kind of object it names. */
  readonly millrace: Kind;
  /** Which one. */
  readonly id: number;
}

/** How a shared object is made. */
export interface SharedOptions {
  /** The same name in any thread of the process gives the same object; another configuration of it is an error. */
  name?: string;
}

/** Where an object comes from. @internal */
export type Origin =
  | { options: object; name: string | undefined }
  | { name: string }
  | { handle: unknown }
  | { native: NativeObject };

/** Objects whose handle is about: whoever has it may come for the object when nothing here refers to it any more. */
const exported = new Set<NativeObject>();

/** An object that threads share. Not made itself. */
export abstract class SharedObject<Kind extends string = string> {
  /** @internal */
  protected readonly native: NativeObject;
  readonly #kind: Kind;

  /** @internal */
  protected constructor(kind: Kind, origin: Origin) {
    this.#kind = kind;
    try {
      this.native = open(kind, origin);
    } catch (error) {
      rethrow(error);
    }
    acceptLinks();
  }

  /** The object's name, if it has one. */
  get name(): string | undefined {
    return this.native.name ?? undefined;
  }

  /** A token by which any thread of this process opens the same object. It keeps the object until it is closed or this thread ends. */
  toHandle(): SharedHandle<Kind> {
    if (!exported.has(this.native)) {
      this.native.export();
      exported.add(this.native);
    }
    return { millrace: this.#kind, id: this.native.id };
  }

  /** The object is at its end: its handle keeps it no longer. @internal */
  protected unexport(): void {
    exported.delete(this.native);
  }
}

function open(kind: string, origin: Origin): NativeObject {
  if ('native' in origin) return origin.native;
  if ('handle' in origin) {
    const handle = origin.handle as SharedHandle | null;
    if (typeof handle !== 'object' || handle?.millrace !== kind || !Number.isInteger(handle.id))
      throw new InvalidArgumentError('handle', shown(handle), `what toHandle() of a ${kind} gave`);
    return binding.NativeObject.fromId(kind, handle.id);
  }
  const { name } = origin;
  if (name !== undefined && (typeof name !== 'string' || name === ''))
    throw new InvalidArgumentError('name', shown(name), 'a text that is not empty');
  if (!('options' in origin)) return binding.NativeObject.find(kind, origin.name);
  return binding.NativeObject.create(kind, name, origin.options, JSON.stringify(origin.options));
}

/** Picks the name out of a constructor's options and refuses what it does not know. @internal */
export function nameOf(options: SharedOptions, also: readonly string[] = []): string | undefined {
  if (typeof options !== 'object' || options === null)
    throw new InvalidArgumentError('options', shown(options), 'an object');
  for (const name of Object.keys(options)) {
    if (name !== 'name' && !also.includes(name))
      throw new InvalidArgumentError(name, 'an unknown option', ['name', ...also].join(', '));
  }
  return options.name;
}

/** A number that a constructor must be given; native code says what it may be. @internal */
export function mustBeGiven<T>(name: string, value: T): T {
  if (value === undefined) throw new InvalidArgumentError(name, 'nothing', 'a whole number');
  return value;
}
