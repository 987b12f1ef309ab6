/** The audit for people. */
import type { Audit, FileReport } from './types.js';

const color = process.stdout.isTTY === true && !process.env['NO_COLOR'];
const bold = (text: string): string => (color ? `\x1b[1m${text}\x1b[22m` : text);
const dim = (text: string): string => (color ? `\x1b[2m${text}\x1b[22m` : text);

function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}

const share = (part: number, whole: number): string =>
  `${whole === 0 ? 0 : ((part / whole) * 100).toFixed(1)} %`;

function table(rows: string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (row: string[]): string =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ');
  return rows.map((row, at) => (at === 0 ? dim(line(row)) : line(row))).join('\n');
}

function shorten(path: string): string {
  const width = Math.max(20, (process.stdout.columns ?? 100) - 40);
  return path.length <= width ? path : `…${path.slice(1 - width)}`;
}

function files(list: FileReport[]): string {
  const rows = list.map((file) => [shorten(file.path), size(file.bytes), share(file.brotli, file.bytes)]);
  return table([['file', 'size', 'brotli'], ...rows]);
}

const typesShown = 12;
const unreadableShown = 10;

/** The audit as text. */
export function render(audit: Audit): string {
  const parts: string[] = [];
  const types = audit.types
    .slice(0, typesShown)
    .map((type) => [
      type.type,
      String(type.files),
      size(type.bytes),
      String(type.lines),
      share(type.gzip, type.bytes),
      share(type.brotli, type.bytes),
    ]);
  parts.push(
    table([['type', 'files', 'size', 'lines', 'gzip -9', `brotli ${audit.brotliQuality}`], ...types]),
  );
  if (audit.types.length > typesShown) parts.push(dim(`and ${audit.types.length - typesShown} more types`));
  parts.push(`\n${bold('The largest')}\n${files(audit.largest)}`);
  parts.push(`\n${bold('The worst to compress')}\n${files(audit.worst)}`);
  const names = audit.identifiers.map(([name, count]) => `${name} ${dim(String(count))}`);
  parts.push(`\n${bold('The busiest identifiers')}\n${names.join('  ')}`);
  if (audit.unreadable.length > 0) {
    const shown = audit.unreadable
      .slice(0, unreadableShown)
      .map(({ path, reason }) => `  ${path} (${reason})`);
    const rest = audit.unreadable.length - shown.length;
    parts.push(
      `\n${bold(`${audit.unreadable.length} unreadable`)}\n${shown.join('\n')}${rest > 0 ? `\n  and ${rest} more` : ''}`,
    );
  }
  parts.push(
    `\n${bold(`${audit.files} files, ${size(audit.bytes)}, ${audit.lines} lines`)} in ${audit.seconds.toFixed(1)} s on ${audit.workers} workers:` +
      ` ${Math.round(audit.filesPerSecond)} files/s, ${audit.megabytesPerSecond.toFixed(1)} MB/s, ${Math.round(audit.tasksPerSecond)} tasks/s`,
    `sha-256 of all: ${audit.digest}`,
    `main thread's event-loop delay meanwhile: p99 ${audit.eventLoopDelayP99.toFixed(1)} ms`,
  );
  if (audit.sample !== null) {
    const { files: count, bytes, oneThreadSeconds, poolSeconds, speedUp } = audit.sample;
    parts.push(
      `a sample of ${count} files (${size(bytes)}): one thread ${oneThreadSeconds.toFixed(2)} s, the pool ${poolSeconds.toFixed(2)} s: ` +
        bold(`${speedUp.toFixed(2)} times as fast`),
    );
  }
  if (audit.interrupted) parts.push(bold('Interrupted: this is what was done so far.'));
  return parts.join('\n');
}
