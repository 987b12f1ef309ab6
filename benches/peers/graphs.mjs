/**
 * A graph of small asynchronous steps beside async's `auto` and p-graph: `npm run bench [-- words of the names]`. Microseconds for a run; ours is
 * built once, as graphs are, theirs are made with each run.
 */
import async from 'async';
import { Graph, node } from 'millrace';
import { PGraph } from 'p-graph';
import { sideBySide } from './side-by-side.mjs';

const close = () => {};
const one = async (n) => n + 1;
/** How many steps run at once, between a first and a last one that waits for all. */
const shapes = { 'a diamond of 4': 2, 'a fan of 12': 10, 'a fan of 102': 100 };

const each =
  (runs) =>
  async ({ run }) => {
    const began = performance.now();
    for (let i = 0; i < runs; i++) await run(i);
    return ((performance.now() - began) / runs) * 1000;
  };

const names = (width) => Array.from({ length: width }, (_, at) => `branch ${at}`);
const sum = (came) => Object.values(came).reduce((total, n) => total + n, 0);

function ours(width) {
  const builder = Graph.from(node('start', { exec: one }))
    .add(...names(width).map((name) => node(name, { exec: one })))
    .add(node('end', { waitFor: 'all', exec: async (came) => sum(came) }));
  for (const name of names(width)) builder.connect('start', name).connect(name, 'end');
  const graph = builder.build();
  return { run: (n) => graph.run(n), close };
}

function auto(width) {
  const branches = names(width);
  const run = (n) => {
    const tasks = { start: async () => one(n) };
    for (const name of branches) tasks[name] = ['start', async ({ start }) => one(start)];
    tasks.end = [...branches, async ({ start, ...came }) => sum(came)];
    return async.auto(tasks);
  };
  return { run, close };
}

function pgraph(width) {
  const branches = names(width);
  const dependencies = branches.flatMap((name) => [
    ['start', name],
    [name, 'end'],
  ]);
  const run = async (n) => {
    let start;
    let total;
    const came = {};
    const nodes = {
      start: { run: async () => void (start = await one(n)) },
      end: { run: async () => void (total = sum(came)) },
    };
    for (const name of branches) nodes[name] = { run: async () => void (came[name] = await one(start)) };
    await new PGraph(nodes, dependencies).run();
    return total;
  };
  return { run, close };
}

for (const [shape, width] of Object.entries(shapes)) {
  const makers = {
    millrace: () => ours(width),
    'async.auto': () => auto(width),
    'p-graph': () => pgraph(width),
  };
  await sideBySide(`graph: ${shape} steps`, 'µs', 'less', makers, each(Math.ceil(20_000 / width)));
}
