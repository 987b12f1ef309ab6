/** A run as a flowchart in Mermaid's language. */
import type { Plan, PlanEdge } from './plan.js';
import type { NodeState, RunTrace, StepTrace } from './trace.js';

const colours: Record<NodeState, string> = {
  ok: 'fill:#d9f2d9,stroke:#2e7d32',
  failed: 'fill:#f8d7da,stroke:#c62828',
  cancelled: 'fill:#fff3cd,stroke:#b26a00',
  skipped: 'fill:#eeeeee,stroke:#9e9e9e,color:#757575',
  running: 'fill:#d6e9ff,stroke:#1565c0',
  waiting: 'fill:#ffffff,stroke:#9e9e9e',
};

/** A text that can be no part of the language: anything but letters, digits and a few marks is given by its number. */
function escaped(text: string): string {
  return text.replace(/[^\p{L}\p{N} _.,:()/-]/gu, (mark) => `#${mark.codePointAt(0)};`);
}

function time(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

/** What stands under a node's name. */
function said(state: NodeState, steps: readonly StepTrace[]): string {
  const last = steps.at(-1);
  if (last === undefined) return state;
  const parts = [last.fellBack ? `${state} by fallback` : state];
  parts.push(time(steps.reduce((sum, step) => sum + step.duration, 0)));
  if (steps.length > 1) parts.push(`${steps.length} steps`);
  const attempts = steps.reduce((sum, step) => sum + step.attempts, 0);
  if (attempts > steps.length) parts.push(`${attempts} attempts`);
  return parts.join(', ');
}

/** How often an edge was taken. */
function taken(edge: PlanEdge, trace: RunTrace): number {
  const { action, from, to } = edge;
  const left = new Set<number>();
  for (const step of trace.steps)
    if (step.node === from && step.state === 'ok' && step.action === action) left.add(step.step);
  let count = 0;
  for (const step of trace.steps) if (step.node === to && step.from.some((each) => left.has(each))) count++;
  return count;
}

export function mermaidOf(plan: Plan, trace: RunTrace): string {
  const lines = [`flowchart TD`];
  const classes = new Map<NodeState, string[]>();
  draw(plan, trace, 'n', '  ', lines, classes);
  for (const [state, ids] of classes) {
    lines.push(`  classDef ${state} ${colours[state]}`, `  class ${ids.join(',')} ${state}`);
  }
  return `${lines.join('\n')}\n`;
}

function draw(
  plan: Plan,
  trace: RunTrace,
  prefix: string,
  indent: string,
  lines: string[],
  classes: Map<NodeState, string[]>,
): void {
  for (const [at, { state, steps }] of trace.nodes().entries()) {
    const id = `${prefix}${at}`;
    const within = steps.at(-1)?.within;
    const label = `["${escaped(trace.nameOf(at))}<br/>${said(state, steps)}"]`;
    classes.set(state, [...(classes.get(state) ?? []), id]);
    if (within === undefined) lines.push(`${indent}${id}${label}`);
    else {
      lines.push(`${indent}subgraph ${id}${label}`);
      draw(within.plan, within, `${id}_`, `${indent}  `, lines, classes);
      lines.push(`${indent}end`);
    }
  }
  for (const edge of plan.edges) {
    const times = taken(edge, trace);
    const words = edge.action === 'default' ? [] : [escaped(edge.action)];
    if (times > 1) words.push(`${times} times`);
    const arrow = times > 0 ? '==>' : edge.loop >= 0 ? '-.->' : '-->';
    const label = words.length === 0 ? '' : `|"${words.join(', ')}"|`;
    lines.push(`${indent}${prefix}${edge.from} ${arrow}${label} ${prefix}${edge.to}`);
  }
}
