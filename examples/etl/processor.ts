/** What each worker does with a batch: prices in euros with tax, addresses replaced by a hash, totals by country and month. */
import { createHash } from 'node:crypto';
import { countries, type Sale, type Total, type Transformed } from './types.js';

export default function transform(batch: Sale[]): Transformed {
  const totals = new Map<string, Total>();
  let text = '';
  for (const { id, at, country, email, product, quantity, price } of batch) {
    const { rate, tax } = countries[country] as { rate: number; tax: number };
    const cents = Math.round(price * quantity * rate * (1 + tax));
    const day = new Date(at * 1000).toISOString().slice(0, 10);
    const customer = createHash('sha256').update(email).digest('hex').slice(0, 16);
    text += `${id},${day},${country},${customer},${JSON.stringify(product)},${quantity},${cents}\n`;
    const key = `${country} ${day.slice(0, 7)}`;
    const total = totals.get(key) ?? { sales: 0, quantity: 0, cents: 0 };
    totals.set(key, total);
    total.sales++;
    total.quantity += quantity;
    total.cents += cents;
  }
  return { text, rows: batch.length, totals: [...totals] };
}
