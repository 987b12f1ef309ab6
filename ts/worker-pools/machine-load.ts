/** How busy the machine is. */
import { cpus } from 'node:os';

/** The least time between two looks, in milliseconds: the kernel counts in hundredths of a second. */
const leastSpan = 100;

/** Measures the share of the processors' time that was not idle, from one look to the next. */
export class MachineLoad {
  #last = times();

  /** The load since the last look, 0 to 1; `undefined` if that was a moment ago. */
  load(): number | undefined {
    const now = times();
    const total = now.total - this.#last.total;
    if (total < leastSpan * now.count) return undefined;
    const idle = now.idle - this.#last.idle;
    this.#last = now;
    return 1 - idle / total;
  }
}

function times(): { idle: number; total: number; count: number } {
  let idle = 0;
  let total = 0;
  const all = cpus();
  for (const { times } of all) {
    idle += times.idle;
    total += times.user + times.nice + times.sys + times.idle + times.irq;
  }
  return { idle, total, count: all.length };
}
