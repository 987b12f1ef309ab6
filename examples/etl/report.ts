/** The figures of a run, for people. */

/** What a run has come to. Times are in milliseconds, unless they are called seconds. */
export interface Figures {
  file: string;
  bytes: number;
  rows: number;
  loaded: number;
  rejected: number;
  reasons: Record<string, number>;
  seconds: number;
  rowsPerSecond: number;
  /** Bytes of memory in use at most. */
  peakMemory: number;
  workers: number;
  bottleneck: string | undefined;
  stages: { name: string; in: number; out: number; perSecond: number; meanLatency: number }[];
  /** What all sales are worth, in euro cents. */
  cents: number;
}

const whole = (number: number): string => Math.round(number).toLocaleString('en-GB');

/** The figures as text. */
export function render(figures: Figures): string {
  const { bytes, rows, loaded, rejected, reasons, seconds, rowsPerSecond, peakMemory, stages } = figures;
  const why = Object.entries(reasons).sort((a, b) => b[1] - a[1]);
  return [
    `${whole(rows)} rows, ${(bytes / 1e6).toFixed(1)} MB in ${seconds.toFixed(2)} s: ` +
      `${whole(rowsPerSecond)} rows/s, ${(bytes / 1e6 / seconds).toFixed(1)} MB/s with ${figures.workers} workers`,
    `${whole(loaded)} loaded, worth ${whole(figures.cents / 100)} €; ${whole(rejected)} rejected`,
    ...why.map(([reason, count]) => `  ${whole(count).padStart(9)}  ${reason}`),
    `memory: ${whole(peakMemory / 1e6)} MB at most`,
    'stage            in         out       /s    mean ms',
    ...stages.map(
      ({ name, in: come, out, perSecond, meanLatency }) =>
        `${name.padEnd(10)}${whole(come).padStart(11)}${whole(out).padStart(12)}${whole(perSecond).padStart(11)}` +
        `${meanLatency.toFixed(4).padStart(10)}${name === figures.bottleneck ? '  ← bottleneck' : ''}`,
    ),
  ].join('\n');
}
