/** What several tests of message buses need. */
import { MessageBus, type MessageBusMetrics } from 'millrace';

export interface User {
  id: number;
  name: string;
}

export interface Messages {
  commands: {
    double: { payload: number; result: number };
    'user.findById': { payload: { id: number }; result: User | undefined };
    ping: { payload: undefined; result: string };
    hold: { payload: unknown; result: unknown };
  };
  events: {
    'user.created': User;
    'user.deleted': { id: number };
    'order.item.added': { sku: string };
    tick: undefined;
  };
}

let last = 0;

/** A bus of its own for a test. */
export function open(options: { timeout?: number } = {}): MessageBus<Messages> & { readonly name: string } {
  return new MessageBus<Messages>({ name: `test ${++last}`, ...options }) as MessageBus<Messages> & {
    readonly name: string;
  };
}

/** Some of a bus's counts. */
export function counted<K extends keyof MessageBusMetrics>(
  bus: MessageBus<Messages>,
  ...keys: K[]
): MessageBusMetrics[K][] {
  const metrics = bus.getMetrics();
  return keys.map((key) => metrics[key]);
}

/** The code of the error that a promise is rejected with. */
export async function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}
