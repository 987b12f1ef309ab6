/** A reporter for node:test that says what failed, and how many passed; of what passes it says nothing. */
export default async function* report(source) {
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  const path = [];
  for await (const { type, data } of source) {
    if (type === 'test:start') path.length = data.nesting;
    if (type === 'test:start') path[data.nesting] = data.name;
    if (type === 'test:stderr' || type === 'test:stdout') yield data.message;
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const isSuite = data.details?.type === 'suite';
    if (data.skip !== undefined) skipped++;
    else if (type === 'test:pass') passed += isSuite ? 0 : 1;
    else {
      const { error } = data.details;
      const ofChild = error?.failureType === 'subtestsFailed';
      if (!ofChild) failed++;
      const cause = error?.cause ?? error;
      const told = ofChild ? '' : `\n${cause?.stack ?? String(cause)}\n`;
      yield `✖ ${[...path.slice(0, data.nesting), data.name].join(' > ')} (${Math.round(data.details.duration_ms)} ms)${told}\n`;
    }
  }
  yield `::${JSON.stringify({ passed, failed, skipped })}\n`;
}
