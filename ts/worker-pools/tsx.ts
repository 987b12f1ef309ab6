/**
 * The TypeScript loader `tsx` in a worker. Asked for with `--import tsx`, it registers itself in the main thread alone
 * (privatenumber/tsx#354); its API does so in the thread that calls it.
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const names = ['tsx', 'tsx/esm'];

/** Whether this thread was started with `--import tsx`. */
function isWanted(args: readonly string[]): boolean {
  return args.some((arg, at) => {
    if (arg === '--import') return names.includes(args[at + 1] ?? '');
    return arg.startsWith('--import=') && names.includes(arg.slice('--import='.length));
  });
}

/** Registers `tsx` if this thread was started with it. */
export async function registerTsx(): Promise<void> {
  if (!isWanted(process.execArgv)) return;
  // Looked for where Node looks for what --import names. `require` would find the API's CommonJS half.
  const require = createRequire(join(process.cwd(), 'import'));
  const manifest = require.resolve('tsx/package.json');
  const { exports } = require(manifest) as { exports: Record<string, { import: { default: string } }> };
  const api = join(dirname(manifest), exports['./esm/api']?.import.default ?? '');
  const { register } = (await import(pathToFileURL(api).href)) as { register(): unknown };
  register();
}
