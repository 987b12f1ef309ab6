/** Servers in processes of their own, and clients that look closely, for tests of shutdowns. */
import { type ChildProcess, spawn } from 'node:child_process';
import { type Agent, type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { packageUrl, until } from '../helpers.js';

/** A process that serves: `/` at once, `/slow` when it is told to by a line on its standard input, `/late` with its headers sent before. */
export const serving = (options: string, more = ''): string => `
  import { createServer } from 'node:http';
  import { createInterface } from 'node:readline';
  import { BasePattern, gracefulShutdown, PatternRegistry, FixedWorkerPool } from ${JSON.stringify(packageUrl)};
  const held = [];
  const server = createServer((request, response) => {
    console.log('request ' + request.url);
    if (request.url === '/slow') held.push(() => response.end('slow'));
    else if (request.url === '/late') {
      response.write('la');
      held.push(() => response.end('te'));
    } else response.end('quick');
  });
  class Base extends BasePattern {
    async start() {}
    async stop() { console.log('pattern stops'); await this.ends?.(); console.log('pattern stopped'); }
    isRunning() { return true; }
  }
  const registry = PatternRegistry.getInstance();
  const pattern = new Base({ name: 'base' });
  registry.register(pattern);
  ${more}
  const life = gracefulShutdown({ servers: [server], ${options} });
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    if (line === 'answer') for (const answer of held.splice(0)) answer();
    if (line === 'shutdown') life.shutdown().then(() => console.log('resolved'), (error) => console.log('rejected ' + error.code));
  });
  process.stdin.unref?.();
  server.on('close', () => console.log('server closed'));
  process.on('exit', (code) => console.log('exits ' + code));
  server.listen(0, '127.0.0.1', () => console.log('port ' + server.address().port));`;

export class Served {
  readonly #run: ChildProcess;
  readonly lines: string[] = [];
  stderr = '';
  readonly ended: Promise<[number | null, NodeJS.Signals | null]>;
  port = 0;

  constructor(source: string) {
    this.#run = spawn(process.execPath, ['--input-type=module', '-e', source], {
      cwd: fileURLToPath(new URL('.', import.meta.url)),
    });
    createInterface({ input: this.#run.stdout as never }).on('line', (line) => this.lines.push(line));
    this.#run.stderr?.on('data', (data) => (this.stderr += data));
    const limit = setTimeout(() => this.#run.kill('SIGKILL'), 40_000);
    this.ended = new Promise((resolve) =>
      this.#run.on('close', (code, signal) => {
        clearTimeout(limit);
        resolve([code, signal]);
      }),
    );
    running.add(this);
  }

  kill(signal: NodeJS.Signals): void {
    this.#run.kill(signal);
  }

  tell(line: string): void {
    this.#run.stdin?.write(`${line}\n`);
  }

  says(line: string): Promise<void> {
    return until(() => this.lines.includes(line));
  }

  async up(): Promise<this> {
    await until(() => this.lines.some((line) => line.startsWith('port ')));
    this.port = Number(this.lines[0]?.slice(5));
    return this;
  }

  /** What it said since it was up, without what it was asked. */
  get said(): string[] {
    return this.lines.filter((line) => !/^(port|request) /.test(line));
  }
}

const running = new Set<Served>();
after(() => {
  for (const served of running) served.kill('SIGKILL');
});

export const serve = (options = '', more = ''): Promise<Served> => new Served(serving(options, more)).up();

export interface Answer {
  text: string;
  connection: string | undefined;
  response: IncomingMessage;
}

export function get(port: number, path: string, agent: Agent | false = false): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port, path, agent }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => resolve({ text, connection: response.headers.connection, response }));
      response.on('error', reject);
    });
    asking.on('error', reject).end();
  });
}

/** A connection on which one writes what one likes. */
export async function raw(port: number): Promise<{ socket: Socket; closed: Promise<void>; got(): string }> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.on('data', (data) => (text += data)).on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
  return { socket, closed, got: () => text };
}

export const ask = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: local\r\n\r\n`;
export const ok = [0, null];
