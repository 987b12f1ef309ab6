/** A progress bar on a terminal, and a line now and then elsewhere. Writes to standard error only. */

const redrawEvery = 100;
const lineEvery = 5000;

function time(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–:––';
  const whole = Math.ceil(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

/** Shows how far a run is. */
export class Progress {
  readonly #began = performance.now();
  readonly #fancy = process.stderr.isTTY === true;
  readonly #silent: boolean;
  #last = 0;
  /** Bytes and files seen so far, and whether that is all of them. */
  totalBytes = 0;
  totalFiles = 0;
  counted = false;

  constructor(silent: boolean) {
    this.#silent = silent;
  }

  update(files: number, bytes: number): void {
    const now = performance.now();
    if (this.#silent || now - this.#last < (this.#fancy ? redrawEvery : lineEvery)) return;
    this.#last = now;
    const seconds = (now - this.#began) / 1000;
    const share = this.totalBytes === 0 ? 0 : bytes / this.totalBytes;
    const rate = `${Math.round(files / seconds)} files/s  ${(bytes / 1e6 / seconds).toFixed(1)} MB/s`;
    const left = this.counted ? `${time((seconds * (1 - share)) / share)} left` : 'counting…';
    const counts = `${files}/${this.totalFiles}${this.counted ? '' : '+'}`;
    if (!this.#fancy) {
      process.stderr.write(`${counts} files  ${rate}  ${left}\n`);
      return;
    }
    const text = ` ${String(Math.floor(share * 100)).padStart(3)} %  ${counts}  ${rate}  ${left}`;
    const width = Math.max(10, Math.min(40, (process.stderr.columns ?? 80) - text.length - 3));
    const done = Math.round(share * width);
    process.stderr.write(`\r\x1b[2K${'█'.repeat(done)}${'░'.repeat(width - done)}${text}`);
  }

  end(): void {
    if (this.#fancy && !this.#silent) process.stderr.write('\r\x1b[2K');
  }
}
