/** What a message bus refuses with, and what becomes of commands that nobody can answer any more. */
import { MillraceError, register } from '../errors.js';

/** Nobody in any thread handles the command. It is a dead letter. */
export class NoHandlerError extends MillraceError {
  override name = 'NoHandlerError';
  /** The command's name. */
  readonly command: string;
  /** @internal */
  constructor(command: string) {
    super('ERR_NO_HANDLER', `nobody handles the command '${command}'`);
    this.command = command;
  }
}

/** Every handler of the command has as many commands running and queued as its `concurrency` and `maxQueued` allow. */
export class HandlerBusyError extends MillraceError {
  override name = 'HandlerBusyError';
  /** The command's name. */
  readonly command: string;
  /** @internal */
  constructor(command: string) {
    super('ERR_HANDLER_BUSY', `every handler of the command '${command}' has all that it may queue`);
    this.command = command;
  }
}

/** The command was not answered within its `timeout`. Its handler's signal has aborted. */
export class CommandTimeoutError extends MillraceError {
  override name = 'CommandTimeoutError';
  /** The command's name. */
  readonly command: string;
  /** The limit, in milliseconds. */
  readonly timeout: number;
  /** @internal */
  constructor(command: string, timeout: number) {
    super('ERR_COMMAND_TIMEOUT', `the command '${command}' was not answered within ${timeout} ms`);
    this.command = command;
    this.timeout = timeout;
  }
}

/** The handler ran longer than the `timeout` that it was registered with. Its signal has aborted. */
export class HandlerTimeoutError extends MillraceError {
  override name = 'HandlerTimeoutError';
  /** The command's name. */
  readonly command: string;
  /** The limit, in milliseconds. */
  readonly timeout: number;
  /** @internal */
  constructor(command: string, timeout: number) {
    super('ERR_HANDLER_TIMEOUT', `the handler of '${command}' ran longer than ${timeout} ms`);
    this.command = command;
    this.timeout = timeout;
  }
}

/** The thread that had the command has ended before it answered. Whether the command was begun is not known. */
export class HandlerLostError extends MillraceError {
  override name = 'HandlerLostError';
  /** The command's name. */
  readonly command: string;
  /** @internal */
  constructor(command: string) {
    super('ERR_HANDLER_LOST', `the thread that had the command '${command}' has ended without an answer`);
    this.command = command;
  }
}

/** The thread that sent a command has ended: the reason with which the handler's signal aborts. */
export class CallerLostError extends MillraceError {
  override name = 'CallerLostError';
  /** The command's name. */
  readonly command: string;
  /** @internal */
  constructor(command: string) {
    super('ERR_CALLER_LOST', `the thread that sent the command '${command}' has ended`);
    this.command = command;
  }
}

/** The message bus is closed. */
export class MessageBusClosedError extends MillraceError {
  override name = 'MessageBusClosedError';
  /** @internal */
  constructor() {
    super('ERR_BUS_CLOSED', 'the message bus is closed');
  }
}

register('ERR_NO_HANDLER', NoHandlerError);
register('ERR_HANDLER_BUSY', HandlerBusyError);
register('ERR_COMMAND_TIMEOUT', CommandTimeoutError);
register('ERR_HANDLER_TIMEOUT', HandlerTimeoutError);
register('ERR_HANDLER_LOST', HandlerLostError);
register('ERR_CALLER_LOST', CallerLostError);
register('ERR_BUS_CLOSED', MessageBusClosedError);
