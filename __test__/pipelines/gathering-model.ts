/** What pipelines with branches that gather do, one step after the other. */
import {
  type Call,
  copies,
  type Fork,
  failsAt,
  type Item,
  keptBy,
  marked,
  message,
  type Shape,
  wayOf,
} from './gathering-build.js';

/** An item on its way through a fork. */
interface Ticket {
  number: number;
  item: Item;
  dead: boolean;
}

/** A value, and the tickets of each thing it is made of: those of the innermost fork first. */
interface Value {
  item: Item;
  of: Ticket[][];
}

type Out = { value: Value; error?: string };
type Fail = (error: string, of: Ticket[][]) => boolean;

/** What takes values one after the other, and has some left in the end. */
interface Machine {
  push(value: Value): Out[];
  end(): Out[];
}

const last = ({ of }: Value): Ticket[] => of.at(-1) as Ticket[];
const passed = ({ of, item }: Value): Value => ({ item, of: of.map((tickets) => tickets.slice(1)) });

export class Model {
  readonly letters: string[] = [];
  readonly results: Item[] = [];
  error: string | undefined;
  readonly #machine: Machine;

  constructor(shape: Shape) {
    this.#machine = this.#pipeline(shape, '', () => false);
  }

  run(items: readonly Item[]): this {
    const outs = (all: Out[]): boolean => {
      for (const { value, error } of all) {
        if (error !== undefined) {
          this.error = error;
          return false;
        }
        this.results.push(value.item);
      }
      return true;
    };
    for (const item of items) if (!outs(this.#machine.push({ item, of: [[]] }))) return this;
    outs(this.#machine.end());
    return this;
  }

  /** @param host - Whether an error is left out by the pipelines around this one. */
  #pipeline({ steps, config }: Shape, at: string, host: Fail, way?: number): Machine {
    const machines = steps.map((step, i): Machine => {
      const name = `${at}${i}`;
      if (step.kind === 'batch') return this.#batch(step.size);
      if ('ways' in step) {
        const both = step.kind === 'both';
        const policy = (both ? undefined : step.onError) ?? config.onError;
        const fail: Fail = (error, of) => {
          const tickets = [...new Set(of.map(([ticket]) => ticket as Ticket))];
          const outer = of.map((its) => its.slice(1));
          if (policy === 'fail') return host(error, outer);
          for (const ticket of policy === 'dead-letter' ? tickets : []) {
            if (!ticket.dead) this.letters.push(message(ticket.item, both ? 'merge' : name));
            ticket.dead = true;
          }
          return true;
        };
        return this.#fork(step, name, fail, config);
      }
      return this.#call(step, name, (error, value) => {
        const policy = step.onError ?? config.onError;
        if (policy === 'dead-letter') this.letters.push(message(value.item, name));
        return policy === 'fail' ? host(error, value.of) : true;
      });
    });
    const through = (outs: Out[], from: number): Out[] =>
      machines
        .slice(from)
        .reduce(
          (all, machine) => all.flatMap((out) => (out.error === undefined ? machine.push(out.value) : [out])),
          outs,
        );
    return {
      push: (value) =>
        through([{ value: way === undefined ? value : { ...value, item: marked(value.item, way) } }], 0),
      end: () => machines.flatMap((machine, i) => through(machine.end(), i + 1)),
    };
  }

  #call(call: Call, at: string, fail: (error: string, value: Value) => boolean): Machine {
    const push = (value: Value): Out[] => {
      const { item, of } = value;
      if (failsAt(call, item, at)) {
        const error = message(item, at);
        return fail(error, value) ? [] : [{ value, error }];
      }
      if (call.kind === 'map') return [{ value }];
      if (call.kind === 'filter') return keptBy(item, at) ? [{ value }] : [];
      return copies(item, at).map((copy) => ({ value: { item: copy, of } }));
    };
    return { push, end: () => [] };
  }

  #batch(size: number): Machine {
    let list: Value[] = [];
    const full = (): Out[] => {
      const values = list;
      list = [];
      return [{ value: { item: values.flatMap(({ item }) => item), of: values.flatMap(({ of }) => of) } }];
    };
    return {
      push: (value) => (list.push(value) >= size ? full() : []),
      end: () => (list.length > 0 ? full() : []),
    };
  }

  #fork({ kind, ways }: Fork, at: string, fail: Fail, config: Shape['config']): Machine {
    const machines = ways.map((shape, way) =>
      this.#pipeline(
        kind === 'both' && way === 0 ? { ...shape, config } : shape,
        `${at}${'ab'[way]}`,
        fail,
        kind === 'both' ? way : undefined,
      ),
    ) as [Machine, Machine];
    let number = 0;
    const out = (all: Out[]): Out[] => all.map((each) => ({ ...each, value: passed(each.value) }));
    return {
      push: (value) => {
        const ticket = { number: number++, item: value.item, dead: false };
        const sent = { item: value.item, of: value.of.map((tickets) => [ticket, ...tickets]) };
        return out(
          (kind === 'both' ? machines : [machines[wayOf(value.item, at)]]).flatMap((way) => way.push(sent)),
        );
      },
      end: () => {
        const all = machines.flatMap((way) => way.end());
        const numberOf = ({ value }: Out): number => last(value)[0]?.number ?? 0;
        return out(all.sort((a, b) => numberOf(a) - numberOf(b)));
      },
    };
  }
}
