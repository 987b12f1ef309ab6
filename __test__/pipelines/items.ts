/** Items that several tests of pipelines send through. */
import { turns } from '../helpers.js';

/** Whole numbers from 0. */
export const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

export const broken = (what: unknown): Error => new Error(`broken ${what}`);

/** Fails for multiples of three, at once or late. */
export const flaky = (n: number): number => {
  if (n % 3 === 0) throw broken(n);
  return n;
};
export const flakyLate = async (n: number): Promise<number> => {
  await turns((n * 5) % 4);
  return flaky(n);
};
export const forms = [
  ['at once', flaky],
  ['late', flakyLate],
] as const;
