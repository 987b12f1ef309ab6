/** The other thread of channels.mjs; `workerData.role` says which. Those that receive answer with the sum of a round. */
import { parentPort, workerData } from 'node:worker_threads';
import { Channel } from 'millrace';

const { role, count, handles = [] } = workerData;
const [channel, back] = handles.map((handle) => Channel.from(handle));

const roles = {
  iterate: () => {
    parentPort.on('message', async () => {
      let [left, sum] = [count, 0];
      for await (const value of channel) {
        sum += value;
        if (--left === 0) break;
      }
      parentPort.postMessage(sum);
    });
  },
  receive: () => {
    parentPort.on('message', async () => {
      let sum = 0;
      for (let i = 0; i < count; i++) sum += (await channel.receive()).value;
      parentPort.postMessage(sum);
    });
  },
  batches: () => {
    parentPort.on('message', async () => {
      let [left, sum] = [count, 0];
      while (left > 0) {
        const values = await channel.receiveBatch(512);
        for (const value of values) sum += value;
        left -= values.length;
      }
      parentPort.postMessage(sum);
    });
  },
  sendSync: () => {
    parentPort.on('message', () => {
      for (let i = 0; i < count; i++) channel.sendSync(i);
    });
  },
  receiveSync: () => {
    parentPort.on('message', () => {
      let sum = 0;
      for (let i = 0; i < count; i++) sum += channel.receiveSync().value;
      parentPort.postMessage(sum);
    });
  },
  countMessages: () => {
    let [left, sum] = [count, 0];
    parentPort.on('message', (value) => {
      sum += value;
      if (--left > 0) return;
      parentPort.postMessage(sum);
      [left, sum] = [count, 0];
    });
  },
  echo: async () => {
    for await (const value of channel) await back.send(value);
  },
  echoSync: () => {
    for (;;) {
      const { value, done } = channel.receiveSync();
      if (done) return;
      back.sendSync(value);
    }
  },
  echoMessages: () => {
    parentPort.on('message', (value) => parentPort.postMessage(value));
  },
};
parentPort.postMessage('ready');
roles[role]();
