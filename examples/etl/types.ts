/** What flows through the pipeline. */

/** A line as it was split. */
export interface Fields {
  /** Its number in the file, the header being line 1. */
  line: number;
  fields: string[];
}

/** A sale that was found to be one. */
export interface Sale {
  id: number;
  /** Seconds since the epoch. */
  at: number;
  country: string;
  email: string;
  product: string;
  quantity: number;
  /** In hundredths of the country's currency. */
  price: number;
}

/** Sales of one country in one month. */
export interface Total {
  sales: number;
  quantity: number;
  /** In euro cents, tax included. */
  cents: number;
}

/** What a worker makes of a batch. */
export interface Transformed {
  /** The rows to be written, as CSV. */
  text: string;
  rows: number;
  /** By country and month, such as `DE 2026-03`. */
  totals: [key: string, total: Total][];
}

/** Columns of the input. */
export const columns = ['id', 'time', 'country', 'email', 'product', 'quantity', 'price'] as const;
/** What a country's currency is worth in euros, and its tax. */
export const countries: Readonly<Record<string, { rate: number; tax: number }>> = {
  DE: { rate: 1, tax: 0.19 },
  FR: { rate: 1, tax: 0.2 },
  GB: { rate: 1.17, tax: 0.2 },
  JP: { rate: 0.0061, tax: 0.1 },
  US: { rate: 0.92, tax: 0.07 },
};
