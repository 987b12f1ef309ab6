/**
 * The side path: values that only the platform can clone, or that are moved, go over a `MessagePort` between the two
 * threads concerned. A value waits in its own thread until the other one asks for it.
 */

import * as workerThreads from 'node:worker_threads';
import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  type Transferable,
  threadId,
} from 'node:worker_threads';
import { Decoder, kind } from './codec/index.js';
import { UnsupportedError } from './errors.js';
import { onRecord, recordKind, records } from './isolate.js';
import { hold, release } from './loop.js';

/** What crosses a link. */
interface Parcel {
  id: number;
  value: unknown;
  /** The bytes of a value of which only the bodies are moved: they are `value`. */
  graph?: Uint8Array;
  /** The value of this number, which was sent before, is not wanted any more. */
  unwanted?: true;
}

/** A value that the codec has encoded, with copies of its large bodies, which are moved. */
export class Packed {
  readonly graph: Uint8Array;
  readonly bodies: ArrayBuffer[];

  constructor(graph: Uint8Array, bodies: ArrayBuffer[]) {
    this.graph = graph;
    this.bodies = bodies;
  }
}

const decoder = new Decoder();

function post(port: MessagePort, id: number, value: unknown, transfer: readonly Transferable[]): void {
  if (value instanceof Packed) {
    port.postMessage({ id, value: value.bodies, graph: value.graph } satisfies Parcel, value.bodies);
  } else port.postMessage({ id, value } satisfies Parcel, transfer);
}

/** What a thread sends another to be linked with it. */
interface Introduction {
  'millrace.link': true;
  from: number;
  port: MessagePort;
}

/** Where what a thread sends comes out. */
const links = new Map<number, MessagePort>();
/** Where what is for a thread goes in, if that is another port: this thread's link to itself has both ends here. */
const outward = new Map<number, MessagePort>();
/** Values that have come, by thread and number, and nobody has asked for. */
const arrived = new Map<number, unknown>();
const expected = new Map<number, (value: unknown) => void>();
const threadScale = 2 ** 32;

/** Uses a port as the link to a thread. It never keeps the process alive. */
export function addLink(thread: number, port: MessagePort): void {
  links.set(thread, port);
  port.on('message', (parcel: Parcel) => arrive(thread, parcel));
  port.on('close', () => {
    if (links.get(thread) === port) links.delete(thread);
  });
  port.unref();
}

function outlet(thread: number): MessagePort | undefined {
  return outward.get(thread) ?? links.get(thread);
}

/** Whether a thread can be sent something at once. */
export function isLinked(thread: number): boolean {
  return links.has(thread);
}

/** Lets go of the link to a thread that has ended. */
export function dropLink(thread: number): void {
  links.get(thread)?.close();
  links.delete(thread);
}

function arrive(thread: number, parcel: Parcel): void {
  const name = thread * threadScale + parcel.id;
  if (parcel.unwanted) return forgetSide(thread, parcel.id);
  const { value: sent, graph } = parcel;
  const value =
    graph === undefined ? sent : decoder.decode(kind.graph, 0, graph, 0, graph.length, sent as ArrayBuffer[]);
  const waiting = expected.get(name);
  if (waiting === undefined) arrived.set(name, value);
  else {
    expected.delete(name);
    waiting(value);
  }
}

/** Takes a value that another thread has sent or will send; a promise while it is on its way. */
export function takeSide(name: number): unknown {
  const thread = Math.floor(name / threadScale);
  const port = links.get(thread);
  while (port !== undefined && !arrived.has(name)) {
    const next = receiveMessageOnPort(port) as { message: Parcel } | undefined;
    if (next === undefined) break;
    arrive(thread, next.message);
  }
  if (arrived.has(name)) {
    const value = arrived.get(name);
    arrived.delete(name);
    return value;
  }
  hold();
  return new Promise((resolve) => {
    expected.set(name, (value) => {
      release();
      resolve(value);
    });
  });
}

/** Gives up on a value that is still on its way. */
export function forgetSide(thread: number, id: number): void {
  const name = thread * threadScale + id;
  arrived.delete(name);
  if (expected.delete(name)) release();
}

/** The name under which another thread knows value `id` of `thread`. */
export function sideName(thread: number, id: number): number {
  return thread * threadScale + id;
}

/** Values of this thread that have been cloned and wait to be asked for. */
const staging = new MessageChannel();
staging.port2.unref();
interface Staged {
  id: number;
  value: unknown;
  transfer: readonly Transferable[];
  /** It is sent to one thread at most. */
  once?: boolean;
}
const staged = new Map<number, Staged | undefined>();
let lastId = 0;

/** A number for a value of this thread. */
export function nextSideId(): number {
  lastId = (lastId + 1) % threadScale;
  return lastId;
}

/**
 * Clones a value now, moves what is to be moved, and keeps the clone until a thread asks for it.
 *
 * @throws what `postMessage` throws for what cannot be cloned or moved.
 */
export function stageSide(id: number, value: unknown, transfer: readonly Transferable[], once = false): void {
  if (value instanceof Packed) {
    staged.set(id, { id, value, transfer });
    return;
  }
  staging.port1.postMessage({ id, value, transfer, once } satisfies Staged, transfer);
  staged.set(id, undefined);
}

/**
 * Sends a value to a thread that waits for it.
 *
 * @throws what `postMessage` throws for what cannot be cloned or moved.
 */
export function sendAhead(
  thread: number,
  id: number,
  value: unknown,
  transfer: readonly Transferable[],
): void {
  const port = outlet(thread);
  if (port !== undefined) post(port, id, value, transfer);
  else {
    stageSide(id, value, transfer);
    sendStaged(id, thread);
  }
}

/** Tells a thread that a value sent to it will not be asked for. */
export function recallSide(thread: number, id: number): void {
  outlet(thread)?.postMessage({ id, value: undefined, unwanted: true } satisfies Parcel);
}

/** Takes a staged value back, because nobody will ask for it. */
export function unstageSide(id: number): void {
  if (staged.get(id) === undefined) collectStaged();
  staged.delete(id);
}

function collectStaged(): void {
  for (;;) {
    const next = receiveMessageOnPort(staging.port2) as { message: Staged } | undefined;
    if (next === undefined) return;
    if (staged.has(next.message.id)) staged.set(next.message.id, next.message);
  }
}

/** Sends a value to a thread, and gives its number: later, if the two must be linked first. */
export function sendSide(
  thread: number,
  value: unknown,
  transfer: readonly Transferable[],
): number | Promise<number> {
  const id = nextSideId();
  const port = outlet(thread);
  if (port !== undefined) {
    post(port, id, value, transfer);
    return id;
  }
  return introduce(thread).then((made) => {
    post(made, id, value, transfer);
    return id;
  });
}

type PostToThread = (thread: number, value: unknown, transfer: readonly Transferable[]) => Promise<void>;
const postToThread = (workerThreads as unknown as { postMessageToThread?: PostToThread }).postMessageToThread;

/** Links this thread with one that it neither started nor was started by. */
async function introduce(thread: number): Promise<MessagePort> {
  if (thread === threadId) {
    // A worker of its own pool may submit to it: the link's two ends are then in one thread.
    const { port1, port2 } = new MessageChannel();
    addLink(thread, port2);
    // What is posted to a port comes out at its other end.
    outward.set(thread, port1);
    return port1;
  }
  if (postToThread === undefined) {
    throw new UnsupportedError(
      'this runtime cannot send such a value between threads of which neither started the other: it has no postMessageToThread',
    );
  }
  const { port1, port2 } = new MessageChannel();
  addLink(thread, port1);
  const introduction: Introduction = { 'millrace.link': true, from: threadId, port: port2 };
  try {
    await postToThread(thread, introduction, [port2]);
  } catch (error) {
    dropLink(thread);
    throw error;
  }
  return port1;
}

let listening = false;

/** Lets other threads link themselves with this one. */
export function acceptLinks(): void {
  if (listening || postToThread === undefined) return;
  listening = true;
  process.on('workerMessage' as 'message', (message: unknown) => {
    if (typeof message !== 'object' || message === null || !('millrace.link' in message)) return;
    const { from, port } = message as Introduction;
    addLink(from, port);
  });
}

/** Stands in place of a thread when a value is not wanted any more; the number of `src/queue.rs`. */
const nobody = threadScale - 1;

onRecord(recordKind.sideWanted, (at) => {
  const [id, thread] = [records[at + 1] as number, records[at + 2] as number];
  if (thread === nobody) unstageSide(id);
  else sendStaged(id, thread);
});

function sendStaged(id: number, thread: number): void {
  collectStaged();
  const parcel = staged.get(id);
  if (parcel === undefined) return;
  // A task's input that is only cloned stays until the task ends: it may run again elsewhere.
  if (parcel.once || parcel.transfer.length > 0 || parcel.value instanceof Packed) staged.delete(id);
  const send = (port: MessagePort): void => post(port, id, parcel.value, parcel.transfer);
  const port = outlet(thread);
  if (port !== undefined) return send(port);
  // A thread that cannot be reached has ended or cannot be linked; its pool tells the submitter in either case.
  introduce(thread).then(send, () => undefined);
}
