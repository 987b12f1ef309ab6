/** The command line. */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';

/** What the command line asks for. */
export interface Arguments {
  paths: string[];
  json: boolean;
  workers: number;
  brotliQuality: number;
}

/** A mistake of the user's, for one line on standard error. */
export class UsageError extends Error {}

function whole(
  name: string,
  text: string | undefined,
  least: number,
  most: number,
  otherwise: number,
): number {
  if (text === undefined) return otherwise;
  const number = Number(text);
  if (!Number.isInteger(number) || number < least || number > most) {
    throw new UsageError(`--${name}: got '${text}', wants a whole number from ${least} to ${most}`);
  }
  return number;
}

/** Reads the command line. */
export function parse(argv: string[], otherwise: string): Arguments {
  let parsed: ReturnType<typeof parseOptions>;
  try {
    parsed = parseOptions(argv);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const { values, positionals } = parsed;
  const paths = positionals.length > 0 ? positionals : [otherwise];
  for (const path of paths) if (!existsSync(path)) throw new UsageError(`no such file or folder: ${path}`);
  return {
    paths,
    json: values.json === true,
    workers: whole('workers', values.workers, 1, 1024, availableParallelism()),
    // Above 5, brotli takes several times as long for a few per cent.
    brotliQuality: whole('brotli-quality', values['brotli-quality'], 0, 11, 5),
  };
}

function parseOptions(argv: string[]) {
  return parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      json: { type: 'boolean' },
      workers: { type: 'string' },
      'brotli-quality': { type: 'string' },
    },
  });
}
