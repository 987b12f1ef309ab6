/**
 * Lingering: a thread that has begun to wait, and has nothing else to do at once, looks for some microseconds whether the answer comes
 * before it goes back to its event loop, which would take ten times as long to wake it. When it comes to nothing, the engine has it
 * left out ever more often.
 */
import { AsyncResource } from 'node:async_hooks';
import { drain, fast } from './isolate.js';

/** Times that it may go on so without a turn of the event loop. */
const budget = 64;
let spent = 0;
let watched = false;
let skip = 0;
let planned = false;
/** What comes is not of the flow that waited last. */
const root = new AsyncResource('millrace', { requireManualDestroy: true });

function begin(): void {
  spent = 0;
  watched = false;
}

function linger(): void {
  planned = false;
  if (!watched) {
    watched = true;
    setImmediate(begin).unref();
  }
  if (++spent > budget) return;
  skip = fast.portLinger();
  if (skip >= 0) return;
  skip = 0;
  root.runInAsyncScope(drain);
}

/** A wait has begun: lingers once what is ready has run. */
export function planLinger(): void {
  if (skip > 0) skip--;
  else if (!planned) {
    planned = true;
    process.nextTick(linger);
  }
}
