/** What the examples' command lines have in common: options with values, and one line on standard error for a mistake. */
import { type ParseArgsConfig, parseArgs } from 'node:util';

/** A mistake of the user's. */
export class UsageError extends Error {}

type Options = NonNullable<ParseArgsConfig['options']>;

/** Reads the command line. @throws {@link UsageError} for what it does not know. */
export function read<const T extends Options>(options: T) {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { ...options, help: { type: 'boolean' } } as T & { help: { type: 'boolean' } },
    });
  } catch (error) {
    throw new UsageError((error as Error).message.split('\n')[0]);
  }
}

/** A whole number. */
export function whole(name: string, text: unknown, least: number, most: number, otherwise: number): number {
  if (text === undefined) return otherwise;
  const number = Number(text);
  if (!Number.isInteger(number) || number < least || number > most)
    throw new UsageError(`--${name}: got '${text}', wants a whole number from ${least} to ${most}`);
  return number;
}

const units: Record<string, number> = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9 };

/** A size such as `20MB`. */
export function bytes(name: string, text: unknown, otherwise: number): number {
  if (text === undefined) return otherwise;
  const [, number, unit = 'B'] = /^(\d+(?:\.\d+)?)\s*([KMG]?B)?$/i.exec(String(text)) ?? [];
  if (number === undefined)
    throw new UsageError(`--${name}: got '${text}', wants a size such as 20MB or 1GB`);
  return Math.round(Number(number) * (units[unit.toUpperCase()] as number));
}

/** Runs a program: shows how it is used if it is asked, and says in one line what the user got wrong. */
export async function run(usage: string, main: () => Promise<void>): Promise<void> {
  if (process.argv.includes('--help')) {
    process.stdout.write(usage);
    return;
  }
  try {
    await main();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message} (--help tells more)\n`);
    process.exitCode = 1;
  }
}
