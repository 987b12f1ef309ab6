/** Reads dead letters, and puts each item back to where it failed. */
import { InvalidArgumentError } from '../errors.js';
import { shown } from '../wait-options.js';
import type { DeadLetter } from './config.js';
import type { Lane } from './lane.js';
import { Pump } from './pump.js';
import type { Run } from './run.js';
import type { Source } from './source.js';

export class Replay extends Pump {
  readonly #of: Run;

  constructor(source: Source, run: Run) {
    super(source, run.first, run);
    this.#of = run;
    // It waits for whichever stage its letter is of.
    for (const lane of run.lanes) if (lane !== run.first) lane.feeders.push(this);
  }

  protected override laneOf(letter: unknown): Lane {
    const { stage, attempts } = (letter ?? {}) as Partial<DeadLetter>;
    const { stages } = this.#of.plan;
    const at = stages.findIndex(({ name }) => name === stage);
    if (at < 0 || !Number.isInteger(attempts))
      throw new InvalidArgumentError(
        'letter',
        typeof letter === 'object' ? `one of the stage ${shown(stage)}` : shown(letter),
        `a dead letter of ${stages.map(({ name }) => name).join(', ')}`,
      );
    return this.#of.lanes[at] as Lane;
  }

  protected override put(lane: Lane, letter: unknown): void {
    const { item, attempts } = letter as DeadLetter;
    lane.takeAgain(item, attempts);
  }
}
