/** How a policy takes a call through several parts with one promise, while nothing holds it up. */
import type { GuardedFunction, PolicyPart } from './part.js';

/** Whether a part has steps as it is configured. @internal */
export const hasSteps = Symbol('millrace.hasSteps');
/** Lets a call in at once, and gives a number from 0 that `left` or `failed` is told; another number if it does not. @internal */
export const enter = Symbol('millrace.enter');
/** Takes a call on that was not let in. @internal */
export const refused = Symbol('millrace.refused');
/** A call that was let in has succeeded. Throws nothing. @internal */
export const left = Symbol('millrace.left');
/** A call that was let in has failed: throws, or gives something else, perhaps by calling what is inside again. @internal */
export const failed = Symbol('millrace.failed');

/** What a part does before and after a call that has no signal. Methods, not closures: calls of four kinds of parts are then inlined. @internal */
export interface SteppingPart extends PolicyPart {
  [hasSteps](): boolean;
  [enter](): number;
  [refused]<T>(token: number, fn: GuardedFunction<T>): Promise<unknown>;
  [left](token: number): void;
  [failed]<T>(token: number, error: unknown, again: GuardedFunction<T>): unknown;
}

function steps(part: PolicyPart): part is SteppingPart {
  return (part as Partial<SteppingPart>)[hasSteps]?.() === true;
}

/** The leading parts that have steps. */
export function leadingSteps(parts: readonly PolicyPart[]): readonly SteppingPart[] {
  const other = parts.findIndex((part) => !steps(part));
  return (other < 0 ? parts : parts.slice(0, other)) as readonly SteppingPart[];
}
