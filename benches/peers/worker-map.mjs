/** One of the threads of map.mjs: gets and sets in turn, in the way that its `workerData` says. */
import { parentPort, workerData } from 'node:worker_threads';
import { SharedMap } from 'millrace';

const { way, me, count, kind, handle } = workerData;
const keys = Array.from({ length: 1024 }, (_, i) => `user:${i}`);
const values = {
  numbers: (i) => i,
  'short strings': (i) => `a name ${i & 255}`,
  'small objects': (i) => ({ id: i, name: 'a name', active: true }),
};
const make = values[kind];

/** Each thread goes its own way through the keys; every second operation is a get. */
const keyOf = (i) => keys[((i >> 1) * 7 + me * 251) & 1023];

function inTurn(map) {
  for (let i = 0; i < count; i++) {
    if ((i & 1) === 0) map.set(keyOf(i), make(i));
    else if (map.get(keyOf(i)) === undefined) throw new Error('a value was lost');
  }
}

/** Questions that wait for their answers. More at once are no faster. */
const atOnce = 64;
const open = [];
function ask(asked, key, value) {
  return new Promise((resolve) => {
    open[asked] = resolve;
    parentPort.postMessage({ asked, key, value });
  });
}

async function asking(lane) {
  for (let i = lane; i < count; i += atOnce) {
    // Each lane sets and gets in turn.
    const turn = Math.floor(i / atOnce);
    if ((turn & 1) === 0) await ask(lane, keys[i & 1023], make(i));
    else if ((await ask(lane, keys[(i - atOnce) & 1023])) === undefined) throw new Error('a value was lost');
  }
}

const ways = {
  millrace: () => {
    const map = SharedMap.from(handle);
    return () => inTurn(map);
  },
  Map: () => {
    const map = new Map();
    return () => inTurn(map);
  },
  postMessage: () => () => Promise.all(Array.from({ length: atOnce }, (_, lane) => asking(lane))),
};
const run = ways[way]();

parentPort.on('message', async (message) => {
  if (message !== 'begin') return open[message.asked](message.value);
  await run();
  parentPort.postMessage('done');
});
parentPort.postMessage('ready');
