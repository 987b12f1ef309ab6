/** How busy the machine is with anything but this process. */
import { cpus } from 'node:os';
import { MachineLoad } from '../worker-pools/machine-load.js';

/** Measures the share of the processors' time that others take, from one look to the next. */
export class OthersLoad {
  readonly #machine = new MachineLoad();
  readonly #processors = Math.max(1, cpus().length);
  #used = process.cpuUsage();
  #at = performance.now();

  /** 0 to 1; `undefined` if the last look was a moment ago. */
  load(): number | undefined {
    const all = this.#machine.load();
    if (all === undefined) return undefined;
    const now = performance.now();
    const { user, system } = process.cpuUsage(this.#used);
    const own = (user + system) / 1000 / Math.max(now - this.#at, 1) / this.#processors;
    this.#used = process.cpuUsage();
    this.#at = now;
    return Math.min(Math.max(all - own, 0), 1);
  }
}
