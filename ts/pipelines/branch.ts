/** What branches are told. */
import type { BuiltPipeline } from './builder.js';

/** Where items of a kind go in a branch. */
export interface Branch<TItem, TResult> {
  /** Whether it takes the item. Default: it takes every one that comes to it. */
  when?: (item: TItem) => boolean;
  /** What the item goes through. Default: it passes as it is. */
  to?: BuiltPipeline<TItem, TResult>;
}

/** What comes out of branches. */
export type BranchResult<TItem, R> = {
  [K in keyof R]: R[K] extends { to: BuiltPipeline<never, infer O> } ? O : TItem;
}[keyof R];
