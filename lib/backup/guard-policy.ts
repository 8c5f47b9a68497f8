// Which tables matter to the guard, and how much of one may go: what an app's configuration says, else what names tell.

/** What of an app's database may become less. */
export interface GuardPolicy {
  /** Patterns of tables that come and go, and of which nothing is suspected. */
  ignore: readonly string[];
  /** From which part on a loss counts, of all rows together and of the bytes. */
  lossPercent: number;
  /** By pattern, from which part on a loss of that table's rows counts; the first that fits. */
  tables: Readonly<Record<string, number>>;
}

export const usualGuard: GuardPolicy = { ignore: [], lossPercent: 50, tables: {} };

/**
 * Tables that are emptied by design, by what they are called: what is on its way, what can be had again, who is logged in.
 * Not `jobs`, `tasks`, `events` or `log`, nor any sessions (of a training), or `temp` (of a sensor): those are data.
 */
const passing = [
  /(?:^|_)(?:queues?|outbox|cache|tmp)(?:$|_)/i,
  /^(?:(?:django|user|auth|http|web|flask|login|active)_)?sessions?$/i,
];

/** SQLite's own, what notes changes for us and is pruned, and what migrations make and leave behind. */
const helper = /^(?:sqlite_|_holdfast_|_alembic_tmp_|__temp__|new__)/i;

/** The shadow tables of a full-text index that follow from its content (FTS5, FTS3 and 4). */
const derived: [ending: RegExp, besides: string[]][] = [
  [/_(?:data|idx|docsize|config)$/, ['_data', '_idx', '_config']],
  [/_(?:segments|segdir|stat|docsize)$/, ['_segments', '_segdir']],
];

/** What counts as a loss of a table: `ignored` is nothing, `usual` that it is gone or emptied, a number so many per cent. */
export type Loss = number | 'usual' | 'ignored';

/** What counts as a loss of each table; `names` are all there are, by which the parts of an index are known. */
export function lossesOf(policy: GuardPolicy, names: ReadonlySet<string>): ReadonlyMap<string, Loss> {
  const ignore = policy.ignore.map(expression);
  const tables = Object.entries(policy.tables).map(
    ([pattern, percent]) => [expression(pattern), percent] as const,
  );
  return new Map([...names].map((name) => [name, lossOf(name)]));

  /** What is configured goes first. */
  function lossOf(name: string): Loss {
    const percent = tables.find(([pattern]) => pattern.test(name))?.[1];
    if (percent !== undefined) return percent;
    if (ignore.some((pattern) => pattern.test(name))) return 'ignored';
    const isPassing = passing.some((pattern) => pattern.test(inWords(name)));
    return isPassing || helper.test(name) || isDerived(name, names) ? 'ignored' : 'usual';
  }
}

/** `mailQueue` has the same words as `mail_queue`. */
function inWords(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, '$1_$2');
}

function isDerived(name: string, names: ReadonlySet<string>): boolean {
  return derived.some(([ending, besides]) => {
    const index = name.replace(ending, '');
    return index !== name && besides.every((beside) => names.has(index + beside));
  });
}

/** Whether a name fits a pattern, in which `*` stands for anything and `?` for one character. Case does not matter, as in SQL. */
export function matches(pattern: string, name: string): boolean {
  return expression(pattern).test(name);
}

function expression(pattern: string): RegExp {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 'isu');
}
