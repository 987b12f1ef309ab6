/** The other thread of messages.mjs; `workerData.way` says which. It gives back what it gets. */
import { parentPort, workerData } from 'node:worker_threads';
import { createBirpc } from 'birpc';
import * as Comlink from 'comlink';
import { MessageBus } from 'millrace';

const work = async (value) => value;

const ways = {
  millrace: () => {
    MessageBus.from(workerData.data).handle('work', work);
    // An open bus alone keeps no thread.
    parentPort.on('message', () => {});
  },
  postMessage: () => {
    parentPort.on('message', async ({ payload, id }) => {
      parentPort.postMessage({ id, result: await work(payload) });
    });
  },
  comlink: () => {
    const listeners = new Map();
    Comlink.expose(
      { work },
      {
        postMessage: parentPort.postMessage.bind(parentPort),
        addEventListener: (_, listener) => {
          const hear = (data) => listener({ data });
          listeners.set(listener, hear);
          parentPort.on('message', hear);
        },
        removeEventListener: (_, listener) => parentPort.off('message', listeners.get(listener)),
      },
    );
  },
  birpc: () => {
    createBirpc(
      { work },
      { post: (data) => parentPort.postMessage(data), on: (fn) => parentPort.on('message', fn) },
    );
  },
};

ways[workerData.way]();
parentPort.postMessage('up');
