/** The work that must not stand on the event loop: a password's hash, and primes. Both are plain JavaScript. */
import { createHmac } from 'node:crypto';

/** What a worker is asked for. */
export type Job =
  | { kind: 'hash'; password: string; salt: string; rounds: number }
  | { kind: 'primes'; below: number };

/** PBKDF2's first block, round by round. */
function hash(password: string, salt: string, rounds: number): string {
  let block = createHmac('sha256', password)
    .update(salt)
    .update(Buffer.from([0, 0, 0, 1]))
    .digest();
  const sum = Buffer.from(block);
  for (let round = 1; round < rounds; round++) {
    block = createHmac('sha256', password).update(block).digest();
    for (let at = 0; at < sum.length; at++) (sum[at] as number) ^= block[at] as number;
  }
  return sum.toString('hex');
}

/** How many primes there are below a number. */
function primes(below: number): number {
  const composite = new Uint8Array(below);
  let count = 0;
  for (let number = 2; number < below; number++) {
    if (composite[number] === 1) continue;
    count++;
    for (let multiple = number * number; multiple < below; multiple += number) composite[multiple] = 1;
  }
  return count;
}

export default function work(job: Job): string | number {
  return job.kind === 'hash' ? hash(job.password, job.salt, job.rounds) : primes(job.below);
}
