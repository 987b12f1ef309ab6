/** Every pool behind one face, each with the settings that are best for it. */
import { FixedWorkerPool } from 'millrace';
import { Piscina } from 'piscina';
import { FixedThreadPool } from 'poolifier';
import { Tinypool } from 'tinypool';
import workerpool from 'workerpool';

const file = (name) => new URL(`./${name}`, import.meta.url);

export const pools = {
  millrace: async (workers) => {
    const pool = new FixedWorkerPool(workers, { processor: file('worker.mjs') });
    await pool.ready();
    return { run: (input) => pool.submit(input), close: () => pool.close() };
  },
  piscina: async (workers) => {
    const pool = new Piscina({
      filename: file('worker.mjs').href,
      minThreads: workers,
      maxThreads: workers,
      concurrentTasksPerWorker: 50,
      atomics: 'sync',
    });
    return { run: (input) => pool.run(input), close: () => pool.destroy() };
  },
  tinypool: async (workers) => {
    const pool = new Tinypool({
      filename: file('worker.mjs').href,
      minThreads: workers,
      maxThreads: workers,
      concurrentTasksPerWorker: 50,
    });
    return { run: (input) => pool.run(input), close: () => pool.destroy() };
  },
  poolifier: async (workers) => {
    const pool = new FixedThreadPool(workers, file('worker-poolifier.mjs').pathname, {
      enableTasksQueue: false,
      enableEvents: false,
    });
    return { run: (input) => pool.execute(input), close: () => pool.destroy() };
  },
  workerpool: async (workers) => {
    const pool = workerpool.pool(file('worker-workerpool.mjs').pathname, {
      minWorkers: workers,
      maxWorkers: workers,
      workerType: 'thread',
    });
    return { run: (input) => pool.exec('echo', [input]), close: () => pool.terminate() };
  },
};

/** Those that can move a buffer there and back; the others cannot move a result. */
export const moving = {
  millrace: async () => {
    const pool = new FixedWorkerPool(1, { processor: file('worker-moving-millrace.mjs') });
    await pool.ready();
    return { run: (bytes) => pool.submit(bytes, { transfer: [bytes.buffer] }), close: () => pool.close() };
  },
  piscina: async () => {
    const pool = new Piscina({
      filename: file('worker-moving-piscina.mjs').href,
      minThreads: 1,
      maxThreads: 1,
      atomics: 'sync',
    });
    return { run: (bytes) => pool.run(bytes, { transferList: [bytes.buffer] }), close: () => pool.destroy() };
  },
};
