/**
 * Measures several ways of one work in one process. Rounds alternate, so that a machine that slows down slows all; each figure is a
 * median, each ratio that of medians. The command line's words choose by name.
 */
import { besideGo } from './go.mjs';

const words = process.argv.slice(2);
const rounds = 7;

export const wanted = (name) => words.length === 0 || words.some((word) => name.includes(word));
export const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

/** Whether a way is ours: its name begins so. */
const isOurs = (way) => way.startsWith('millrace');
/** What is measured for its own sake, and is nobody's peer. */
const isNothing = (way) => way.startsWith('without');
const rounded = (value) => Math.round(value * 10) / 10;

/**
 * Measures `work` in each way in turn and prints the medians, and how each of ours stands beside the best peer, if there is one, and Go's own
 * numbers where it has the like and is installed.
 *
 * @param unit - Of the figure that `work` gives.
 * @param better - `'more'` or `'less'` of it.
 * @param makers - By name: makes what `work` gets, with a `close`.
 * @param digits - Of the ratios, after the point.
 * @returns The medians by name; `undefined` if the words name something else.
 */
export async function sideBySide(name, unit, better, makers, work, digits = 1) {
  if (!wanted(name)) return undefined;
  const open = {};
  for (const [way, make] of Object.entries(makers)) open[way] = await make();
  const figures = Object.fromEntries(Object.keys(open).map((way) => [way, []]));
  for (const it of Object.values(open)) await work(it);
  for (let round = 0; round < rounds; round++) {
    for (const [way, it] of Object.entries(open)) figures[way].push(await work(it));
  }
  for (const it of Object.values(open)) await it.close();
  const medians = Object.entries(figures).map(([way, values]) => [way, median(values)]);
  const all = medians.map(([way, value]) => `${way} ${rounded(value)}`).join('  ');
  console.log(`${name}\n  ${all} ${unit}`);
  const sign = better === 'more' ? -1 : 1;
  const [best] = medians
    .filter(([way]) => !isOurs(way) && !isNothing(way))
    .sort((a, b) => sign * (a[1] - b[1]));
  const ours = medians.filter(([way]) => isOurs(way));
  for (const [way, value] of best === undefined ? [] : ours) {
    const ratio = better === 'more' ? value / best[1] : best[1] / value;
    const whose = ours.length > 1 ? `${way}: ` : '';
    console.log(`  ${whose}${ratio.toFixed(digits)} times the best peer (${best[0]})`);
  }
  const go = besideGo(name, unit);
  if (go !== undefined) console.log(go);
  return Object.fromEntries(medians);
}
