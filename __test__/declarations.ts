/** What `index.d.ts` says of classes. */
import { readFileSync } from 'node:fs';

/** A class as it is declared. */
interface Declared {
  documented: boolean;
  base: string | undefined;
  /** Whether each member is documented, by name. */
  members: Map<string, boolean>;
}

function declarations(): Map<string, Declared> {
  const lines = readFileSync(new URL('../../index.d.ts', import.meta.url), 'utf8').split('\n');
  const classes = new Map<string, Declared>();
  let members: Declared['members'] | undefined;
  for (const [at, line] of lines.entries()) {
    const documented = lines[at - 1]?.endsWith('*/') === true;
    const [, name, base] = /^declare (?:abstract )?class (\w+)(?:<.*?>)?(?: extends (\w+))?/.exec(line) ?? [];
    const member = /^ {4}(?:(?:static|readonly|abstract|get|set) )*(\w+)[<(:?]/.exec(line)?.[1];
    if (line === '}') members = undefined;
    else if (name !== undefined) classes.set(name, { documented, base, members: (members = new Map()) });
    else if (member !== undefined) members?.set(member, documented || members.get(member) === true);
  }
  return classes;
}

/** The names of what has no documentation: a class, or members of it that none of its bases documents. */
export function undocumented(name: string): string[] {
  const classes = declarations();
  const isDocumented = (member: string, of: string | undefined): boolean => {
    const declared = classes.get(of ?? '');
    return (
      declared !== undefined && (declared.members.get(member) === true || isDocumented(member, declared.base))
    );
  };
  const declared = classes.get(name);
  if (declared?.documented !== true) return [name];
  return [...declared.members.keys()].filter((member) => !isDocumented(member, name));
}
