/** Many inputs through a pool with back-pressure: no more are read than are on their way or waiting to be taken. */

/** Submits one input. */
type Submit<I, O> = (input: I) => Promise<O>;

/** Results in the order of their inputs. */
export async function* mapOrdered<I, O>(
  inputs: AsyncIterable<I> | Iterable<I>,
  concurrency: number,
  submit: Submit<I, O>,
): AsyncGenerator<O, void, undefined> {
  const running: Promise<O>[] = [];
  let first = 0;
  for await (const input of inputs) {
    const result = submit(input);
    // An error is told when its turn comes; until then it is not unhandled.
    result.catch(() => undefined);
    running.push(result);
    if (running.length - first >= concurrency) {
      yield await (running[first++] as Promise<O>);
      if (first >= 1024) {
        running.splice(0, first);
        first = 0;
      }
    }
  }
  while (first < running.length) yield await (running[first++] as Promise<O>);
}

/** Results as they come. */
export async function* mapUnordered<I, O>(
  inputs: AsyncIterable<I> | Iterable<I>,
  concurrency: number,
  submit: Submit<I, O>,
): AsyncGenerator<O, void, undefined> {
  const done: O[] = [];
  let running = 0;
  let failed: { error: unknown } | undefined;
  let wake: (() => void) | undefined;
  const settled = (): void => {
    running--;
    wake?.();
  };
  const start = (input: I): void => {
    running++;
    submit(input).then(
      (value) => {
        done.push(value);
        settled();
      },
      (error: unknown) => {
        failed ??= { error };
        settled();
      },
    );
  };
  const some = async (): Promise<void> => {
    if (done.length === 0 && failed === undefined) await new Promise<void>((resolve) => (wake = resolve));
    wake = undefined;
    if (failed !== undefined) throw failed.error;
  };
  for await (const input of inputs) {
    start(input);
    while (running + done.length >= concurrency) {
      await some();
      yield* done.splice(0);
    }
  }
  while (running > 0 || done.length > 0) {
    await some();
    yield* done.splice(0);
  }
  if (failed !== undefined) throw (failed as { error: unknown }).error;
}
