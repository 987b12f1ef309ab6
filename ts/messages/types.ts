/** The types of a bus's messages, worked out from the map that it is typed with. */

/** What goes over a bus: commands by name, each `{ payload, result }`, and the payloads of events by name. */
export interface MessageTypes {
  /** Commands by name: what each takes and gives. */
  commands?: object;
  /** Events by name: what each carries. */
  events?: object;
}

/** The messages of a bus that is not typed. */
export interface AnyMessages {
  commands: Record<string, { payload: unknown; result: unknown }>;
  events: Record<string, unknown>;
}

type Commands<M> = M extends { commands: infer C } ? C : Record<never, never>;
type Events<M> = M extends { events: infer E } ? E : Record<never, never>;

/** The names of a bus's commands. */
export type CommandName<M> = keyof Commands<M> & string;
/** What a command takes. */
export type CommandPayload<M, C extends CommandName<M>> = Commands<M>[C] extends { payload: infer P }
  ? P
  : undefined;
/** What a command gives. */
export type CommandResult<M, C extends CommandName<M>> = Commands<M>[C] extends { result: infer R }
  ? R
  : undefined;
/** The names of a bus's events. */
export type EventName<M> = keyof Events<M> & string;
/** What an event carries. */
export type EventPayload<M, E extends EventName<M>> = Events<M>[E];

/** What follows the name: a payload that may be `undefined` may be left out. */
export type PayloadAnd<P, Rest extends unknown[]> = undefined extends P
  ? [payload?: P, ...rest: Rest]
  : [payload: P, ...rest: Rest];

type Segments<S extends string> = S extends `${infer First}.${infer Rest}` ? [First, ...Segments<Rest>] : [S];

/** Whether a pattern's segments match a name's. */
type Fits<P extends string[], N extends string[]> = P extends [
  infer First extends string,
  ...infer Rest extends string[],
]
  ? First extends '**'
    ? Fits<Rest, N> extends true
      ? true
      : N extends [string, ...infer Less extends string[]]
        ? Fits<P, Less>
        : false
    : N extends [infer Name extends string, ...infer Names extends string[]]
      ? First extends '*' | Name
        ? Fits<Rest, Names>
        : false
      : false
  : N extends []
    ? true
    : false;

/** The names of the events that a pattern matches, as far as both are known to the compiler. */
export type EventsMatching<M, P extends string> =
  string extends EventName<M>
    ? string
    : string extends P
      ? EventName<M>
      : { [E in EventName<M>]: Fits<Segments<P>, Segments<E>> extends true ? E : never }[EventName<M>];

/** What the events that a pattern matches carry. */
export type PayloadMatching<M, P extends string> =
  EventsMatching<M, P> extends infer E ? (E extends EventName<M> ? EventPayload<M, E> : never) : never;
