// What an archive says of the database that it is of, in the script that would make that one: of which server it is, what a database
// like it is made with, and its settings and rights. It is believed in what it has to say, and run nowhere as it is.
import type { PostgresLocale } from '../../source/postgres-facts.ts';
import { literal, quote } from '../names.ts';

export interface ArchiveHead {
  /** Of the server that it is of, such as `15.18`; undefined where it does not say. */
  readonly serverVersion: string | undefined;
  /** Undefined where it is of some of the schemas or tables alone. */
  readonly locale: PostgresLocale | undefined;
}

const name = String.raw`"(?:[^"]|"")+"|[^\s"]+`;
const creation = new RegExp(String.raw`^CREATE DATABASE (${name}) WITH TEMPLATE = template0([^;]*);$`, 'm');

/** `script` is what `pg_restore --create` writes of it. */
export function headOf(script: string): ArchiveHead {
  const serverVersion = /^-- Dumped from database version (\S{1,40})/m.exec(script)?.[1];
  const clauses = creation.exec(script)?.[2];
  return { serverVersion, locale: clauses === undefined ? undefined : localeIn(clauses) };
}

function localeIn(clauses: string): PostgresLocale | undefined {
  const found = new Map<string, string>();
  for (const [, key = '', text, word] of clauses.matchAll(/ ([A-Z_]+) = (?:'((?:[^']|'')*)'|(\w+))/g))
    found.set(key, text?.replaceAll("''", "'") ?? word ?? '');
  const encoding = found.get('ENCODING');
  const [collate, ctype] = ['LC_COLLATE', 'LC_CTYPE'].map((key) => found.get(key) ?? found.get('LOCALE'));
  if (encoding === undefined || collate === undefined || ctype === undefined) return undefined;
  const provider = found.get('LOCALE_PROVIDER');
  const locale = found.get('ICU_LOCALE') ?? found.get('BUILTIN_LOCALE');
  const rules = found.get('ICU_RULES');
  return {
    encoding,
    provider: provider === 'icu' || provider === 'builtin' ? provider : 'libc',
    collate,
    ctype,
    ...(locale === undefined ? {} : { name: locale }),
    ...(rules === undefined ? {} : { rules }),
  };
}

/** The first version that has more than one provider, and a word for that of the system. */
const providersSince = 15;

/** What follows `create database …` on a server of that major version. */
export function creationOf(locale: PostgresLocale | undefined, major: number): string {
  if (locale === undefined) return 'template template0';
  const { encoding, provider, collate, ctype, name: own, rules } = locale;
  const words = [
    `template template0 encoding ${literal(encoding)} lc_collate ${literal(collate)} lc_ctype ${literal(ctype)}`,
  ];
  if (provider !== 'libc' || major >= providersSince) words.push(`locale_provider ${provider}`);
  if (own !== undefined) words.push(`${provider === 'icu' ? 'icu' : 'builtin'}_locale ${literal(own)}`);
  if (rules !== undefined) words.push(`icu_rules ${literal(rules)}`);
  return words.join(' ');
}

/** Those that are about the database, with another name in the place of its own. */
export function statementsOf(script: string, other: string): string[] {
  const own = creation.exec(script)?.[1];
  if (own === undefined) return [];
  const pattern = own.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&');
  const places = [
    new RegExp(`^(ALTER DATABASE )${pattern}(?= )`),
    new RegExp(`^(ALTER ROLE .+? IN DATABASE )${pattern}(?= SET )`),
    new RegExp(`^(COMMENT ON DATABASE )${pattern}(?= IS )`),
    new RegExp(`^((?:GRANT|REVOKE) .+? ON DATABASE )${pattern}(?= (?:TO|FROM) )`),
  ];
  return script
    .split(/(?<=;)\n(?=(?:ALTER|COMMENT|GRANT|REVOKE|CREATE|SET|SELECT|--|\\|\n))/)
    .map((statement) => statement.replace(/^(?:\s*(?:--[^\n]*)?\n|\\[^\n]*\n)+/, '').trimEnd())
    .flatMap((statement) => {
      const place = places.find((each) => each.test(statement));
      return place === undefined
        ? []
        : [statement.replace(place, (_, before: string) => `${before}${quote(other)}`)];
    });
}
