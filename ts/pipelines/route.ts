/** What a branch gives for an item when that is not one result. */

/** No result. */
export const nothing: unique symbol = Symbol('nothing');

/** Any number of results. */
export class Many {
  readonly values: readonly unknown[];
  constructor(values: readonly unknown[]) {
    this.values = values;
  }
}
