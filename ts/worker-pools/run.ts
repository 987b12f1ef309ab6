/** The processor behind `pool.run`: a function of the moment, as source, with its arguments. */
import { loadProcessor } from './processor.js';

type Callable = (...args: unknown[]) => unknown;

/** Functions that are kept compiled; the one unused for longest goes first. */
const kept = 256;
const compiled = new Map<string, Callable>();

/** Compiles the function unless it is known, and calls it. */
export default function run([text, args]: [text: string, args: unknown[]]): unknown {
  let callable = compiled.get(text);
  if (callable === undefined) callable = loadProcessor(text) as Callable;
  else compiled.delete(text);
  compiled.set(text, callable);
  if (compiled.size > kept) compiled.delete(compiled.keys().next().value as string);
  return callable(...args);
}
