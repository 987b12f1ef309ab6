/** Channels beside `postMessage`, select, and what channels and those who wait take: `npm run bench [-- words of the names]`. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { Channel, select } from 'millrace';
import { median, sideBySide, wanted } from './side-by-side.mjs';

async function start(role, channels = [], count = 0) {
  const workerData = { role, count, handles: channels.map((channel) => channel.toHandle()) };
  const worker = new Worker(new URL('./worker-channels.mjs', import.meta.url), { workerData });
  await once(worker, 'message');
  return worker;
}

const batch = 512;
const count = 400 * batch;

/** A round of numbers one way: nanoseconds each. */
async function oneWay({ receiver, send }) {
  const answer = once(receiver, 'message');
  const began = performance.now();
  await send();
  const [sum] = await answer;
  const each = ((performance.now() - began) / count) * 1e6;
  if (sum !== (count * (count - 1)) / 2) throw new Error(`numbers were lost: the sum is ${sum}`);
  return each;
}

/** From the main thread to a worker thread that takes its numbers in this role. */
const fromMain = (role, capacity, sendAll) => async () => {
  const channel = new Channel(capacity);
  const receiver = await start(role, [channel], count);
  const send = () => {
    receiver.postMessage('begin');
    return sendAll(channel);
  };
  return { receiver, send, close: () => receiver.terminate() };
};

async function sendEach(channel) {
  for (let i = 0; i < count; i++) await channel.send(i);
}

const numbers = Array.from({ length: count }, (_, i) => i);
const batches = Array.from({ length: count / batch }, (_, i) => numbers.slice(i * batch, (i + 1) * batch));
async function sendBatches(channel) {
  for (const values of batches) await channel.sendBatch(values);
}

await sideBySide(
  'channels, numbers one way',
  'ns',
  'less',
  {
    'millrace for await': fromMain('iterate', 1024, sendEach),
    'millrace receive': fromMain('receive', 1024, sendEach),
    'millrace batches': fromMain('batches', 16_384, sendBatches),
    'millrace sync, two workers': async () => {
      const channel = new Channel(1024);
      const [sender, receiver] = [
        await start('sendSync', [channel], count),
        await start('receiveSync', [channel], count),
      ];
      const send = () => {
        receiver.postMessage('begin');
        sender.postMessage('begin');
      };
      return { receiver, send, close: () => Promise.all([sender.terminate(), receiver.terminate()]) };
    },
    postMessage: async () => {
      const receiver = await start('countMessages', [], count);
      const send = () => {
        for (let i = 0; i < count; i++) receiver.postMessage(i);
      };
      return { receiver, send, close: () => receiver.terminate() };
    },
  },
  oneWay,
  2,
);

/** One number at a time: microseconds there and back. */
async function thereAndBack({ exchange }) {
  const times = 5000;
  const began = performance.now();
  for (let i = 0; i < times; i++) {
    const got = await exchange(i);
    if (got !== i) throw new Error(`${got} came back for ${i}`);
  }
  return ((performance.now() - began) / times) * 1000;
}

const echo = (role) => async () => {
  const [there, back] = [new Channel(), new Channel()];
  const worker = await start(role, [there, back]);
  const exchange = async (value) => {
    await there.send(value);
    return (await back.receive()).value;
  };
  const close = async () => {
    there.close();
    await worker.terminate();
  };
  return { exchange, close };
};

await sideBySide(
  'channels, there and back',
  'µs',
  'less',
  {
    'millrace await, sync there': echo('echoSync'),
    'millrace await in both': echo('echo'),
    postMessage: async () => {
      const worker = await start('echoMessages');
      let arrived;
      worker.on('message', (value) => arrived(value));
      const exchange = (value) =>
        new Promise((resolve) => {
          arrived = resolve;
          worker.postMessage(value);
        });
      return { exchange, close: () => worker.terminate() };
    },
  },
  thereAndBack,
  2,
);

/** Select over `size` channels of this thread, which get a message in turn. `next` sends one and selects it. */
const selecting = (size, next) => () => {
  const channels = Array.from({ length: size }, () => new Channel(1));
  const cases = Object.fromEntries(channels.map((channel, i) => [`case${i}`, channel]));
  return { channels, cases, next, close: () => {} };
};
async function selectInTurn({ channels, cases, next }) {
  const events = 16_384;
  const began = performance.now();
  for (let i = 0; i < events; i++) {
    const { value } = await next(cases, channels[i % channels.length], i);
    if (value !== i) throw new Error(`select gave ${value} for ${i}`);
  }
  return ((performance.now() - began) / events) * 1e6;
}
async function selects(name, next) {
  const medians = await sideBySide(
    name,
    'ns an event',
    'less',
    { 'millrace 2 channels': selecting(2, next), 'millrace 64 channels': selecting(64, next) },
    selectInTurn,
  );
  if (medians === undefined) return;
  const [two, many] = Object.values(medians);
  console.log(`  64 channels take ${(many / two).toFixed(1)} times as long as 2`);
}
await selects('channels, select, one is ready', (cases, channel, i) => {
  channel.trySend(i);
  return select(cases);
});
await selects('channels, select, it waits', (cases, channel, i) => {
  const selected = select(cases);
  channel.trySend(i);
  return selected;
});

/** Bytes each of what `make` makes, by the resident memory of processes of their own. */
function memory(name, total, make) {
  if (!wanted(name)) return;
  const source = `
    import { Channel } from ${JSON.stringify(import.meta.resolve('millrace'))};
    const make = ${make};
    globalThis.kept = [make(Channel, 1000)];
    gc();
    const before = process.memoryUsage().rss;
    globalThis.kept.push(make(Channel, ${total}));
    gc();
    console.log((process.memoryUsage().rss - before) / ${total});
    process.exit();`;
  const figures = Array.from({ length: 3 }, () => {
    const args = ['--expose-gc', '--input-type=module', '-e', source];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${name}: ${stderr}`);
    return Number(stdout);
  });
  console.log(`${name}\n  millrace ${Math.round(median(figures))} bytes each`);
}
memory('channels, memory of 100,000', 100_000, (Channel, total) =>
  Array.from({ length: total }, () => new Channel()),
);
memory('channels, memory of 1,000,000 receives that wait', 1_000_000, (Channel, total) => {
  const channel = new Channel();
  for (let i = 0; i < total; i++) channel.receive();
  return channel;
});
