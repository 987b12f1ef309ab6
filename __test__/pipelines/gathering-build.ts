/** Pipelines whose branches gather, made of what a property test says, and what is seen of them. */
import assert from 'node:assert/strict';
import { type OnError, Pipeline } from 'millrace';
import { turns } from '../helpers.js';

/** The names of all that it is made of. */
export type Item = string[];

export interface Config {
  ordered: boolean;
  onError: OnError;
  bufferSize: number;
}

export interface Call {
  kind: 'map' | 'filter' | 'flat';
  late: boolean;
  concurrency: number;
  onError: OnError | undefined;
  ordered: boolean | undefined;
  /** What is 0 by this fails. */
  fails: number;
}

export interface Batch {
  kind: 'batch';
  size: number;
  ms: number | undefined;
}

export interface Fork {
  kind: 'branch' | 'both';
  ways: [Shape, Shape];
  concurrency: number | undefined;
  bufferSize: number;
  onError: OnError | undefined;
  ordered: boolean | undefined;
}

export type Step = Call | Batch | Fork;

export interface Shape {
  steps: Step[];
  config: Config;
}

const hash = (item: Item, at: string): number => {
  let sum = 17;
  for (const char of `${item.join()}/${at}`) sum = (Math.imul(sum, 31) + char.charCodeAt(0)) | 0;
  return (Math.imul(sum, 2654435761) >>> 8) % 64;
};

export const message = (item: Item, at: string): string => `${item.join()} at ${at}`;
export const failsAt = ({ fails }: Call, item: Item, at: string): boolean =>
  fails > 0 && hash(item, at) % fails === 0;
export const keptBy = (item: Item, at: string): boolean => hash(item, `${at} keeps`) % 4 !== 0;
export const copies = (item: Item, at: string): Item[] =>
  Array.from({ length: hash(item, at) % 3 }, (_, copy) => item.map((name) => `${name}.${copy}`));
export const wayOf = (item: Item, at: string): 0 | 1 => (hash(item, `${at} way`) % 2 === 0 ? 0 : 1);
/** Where two ways get the same item, each makes its own of it. */
export const marked = (item: Item, way: number): Item => item.map((name) => `${name}${'ab'[way]}`);

/** What is seen of a pipeline and those in it. */
export class Watch {
  running = 0;
  calls = 0;
  /** What was filtered or failed. */
  readonly gone: string[] = [];
  readonly #copied = new Map<string, string[]>();
  readonly pipelines: Pipeline<Item, Item>[] = [];

  copied(item: Item, to: Item[]): Item[] {
    for (const [i, name] of item.entries())
      this.#copied.set(
        name,
        to.map((copy) => copy[i] as string),
      );
    return to;
  }

  /** The names of all that was there in the end. */
  all(items: readonly Item[]): string[] {
    const last = (name: string): string[] => this.#copied.get(name)?.flatMap(last) ?? [name];
    return items.flat().flatMap(last);
  }

  assertIdle(): void {
    for (const pipeline of this.pipelines) {
      const { inFlight, buffered } = pipeline.getMetrics();
      assert.deepEqual([inFlight, buffered], [0, 0]);
    }
    assert.equal(this.running, 0);
  }
}

const given = <T extends object>(options: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;

function calling(pipeline: Pipeline<Item, Item>, call: Call, at: string, watch: Watch): Pipeline<Item, Item> {
  const { concurrency, onError, ordered } = call;
  const options = { name: at, ...given({ concurrency, onError, ordered }) } as object;
  const step = <T>(item: Item, then: () => T): T | Promise<T> => {
    watch.calls++;
    const end = (): T => {
      if (!failsAt(call, item, at)) return then();
      watch.gone.push(...item);
      throw new Error(message(item, at));
    };
    if (!call.late) return end();
    watch.running++;
    return turns(hash(item, `${at} turns`) % 3).then(() => {
      watch.running--;
      return end();
    });
  };
  switch (call.kind) {
    case 'map':
      return pipeline.map((item) => step(item, () => item), options);
    case 'flat':
      return pipeline.flatMap((item) => step(item, () => watch.copied(item, copies(item, at))), options);
    default: {
      const keeps = (item: Item): boolean => {
        if (keptBy(item, at)) return true;
        watch.gone.push(...item);
        return false;
      };
      return pipeline.addFilter((item) => step(item, () => keeps(item)) as boolean, options);
    }
  }
}

function made({ steps, config }: Shape, at: string, watch: Watch, way?: number): Pipeline<Item, Item> {
  let pipeline: Pipeline<Item, Item> = new Pipeline<Item>(config);
  if (way !== undefined)
    pipeline = pipeline.map((item) => watch.copied(item, [marked(item, 0), marked(item, 1)])[way] as Item, {
      name: `${at} mark`,
    });
  for (const [i, step] of steps.entries()) {
    const name = `${at}${i}`;
    if (step.kind === 'batch')
      pipeline = pipeline
        .batch(step.size, step.ms, { name })
        .map((items) => items.flat(), { name: `${name} flat` });
    else if (!('ways' in step)) pipeline = calling(pipeline, step, name, watch);
    else if (step.kind === 'branch') {
      const { ways, concurrency, bufferSize, onError, ordered } = step;
      pipeline = pipeline.branch(
        {
          a: { when: (item) => wayOf(item, name) === 0, to: made(ways[0], `${name}a`, watch) },
          b: { to: made(ways[1], `${name}b`, watch) },
        },
        { name, ...(given({ concurrency, bufferSize, onError, ordered }) as object) },
      );
    } else {
      // It is what the others are for, so it has their configuration.
      const first = made({ ...step.ways[0], config }, `${name}a`, watch, 0);
      pipeline = first.merge(made(step.ways[1], `${name}b`, watch, 1));
    }
  }
  watch.pipelines.push(pipeline);
  return pipeline;
}

/** @returns The pipeline, and what gives the letters of it and those in it. */
export function build(shape: Shape, watch: Watch): { pipeline: Pipeline<Item, Item>; letters(): string[] } {
  const pipeline = made(shape, '', watch);
  const letters = (): string[] => {
    const found: string[] = [];
    for (const { deadLetters } of watch.pipelines)
      for (
        let got = deadLetters.tryReceive();
        got !== undefined && !got.done;
        got = deadLetters.tryReceive()
      ) {
        const { item, stage } = got.value as { item: Item; stage: string };
        found.push(message(item, stage));
      }
    return found;
  };
  return { pipeline, letters };
}
