/**
 * Values in and out of native code: the codec's bytes through the page, large bodies apart, and what only the platform can
 * clone over a link between the two threads.
 */
import { Decoder, Encoder, kind } from './codec/index.js';
import { SenderGoneError } from './errors.js';
import { drainBytes, fast, outBytes, records, taskBytes } from './isolate.js';
import { Packed, takeSide } from './links.js';

const encoder = new Encoder(outBytes);
const decoder = new Decoder();

/** Set beside a kind when the bytes were staged. */
const staged = 16;
/** Texts up to this length are copied by hand. */
const shortText = 40;
/** From so many bytes on it pays to copy a value's bodies once and move the copies, where the other thread is at hand. */
const worthMoving = 192 << 10;

/** How the value that {@link put} has last taken travels: its kind, with flags. */
export let putTag = 0;
/** Its number, or how many bytes of it are in the page. */
export let putNum = 0;

/** How a value can travel. */
export const way = {
  /** Only the platform can clone it. */
  platform: 0,
  /** It is ready for the next native call. */
  ready: 1,
  /** It has large bodies: {@link stageLarge} or {@link packLarge} says how they go, before anything else is encoded. */
  large: 2,
} as const;

/**
 * Makes a value ready for the next native call that takes one.
 *
 * @returns `false` if only the platform can clone it.
 * @throws what `structuredClone` throws for what cannot be cloned.
 */
export function put(value: unknown): boolean {
  const how = prepare(value);
  if (how === way.large) stageLarge();
  return how !== way.platform;
}

/** As {@link put} for a short text of narrow characters, at less cost. Says whether the value is one. */
export function putText(value: unknown): boolean {
  if (typeof value !== 'string' || value.length > shortText || encoder.busy) return false;
  for (let at = 0; at < value.length; at++) {
    const char = value.charCodeAt(at);
    if (char > 255) return false;
    outBytes[at] = char;
  }
  putTag = kind.latin1;
  putNum = value.length;
  return true;
}

/** As {@link put}, and leaves open how large bodies go. */
export function prepare(value: unknown): number {
  if (typeof value === 'number') {
    putTag = kind.number;
    putNum = value;
    return way.ready;
  }
  if (!encoder.encode(value)) return way.platform;
  const how = encoder.kind;
  if (how <= kind.number) {
    putTag = how;
    putNum = encoder.num;
  } else if (encoder.bytes === outBytes && encoder.attachments === undefined) {
    putTag = how;
    putNum = encoder.length;
  } else {
    let size = 0;
    for (const part of encoder.attachments ?? []) size += part.length;
    if (size >= worthMoving) return way.large;
    stageLarge();
  }
  return way.ready;
}

/** Large bodies go through native memory. */
export function stageLarge(): void {
  fast.unstage();
  fast.stage(encoder.bytes.subarray(0, encoder.length));
  for (const part of encoder.attachments ?? []) fast.stage(part);
  putTag = encoder.kind | staged;
  putNum = 0;
}

/** Large bodies are copied here and the copies moved over a link. */
export function packLarge(): Packed {
  const bodies = (encoder.attachments ?? []).map((part) => {
    const copy = newBody(part.length);
    new Uint8Array(copy).set(part);
    return copy;
  });
  return new Packed(encoder.bytes.slice(0, encoder.length), bodies);
}

/** Memory that is not zeroed first: whoever asks writes every byte. */
function newBody(length: number): ArrayBuffer {
  return Buffer.allocUnsafeSlow(length).buffer as ArrayBuffer;
}

/** Says that the next value is on its way over a link. */
export function putSide(id: number): void {
  putTag = kind.side;
  putNum = id;
}

/** The bytes of a value, for what is kept encoded. `undefined` if only the platform can clone it. */
export function encoded(value: unknown): Uint8Array | undefined {
  if (!encoder.encode(value) || encoder.kind !== kind.graph || encoder.attachments !== undefined)
    return undefined;
  return encoder.bytes.slice(0, encoder.length);
}

/** A value that came, or the promise of one that is still on its way from another thread. */
export type Received = unknown;

function fetchHeld(how: number, ticket: number): unknown {
  const bytes = new Uint8Array(fast.heldLength(ticket, 0));
  fast.heldCopy(ticket, 0, bytes);
  const attachments: ArrayBuffer[] = [];
  for (let part = 1; ; part++) {
    const length = fast.heldLength(ticket, part);
    if (length < 0) break;
    const body = newBody(length);
    fast.heldCopy(ticket, part, new Uint8Array(body));
    attachments.push(body);
  }
  fast.heldDrop(ticket);
  return decoder.decode(how, 0, bytes, 0, bytes.length, attachments);
}

/** The value that a drained record describes from `at` on: kind, number, offset, ticket. */
export function received(at: number): Received {
  const how = records[at] as number;
  const num = records[at + 1] as number;
  if (how === kind.number) return num;
  if (how < kind.number) return how === kind.undefined ? undefined : how === kind.null ? null : num !== 0;
  if (how === kind.side) return takeSide(num);
  if (how === kind.lost) return lost();
  const ticket = records[at + 3] as number;
  if (ticket !== 0) return fetchHeld(how, ticket);
  const offset = records[at + 2] as number;
  return decoder.decode(how, num, drainBytes, offset, offset + num);
}

/** The value that a call has described in the task's record, from `at` on. */
export function recordedValue(at: number): Received {
  const how = records[at] as number;
  const num = records[at + 1] as number;
  if (how === kind.side) return takeSide(num);
  if (how === kind.lost) return lost();
  return taskValue(how, num, records[at + 3] as number);
}

function lost(): Promise<never> {
  const gone = Promise.reject(new SenderGoneError());
  // Whoever waits for it is told in time.
  gone.catch(() => undefined);
  return gone;
}

/** The value of the task at hand. */
export function taskValue(how: number, num: number, ticket: number): unknown {
  if (ticket !== 0) return fetchHeld(how, ticket);
  return decoder.decode(how, num, taskBytes, 0, num);
}
