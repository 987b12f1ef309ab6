/** From bytes to rows. A quoted field may have commas and quotes; line breaks it may not have. */
import { createReadStream } from 'node:fs';
import { countries, type Fields, type Sale } from './types.js';

/** A part of the file that begins and ends with whole lines. */
export interface Block {
  /** The number of its first line. */
  line: number;
  lines: string[];
}

/** Reads a file in blocks of some hundred kilobytes. `onBytes` is told how much was read. */
export async function* blocks(file: string, onBytes: (count: number) => void): AsyncGenerator<Block> {
  let rest = '';
  let line = 1;
  const stream = createReadStream(file, { encoding: 'utf8', highWaterMark: 1 << 18 });
  for await (const part of stream as AsyncIterable<string>) {
    onBytes(Buffer.byteLength(part));
    const lines = (rest + part).split('\n');
    rest = lines.pop() as string;
    if (line === 1 && lines.shift() !== undefined) line++;
    if (lines.length > 0) yield { line, lines };
    line += lines.length;
  }
  if (rest !== '') yield { line, lines: [rest] };
}

/** Splits a line at its commas. */
export function split(line: string): string[] {
  if (!line.includes('"')) return line.split(',');
  const fields: string[] = [];
  for (const [, plain, quoted] of line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g))
    fields.push(plain === undefined ? (quoted as string) : plain.replaceAll('""', '"'));
  return fields;
}

/** The rows of a block. */
export function* rows({ line, lines }: Block): Generator<Fields> {
  for (const text of lines) yield { line: line++, fields: split(text) };
}

/** A row that is no sale. */
export class Invalid extends Error {}

/** Finds out whether a row is a sale. @throws {@link Invalid} with what is wrong. */
export function validate({ fields }: Fields): Sale {
  if (fields.length !== 7) throw new Invalid('wrong number of fields');
  const [id, time, country, email, product, quantity, price] = fields as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  const sale: Sale = {
    id: Number(id),
    at: Date.parse(time) / 1000,
    country,
    email,
    product,
    quantity: Number(quantity),
    price: Math.round(Number(price) * 100),
  };
  if (!Number.isInteger(sale.id)) throw new Invalid('id is no number');
  if (Number.isNaN(sale.at)) throw new Invalid('time is none');
  if (!Object.hasOwn(countries, country)) throw new Invalid('unknown country');
  if (!email.includes('@')) throw new Invalid('email is no address');
  if (!Number.isInteger(sale.quantity) || sale.quantity < 1) throw new Invalid('quantity is not above 0');
  if (!(sale.price >= 0)) throw new Invalid('price is no number');
  return sale;
}
