/** An item's way through stages that give one result or none, as long as nothing is to be waited for. */
import { isThenable } from '../thenable.js';
import { nothing } from './route.js';
import type { RunContext } from './run-context.js';
import type { CallStage } from './stages.js';

/** What becomes of an item. What these give is what {@link straight} gives. */
export interface Detour {
  /** Whether nobody wants the item any more. */
  readonly ended: boolean;
  /** It has passed all stages. */
  passed(value: unknown): unknown;
  /** A stage has no slot free, or guards its calls. */
  stands(index: number, value: unknown): unknown;
  /** A stage's call has given a promise; its slot is held. */
  gave(index: number, value: unknown, result: PromiseLike<unknown>, began: number): unknown;
  /** A stage's call has failed. */
  threw(index: number, value: unknown, error: unknown): unknown;
  /** A filter has kept it back. */
  dropped(): unknown;
}

/** Gives what the detour gives; `nothing` if nobody wants the item any more. */
export function straight(
  stages: readonly CallStage[],
  input: unknown,
  context: RunContext,
  by: object | undefined,
  detour: Detour,
): unknown {
  let value = input;
  for (let index = 0; index < stages.length; index++) {
    const stage = stages[index] as CallStage;
    const { meter, slots } = stage;
    if (stage.guards !== undefined || !slots.take()) return detour.stands(index, value);
    meter.in++;
    const began = meter.begin();
    let result: unknown;
    try {
      result = stage.call(value, context);
    } catch (error) {
      if (began !== 0) meter.end(began);
      slots.give(by);
      return detour.threw(index, value, error);
    }
    if (isThenable(result)) return detour.gave(index, value, result, began);
    slots.give(by);
    if (began !== 0) meter.end(began);
    if (detour.ended) return nothing;
    if (stage.kind === 'map') value = result;
    else if (stage.kind === 'filter' && !result) {
      meter.filtered++;
      return detour.dropped();
    }
    meter.out++;
  }
  return detour.passed(value);
}
