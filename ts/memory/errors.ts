/** Errors of what threads share besides channels and locks: memory, atomics, queues, rings. */
import { MillraceError, register } from '../errors/base.js';

/** The shared memory, or atomic, is closed: this object has no bytes any more, and nobody waits. */
export class MemoryClosedError extends MillraceError {
  override name = 'MemoryClosedError';
  /** @internal */
  constructor() {
    super('ERR_MEMORY_CLOSED', 'it is closed: it has no bytes here any more, and nobody waits');
  }
}

/** The system has no memory to give. */
export class OutOfMemoryError extends MillraceError {
  override name = 'OutOfMemoryError';
}

/** A 64-bit integer is, or would be, beyond what a number holds exactly, which is ±(2^53 - 1). Nothing was changed. */
export class UnsafeIntegerError extends MillraceError {
  override name = 'UnsafeIntegerError';
  /** The integer. */
  readonly value: bigint;
  /** @internal */
  constructor(value: bigint) {
    super('ERR_UNSAFE_INTEGER', `${value} is no safe integer: use the bigint form`);
    this.value = value;
  }
}

/** The queue is closed: nothing can be pushed to it, and nothing is left to pop. */
export class QueueClosedError extends MillraceError {
  override name = 'QueueClosedError';
  /** @internal */
  constructor() {
    super('ERR_QUEUE_CLOSED', 'the queue is closed');
  }
}

/** The ring buffer is closed: nothing can be written to it. */
export class RingBufferClosedError extends MillraceError {
  override name = 'RingBufferClosedError';
  /** @internal */
  constructor() {
    super('ERR_RING_CLOSED', 'the ring buffer is closed: nothing can be written to it');
  }
}

/** This end of the ring buffer belongs to another thread, or has an operation under way. */
export class RingBufferBusyError extends MillraceError {
  override name = 'RingBufferBusyError';
  /** @internal */
  constructor(message: string) {
    super('ERR_RING_BUSY', message);
  }
}

register('ERR_MEMORY_CLOSED', MemoryClosedError);
register('ERR_OUT_OF_MEMORY', OutOfMemoryError);
register('ERR_UNSAFE_INTEGER', UnsafeIntegerError);
register('ERR_QUEUE_CLOSED', QueueClosedError);
register('ERR_RING_CLOSED', RingBufferClosedError);
register('ERR_RING_BUSY', RingBufferBusyError);
