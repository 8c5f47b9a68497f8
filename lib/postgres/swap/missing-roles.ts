// The roles that a backup needs and this server has not: told before anything is restored, with the statements that make them.
import type { Place } from './place.ts';

export interface MissingRole {
  readonly name: string;
  /** For a superuser to read, and to run. Never run here: whoever can write a store can write them. */
  readonly sql: readonly string[];
}

const identifier = String.raw`(?:"(?:[^"]|"")+"|[a-z_][a-z0-9_$]*)`;
const making = new RegExp(`^CREATE ROLE (${identifier})(?: [A-Z]+)*(?: CONNECTION LIMIT \\d+)?;$`);
const granting = new RegExp(`^GRANT ${identifier} TO (${identifier});$`);
const setting = new RegExp(
  `^ALTER ROLE (${identifier}) SET ${identifier} TO (?:E?'(?:[^']|'')*'|[\\w", $.-]+);$`,
);

/** Those of the statements in a manifest, as `rolesOf` writes them; of another form they are not told. */
export async function missingRoles(place: Place, statements: readonly string[]): Promise<MissingRole[]> {
  const needed = new Map<string, string[]>();
  for (const sql of statements) {
    const found = [making, granting, setting]
      .map((pattern) => pattern.exec(sql)?.[1])
      .find((role) => role !== undefined);
    if (found === undefined || /[\n\r]/.test(sql)) continue;
    const name = plain(found);
    needed.set(name, [...(needed.get(name) ?? []), sql]);
  }
  if (needed.size === 0) return [];
  const { rows } = await place.ask((session) => session.run('select rolname from pg_roles', []));
  const there = new Set(rows.map(([name]) => name));
  return [...needed].flatMap(([name, sql]) => (there.has(name) ? [] : [{ name, sql }]));
}

function plain(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
}
