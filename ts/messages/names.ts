/** The names of commands and events, and the patterns that match events: segments divided by dots. */
import { InvalidArgumentError } from '../errors.js';
import { shown } from '../wait-options.js';

/** @throws {@link InvalidArgumentError} if it cannot be a command's name. */
export function checkCommand(name: unknown): asserts name is string {
  if (typeof name !== 'string' || name === '')
    throw new InvalidArgumentError('command', shown(name), 'a text that is not empty');
}

/** @throws {@link InvalidArgumentError} if it cannot be an event's name. */
export function checkEvent(name: unknown): asserts name is string {
  if (typeof name !== 'string' || name.includes('*') || name.split('.').includes(''))
    throw new InvalidArgumentError('event', shown(name), "segments divided by dots, without '*'");
}

/** Matches events by their names: `*` stands for one segment, `**` for any number of them. */
export class Pattern {
  readonly text: string;
  readonly #segments: readonly string[];
  /** Whether it is the name of one event. */
  readonly exact: boolean;

  /** @throws {@link InvalidArgumentError} for what is no pattern. */
  constructor(text: unknown) {
    const bad = (segment: string): boolean =>
      segment === '' || (segment.includes('*') && segment !== '*' && segment !== '**');
    if (typeof text !== 'string' || text.split('.').some(bad))
      throw new InvalidArgumentError(
        'pattern',
        shown(text),
        "segments divided by dots, each of them a text, '*' (any one segment) or '**' (any number of them)",
      );
    this.text = text;
    this.#segments = text.split('.');
    this.exact = !text.includes('*');
  }

  /** Whether it matches an event's name. */
  matches(name: string): boolean {
    return this.exact ? name === this.text : fits(this.#segments, name.split('.'));
  }
}

/** As globs are matched: what follows the last `**` is tried ever further on. */
function fits(pattern: readonly string[], name: readonly string[]): boolean {
  let [p, n, wide, mark] = [0, 0, -1, 0];
  while (n < name.length) {
    const segment = pattern[p];
    if (segment === '**') {
      wide = p++;
      mark = n;
    } else if (segment === '*' || segment === name[n]) {
      p++;
      n++;
    } else if (wide >= 0) {
      p = wide + 1;
      n = ++mark;
    } else return false;
  }
  while (pattern[p] === '**') p++;
  return p === pattern.length;
}
