/** Request and reply over a message bus, within a thread and across threads, beside the recipes that people write: `npm run bench [-- words of the names]`. */
import { EventEmitter, once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { createBirpc } from 'birpc';
import * as Comlink from 'comlink';
import { MessageBus } from 'millrace';
import { sideBySide } from './side-by-side.mjs';

const calls = 50_000;
const none = () => {};

/** Nanoseconds for a command that is awaited. */
const each = async ({ call }) => {
  const began = performance.now();
  for (let i = 0; i < calls; i++) await call(i);
  return ((performance.now() - began) / calls) * 1e6;
};

const handler = async (n) => n + 1;

/** As the text on containers has it: a listener and a timer for each command. */
const emitterOnce = () => {
  const bus = new EventEmitter().setMaxListeners(0);
  let last = 0;
  bus.on('command', async ({ payload, id }) => bus.emit(`response:${id}`, await handler(payload)));
  const call = (payload) =>
    new Promise((resolve, reject) => {
      const id = ++last;
      const timer = setTimeout(() => {
        bus.removeAllListeners(`response:${id}`);
        reject(new Error('Command timeout'));
      }, 5000);
      bus.once(`response:${id}`, (result) => {
        clearTimeout(timer);
        resolve(result);
      });
      bus.emit('command', { payload, id });
    });
  return { call, close: none };
};

const eventsOnce = () => {
  const bus = new EventEmitter().setMaxListeners(0);
  let last = 0;
  bus.on('command', async ({ payload, id }) => bus.emit(`response:${id}`, await handler(payload)));
  const call = async (payload) => {
    const id = ++last;
    const response = once(bus, `response:${id}`);
    bus.emit('command', { payload, id });
    return (await response)[0];
  };
  return { call, close: none };
};

/** The quickest that can be written: no time limit, no error, no end. */
const resolvers = () => {
  const bus = new EventEmitter();
  const waiting = new Map();
  let last = 0;
  bus.on('command', async ({ payload, id }) => bus.emit('response', id, await handler(payload)));
  bus.on('response', (id, result) => {
    const resolve = waiting.get(id);
    waiting.delete(id);
    resolve(result);
  });
  const call = (payload) =>
    new Promise((resolve) => {
      const id = ++last;
      waiting.set(id, resolve);
      bus.emit('command', { payload, id });
    });
  return { call, close: none };
};

const within = (options) => () => {
  const bus = new MessageBus();
  bus.handle('work', handler);
  return { call: (n) => bus.sendCommand('work', n, options), close: () => bus.close() };
};

await sideBySide(
  'command within a thread',
  'ns',
  'less',
  {
    millrace: within(undefined),
    'EventEmitter, Map of resolvers': resolvers,
    'EventEmitter, events.once': eventsOnce,
    'without any: the call': () => ({ call: handler, close: none }),
  },
  each,
);

await sideBySide(
  'command within a thread, with a time limit',
  'ns',
  'less',
  {
    millrace: within({ timeout: 5000 }),
    'EventEmitter, once and setTimeout': emitterOnce,
  },
  each,
);

await sideBySide(
  'event to two subscribers within a thread',
  'ns',
  'less',
  {
    millrace: () => {
      const bus = new MessageBus();
      let sum = 0;
      for (let i = 0; i < 2; i++) bus.subscribe('number', (n) => (sum += n));
      return { call: (n) => bus.publish('number', n), close: () => bus.close() };
    },
    EventEmitter: () => {
      const bus = new EventEmitter();
      let sum = 0;
      for (let i = 0; i < 2; i++) bus.on('number', (n) => (sum += n));
      return { call: (n) => bus.emit('number', n), close: none };
    },
  },
  each,
);

/** A thread that answers in one way, once it is ready. */
async function other(way, data) {
  const worker = new Worker(new URL('./worker-messages.mjs', import.meta.url), { workerData: { way, data } });
  await once(worker, 'message');
  return worker;
}

const across = {
  millrace: async () => {
    const bus = new MessageBus();
    const worker = await other('millrace', bus.toHandle());
    const close = async () => {
      await worker.terminate();
      bus.close();
    };
    return { call: (value) => bus.sendCommand('work', value), close };
  },
  'postMessage, Map of resolvers': async () => {
    const worker = await other('postMessage');
    const waiting = new Map();
    let last = 0;
    worker.on('message', ({ id, result }) => {
      const resolve = waiting.get(id);
      waiting.delete(id);
      resolve(result);
    });
    const call = (payload) =>
      new Promise((resolve) => {
        const id = ++last;
        waiting.set(id, resolve);
        worker.postMessage({ payload, id });
      });
    return { call, close: () => worker.terminate() };
  },
  comlink: async () => {
    const worker = await other('comlink');
    const endpoint = {
      postMessage: worker.postMessage.bind(worker),
      addEventListener: (_, listener) => worker.on('message', (data) => listener({ data })),
      removeEventListener: none,
    };
    const { work } = Comlink.wrap(endpoint);
    return { call: (value) => work(value), close: () => worker.terminate() };
  },
  birpc: async () => {
    const worker = await other('birpc');
    const rpc = createBirpc(
      {},
      { post: (data) => worker.postMessage(data), on: (fn) => worker.on('message', fn) },
    );
    return { call: (value) => rpc.work(value), close: () => worker.terminate() };
  },
};

/** Microseconds there and back. */
const latency =
  (value) =>
  async ({ call }) => {
    const count = 2000;
    const began = performance.now();
    for (let i = 0; i < count; i++) await call(value);
    return ((performance.now() - began) / count) * 1e3;
  };

/** Many in flight: commands per second. */
const throughput =
  (value) =>
  async ({ call }) => {
    const count = 10_000;
    const began = performance.now();
    await Promise.all(Array.from({ length: count }, () => call(value)));
    return (count / (performance.now() - began)) * 1e3;
  };

const object = { id: 7, name: 'a name', active: true, score: 1.5, note: null };
await sideBySide('command to another thread, one at a time', 'µs', 'less', across, latency(1));
await sideBySide('commands to another thread, many in flight', 'commands/s', 'more', across, throughput(1));
await sideBySide('commands with objects of 5 fields', 'commands/s', 'more', across, throughput(object));
