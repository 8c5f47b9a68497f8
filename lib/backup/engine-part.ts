// The part of a manifest that is its engine's own: written, read, and refused where no database can have such facts.
import type { Engine, EngineFacts, FactsOf } from '../source/facts.ts';
import type { PostgresLocale, PostgresOwnFacts } from '../source/postgres-facts.ts';
import type { SqliteFacts } from '../source/sqlite-facts.ts';
import { Fields, type Flaw } from '../record/fields.ts';

/** How one engine's facts stand in a manifest, under the engine's name. */
interface EnginePart<Facts extends EngineFacts> {
  /** The part as it is written, keys in the order of docs/formats.md. */
  format(facts: Facts): Record<string, unknown>;
  /** The facts among these fields. Throws what `flaw` makes unless each can be, and they agree with the size. */
  parse(fields: Fields, sizeBytes: number, flaw: Flaw): Facts;
}

const engineParts: { readonly [Name in Engine]: EnginePart<FactsOf<Name>> } = {
  postgres: { format: formatPostgres, parse: parsePostgres },
  sqlite: { format: formatSqlite, parse: parseSqlite },
};

/** The part as it is written, under the name of its engine. */
export function formatEnginePart(facts: EngineFacts): Record<string, unknown> {
  return (engineParts[facts.engine] as EnginePart<EngineFacts>).format(facts);
}

/** The facts among `fields`; see `EnginePart`. */
export function parseEnginePart(engine: Engine, fields: Fields, sizeBytes: number, flaw: Flaw): EngineFacts {
  return engineParts[engine].parse(fields, sizeBytes, flaw);
}

/** Whether this Holdfast knows an engine of that name. */
export function isEngine(name: string): name is Engine {
  return Object.hasOwn(engineParts, name);
}

const pageSizeMin = 512;
const pageSizeMax = 65_536;
const pageCountMax = 0xffff_fffe; // https://sqlite.org/limits.html

function formatSqlite(facts: SqliteFacts): Record<string, unknown> {
  return {
    page_size: facts.pageSize,
    page_count: facts.pageCount,
    free_page_count: facts.freePageCount,
    user_version: facts.userVersion,
    application_id: facts.applicationId,
    journal_mode: facts.journalMode,
    encoding: facts.encoding,
    schema_sha256: facts.schemaSha256,
    foreign_key_violations: facts.foreignKeyViolations,
    sqlite_version: facts.sqliteVersion,
  };
}

/** The page size is a power of two, and the size is whole pages. */
function parseSqlite(fields: Fields, sizeBytes: number, flaw: Flaw): SqliteFacts {
  const pageSize = fields.integer('page_size', pageSizeMin, pageSizeMax);
  const pageCount = fields.integer('page_count', 1, pageCountMax);
  if (!Number.isInteger(Math.log2(pageSize))) throw flaw('page_size is not a power of two');
  if (sizeBytes !== pageSize * pageCount) throw flaw('size_bytes is not page_size times page_count');
  const free = fields.has('free_page_count') ? fields.integer('free_page_count', 0, pageCount) : undefined;
  return {
    engine: 'sqlite',
    pageSize,
    pageCount,
    ...(free === undefined ? {} : { freePageCount: free }),
    // Both are 32 bits of the header; whether the top bit is a sign is for the reader to say.
    userVersion: fields.integer('user_version', -0x8000_0000, 0xffff_ffff),
    applicationId: fields.integer('application_id', -0x8000_0000, 0xffff_ffff),
    journalMode: fields.text('journal_mode'),
    encoding: fields.text('encoding'),
    schemaSha256: fields.digest('schema_sha256'),
    foreignKeyViolations: fields.count('foreign_key_violations'),
    sqliteVersion: fields.text('sqlite_version'),
  };
}

const partsMax = 100;
const roleStatementsMax = 1000;

function formatPostgres({
  serverVersion,
  measuredOn,
  locale,
  parts,
  roles,
}: PostgresOwnFacts): Record<string, unknown> {
  return {
    server_version: serverVersion,
    measured_on: measuredOn,
    locale: locale && {
      encoding: locale.encoding,
      provider: locale.provider,
      collate: locale.collate,
      ctype: locale.ctype,
      name: locale.name,
      rules: locale.rules,
    },
    parts: parts.map(({ name, count, sha256 }) => ({ name, count, sha256 })),
    roles,
  };
}

function parsePostgres(fields: Fields, _sizeBytes: number, flaw: Flaw): PostgresOwnFacts {
  const roles = fields.has('roles') ? fields.list('roles') : undefined;
  const parts = fields.list('parts').map((item, index) => {
    const part = new Fields(item, `parts[${index}].`, flaw);
    return { name: part.text('name'), count: part.count('count'), sha256: part.digest('sha256') };
  });
  if (parts.length > partsMax) throw flaw(`parts has more than ${partsMax} entries`);
  if (new Set(parts.map(({ name }) => name)).size < parts.length) throw flaw('parts has a name twice');
  return {
    engine: 'postgres',
    parts,
    serverVersion: fields.text('server_version'),
    ...(fields.has('measured_on') ? { measuredOn: fields.text('measured_on') } : {}),
    ...(fields.has('locale') ? { locale: parseLocale(fields.object('locale')) } : {}),
    ...(roles === undefined ? {} : { roles: parseRoles(roles, flaw) }),
  };
}

function parseLocale(fields: Fields): PostgresLocale {
  return {
    encoding: fields.text('encoding'),
    provider: fields.choice('provider', ['libc', 'icu', 'builtin']),
    collate: fields.text('collate'),
    ctype: fields.text('ctype'),
    ...(fields.has('name') ? { name: fields.text('name') } : {}),
    ...(fields.has('rules') ? { rules: fields.string('rules') } : {}),
  };
}

function parseRoles(list: readonly unknown[], flaw: Flaw): string[] {
  if (list.length > roleStatementsMax) throw flaw(`roles has more than ${roleStatementsMax} entries`);
  return list.map((statement, index) => {
    if (typeof statement !== 'string' || statement === '') throw flaw(`roles[${index}] is no statement`);
    return statement;
  });
}
