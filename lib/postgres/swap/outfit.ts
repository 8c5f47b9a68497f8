// What a database has beside what is in it: its owner, its rights, settings, limit and comment. They are the server's, and stay as they
// are on it when another database takes the place: a backup of last week gives nobody back what was taken from them since.
import { errorMessage } from '../../base/errors.ts';
import type { BackupSession } from '../backup/session.ts';
import { literal, quote } from '../names.ts';
import { ownComment } from './undo-record.ts';

/** One thing, as it is: what it is called, and the statement that makes it so for a database of another name. */
interface Item {
  readonly what: string;
  readonly value: string;
  set(database: string): string;
  /** What takes it away; undefined for what every database has. */
  readonly unset: ((database: string) => string) | undefined;
}

type Outfit = ReadonlyMap<string, Item>;

/** What the change of places made of both outfits, in sentences. */
export interface OutfitReport {
  /** What of the server is kept where the backup has it otherwise. */
  readonly differences: string[];
  /** What could not be given to the new database, and the statement that does. */
  readonly notCarried: string[];
}

type Ask = Pick<BackupSession, 'run'>;

/** Gives the database `to` all that `from` has. In a transaction of `session`. */
export async function carryOutfit(
  session: Ask,
  from: string,
  to: { oid: string; name: string },
): Promise<OutfitReport> {
  const wanted = await outfitOf(session, from);
  const before = await outfitOf(session, to.oid);
  const report: OutfitReport = { differences: differences(wanted, before), notCarried: [] };
  // The owner first: rights follow whoever that is.
  await change(session, to, { wanted: only(wanted, 'owner'), has: only(before, 'owner') }, report);
  await change(session, to, { wanted, has: await outfitOf(session, to.oid) }, report);
  report.notCarried.push(...(await unreachable(session, from, to.oid)));
  return report;
}

/** What no statement of a transaction gives. */
async function unreachable(session: Ask, from: string, to: string): Promise<string[]> {
  const { rows } = await session.run(
    `select a.tablespace, b.tablespace, (select count(*)::text from pg_shseclabel where classoid = 'pg_database'::regclass and objoid = $1::oid)
      from (select spcname as tablespace from pg_database d join pg_tablespace t on t.oid = d.dattablespace where d.oid = $1::oid) a,
      (select spcname as tablespace from pg_database d join pg_tablespace t on t.oid = d.dattablespace where d.oid = $2::oid) b`,
    [from, to],
  );
  const [was, is, labels] = rows[0] ?? [];
  return [
    ...(was === is ? [] : [`tablespace: it lies in ${is ?? ''}, and lay in ${was ?? ''}`]),
    ...(labels === '0' ? [] : ['security label: give it anew by hand']),
  ];
}

async function change(
  session: Ask,
  { name }: { name: string },
  { wanted, has }: { wanted: Outfit; has: Outfit },
  { notCarried }: OutfitReport,
): Promise<void> {
  const gone = [...has].filter(([key]) => !wanted.has(key)).map(([, item]) => item);
  const other = [...wanted]
    .filter(([key, { value }]) => has.get(key)?.value !== value)
    .map(([, item]) => item);
  for (const item of gone) await attempt(session, item, item.unset?.(name), notCarried);
  for (const item of other) await attempt(session, item, item.set(name), notCarried);
}

async function attempt(
  session: Ask,
  { what }: Item,
  statement: string | undefined,
  notCarried: string[],
): Promise<void> {
  if (statement === undefined) return;
  await session.run('savepoint carried');
  try {
    await session.run(statement);
    await session.run('release savepoint carried');
  } catch (error) {
    await session.run('rollback to savepoint carried');
    const sentence = `${what}: ${errorMessage(error)}`;
    if (!notCarried.includes(sentence)) notCarried.push(sentence);
  }
}

/** Values are not said: people keep secrets in settings. */
function differences(wanted: Outfit, has: Outfit): string[] {
  const other = [...wanted].filter(([key, { value }]) => has.get(key)?.value !== value);
  const gone = [...has].filter(([key]) => !wanted.has(key));
  return [
    ...other.map(([key, { what }]) => (has.has(key) ? what : `${what}, of which the backup has none`)),
    ...gone.map(([, { what }]) => `${what}, which only the backup has`),
  ];
}

function only(outfit: Outfit, key: string): Outfit {
  return new Map([...outfit].filter(([each]) => each === key));
}

async function outfitOf(session: Ask, oid: string): Promise<Outfit> {
  const { rows } = await session.run(itself, [oid]);
  const [owner, limit, isTemplate, said] = rows[0] ?? [];
  // One from before that somebody renamed by hand says still that it is one.
  const comment = ownComment(said ?? undefined);
  const rights = await session.run(rightsOf, [oid]);
  const settings = await session.run(settingsOf, [oid]);
  const items: [string, Item][] = [
    ['owner', always('owner', owner ?? '', (at) => `alter database ${at} owner to ${quote(owner ?? '')}`)],
    [
      'limit',
      always('connection limit', limit ?? '', (at) => `alter database ${at} connection limit ${limit ?? ''}`),
    ],
    [
      'template',
      always('template', isTemplate ?? '', (at) => `alter database ${at} is_template ${isTemplate ?? ''}`),
    ],
    [
      'comment',
      always(
        'comment',
        comment ?? '',
        (at) => `comment on database ${at} is ${comment === undefined ? 'null' : literal(comment)}`,
      ),
    ],
    ...rights.rows.map(rightOf),
    ...settings.rows.map(settingOf),
  ];
  return new Map(items);
}

const itself = `select pg_get_userbyid(datdba), datconnlimit::text, datistemplate::text, shobj_description(oid, 'pg_database')
  from pg_database where oid = $1::oid`;

const rightsOf = `select case when a.grantee = 0 then 'public' else quote_ident(r.rolname) end, a.privilege_type, a.is_grantable::text
  from pg_database d cross join lateral aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
  left join pg_roles r on r.oid = a.grantee where d.oid = $1::oid and (a.grantee = 0 or r.oid is not null) order by 1, 2`;

const settingsOf = `select r.rolname, split_part(item, '=', 1), substr(item, strpos(item, '=') + 1)
  from pg_db_role_setting s left join pg_roles r on r.oid = s.setrole cross join unnest(s.setconfig) item
  where s.setdatabase = $1::oid and (s.setrole = 0 or r.oid is not null) order by 1, 2`;

function always(what: string, value: string, set: (database: string) => string): Item {
  return {
    what,
    value: value === '' ? 'none' : value,
    set: (database) => set(quote(database)),
    unset: undefined,
  };
}

function rightOf(row: readonly (string | null)[]): [string, Item] {
  const [grantee, right, isGrantable] = row.map((text) => text ?? '');
  const option = isGrantable === 'true' ? ' with grant option' : '';
  const revoke = (database: string) =>
    `revoke ${right} on database ${quote(database)} from ${grantee} cascade`;
  return [
    `right ${right} ${grantee}`,
    {
      what: `right of ${grantee} to ${right?.toLowerCase()}`,
      value: option === '' ? 'given' : 'given, to hand on as well',
      set: (database) =>
        `${option === '' ? `${revoke(database)}; ` : ''}grant ${right} on database ${quote(database)} to ${grantee}${option}`,
      unset: revoke,
    },
  ];
}

function settingOf([role, name, value]: readonly (string | null)[]): [string, Item] {
  const setting = quote(name ?? '');
  const at = (database: string) =>
    role == null
      ? `alter database ${quote(database)}`
      : `alter role ${quote(role)} in database ${quote(database)}`;
  return [
    `setting ${role ?? ''} ${name}`,
    {
      what: `setting ${name}${role == null ? '' : ` of ${role}`}`,
      value: value ?? '',
      set: (database) => `${at(database)} set ${setting} to ${settingValue(name ?? '', value ?? '')}`,
      unset: (database) => `${at(database)} reset ${setting}`,
    },
  ];
}

/** Settings that are lists of names, and stand in the catalogue as SQL has them. */
const lists = new Set([
  ...['search_path', 'temp_tablespaces', 'local_preload_libraries', 'session_preload_libraries'],
  ...['shared_preload_libraries', 'unix_socket_directories'],
]);

/** As a statement takes it: an empty list cannot be told by its quoted form. */
function settingValue(name: string, value: string): string {
  if (!lists.has(name.toLowerCase())) return literal(value);
  const names = [...value.matchAll(/\s*(?:"((?:[^"]|"")*)"|([^,"\s][^,]*?))\s*(?:,|$)/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
  );
  return names.length === 0 ? `''` : names.map((each) => literal(each)).join(', ');
}
