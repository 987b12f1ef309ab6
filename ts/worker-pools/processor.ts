/** How the code that workers run gets to them. */
import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ProcessorError } from '../errors.js';
import type { Processor } from './config.js';

/** A processor as text that every thread of the process can read. */
export type ProcessorSpec = { module: string; export: string } | { source: string } | { none: true };

const texts = new WeakMap<object, string>();

function moduleText(module: string | URL, name: string): string {
  const text = String(module);
  let url: string;
  if (/^(file|data|node):/.test(text)) url = text;
  else if (/^[a-z][a-z+.-]+:/i.test(text) && !isAbsolute(text)) {
    throw new ProcessorError(`processor: got '${text}', wants a path, or a file:, data: or node: URL`);
  } else url = pathToFileURL(resolve(text)).href;
  return JSON.stringify({ module: url, export: name } satisfies ProcessorSpec);
}

/** Why a function cannot be shipped, or its source in a form that evaluates to it. */
function sourceOf(fn: (...args: never[]) => unknown): string {
  const source = Function.prototype.toString.call(fn);
  const refuse = (why: string): never => {
    throw new ProcessorError(
      `processor: ${why}. Give a self-contained function, or the path of a module that exports it`,
    );
  };
  if (/\{\s*\[native code\]\s*\}\s*$/.test(source)) {
    return refuse(
      fn.name.startsWith('bound ')
        ? `'${fn.name}' is a bound function, which cannot be sent to another thread: what it is bound to stays behind`
        : `'${fn.name}' is a native function, which has no source to send to another thread`,
    );
  }
  if (/^class\b/.test(source)) return refuse(`'${fn.name}' is a class, not a function`);
  try {
    // Compiled, never run, here: only to see whether the text is an expression of its own.
    new Function(`return (${source}\n)`);
  } catch (cause) {
    if (/^(async\s+)?(\*\s*)?(get\s+|set\s+|static\s+)?[\w$#["'\]]+[^=]*\(/.test(source)) {
      return refuse(
        `'${fn.name}' is a method, whose source cannot stand alone: what 'this' and 'super' are stays behind`,
      );
    }
    throw new ProcessorError(`processor: the source of '${fn.name}' does not compile on its own`, { cause });
  }
  return source;
}

/**
 * The text of a processor.
 *
 * @throws {@link ProcessorError} for what cannot be sent to a worker, with the reason.
 */
export function processorText<I, O>(processor: Processor<I, O> | undefined): string {
  if (processor === undefined) return '{"none":true}';
  if (typeof processor === 'function') {
    let text = texts.get(processor);
    if (text === undefined) {
      text = JSON.stringify({ source: sourceOf(processor) } satisfies ProcessorSpec);
      texts.set(processor, text);
    }
    return text;
  }
  if (typeof processor === 'string' || processor instanceof URL) return moduleText(processor, 'default');
  if (typeof processor === 'object' && processor !== null && 'module' in processor) {
    const { module, export: name = 'default' } = processor;
    if ((typeof module === 'string' || module instanceof URL) && typeof name === 'string')
      return moduleText(module, name);
  }
  throw new ProcessorError(
    `processor: got ${processor === null ? 'null' : typeof processor}, wants a function, a path, a URL, or { module, export }`,
  );
}

type Callable = (input: unknown, context: unknown) => unknown;

const missing =
  'this pool has no processor: give one as new DynamicWorkerPool({ processor }), or as submit(task, { processor })';

/** Loads a processor in the worker that runs it. A function is compiled at once; a module is a promise. */
export function loadProcessor(text: string): Callable | Promise<Callable> {
  const spec = JSON.parse(text) as ProcessorSpec;
  if ('none' in spec) throw new ProcessorError(missing);
  if ('source' in spec) return compile(spec.source);
  return importProcessor(spec.module, spec.export);
}

function compile(source: string): Callable {
  try {
    // Indirect, so that the function sees the globals of the worker and nothing of ours.
    // biome-ignore lint/security/noGlobalEval: running the user's own function is what this is for
    const evaluate = eval;
    return evaluate(`(${source}\n)`) as Callable;
  } catch (cause) {
    throw new ProcessorError('the processor does not compile in the worker', { cause });
  }
}

async function importProcessor(url: string, name: string): Promise<Callable> {
  let loaded: Record<string, unknown>;
  try {
    loaded = (await import(url)) as Record<string, unknown>;
  } catch (cause) {
    throw new ProcessorError(`the processor's module cannot be loaded: ${shown(url)}`, { cause });
  }
  let found = loaded[name];
  // A CommonJS module that was compiled from `export default` has it one level down.
  if (typeof found === 'object' && found !== null && name in found)
    found = (found as Record<string, unknown>)[name];
  if (typeof found !== 'function') {
    const names = Object.keys(loaded).join(', ') || 'nothing';
    throw new ProcessorError(`${shown(url)} has no function '${name}' among its exports (${names})`);
  }
  return found as Callable;
}

function shown(url: string): string {
  return url.startsWith('file:') ? fileURLToPath(url) : url;
}
