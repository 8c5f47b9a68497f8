// One record of the spool: a run that began or ended, or a person's acknowledgement, as JSON. docs/formats.md.
import { OpsError } from '../base/errors.ts';
import { clip } from '../base/printable.ts';
import { isCheckName } from '../incident/check.ts';
import type { Acknowledgement, Observation, Protection } from '../incident/observation.ts';
import { Fields, type Flaw } from '../record/fields.ts';
import { formatJsonRecord, openJsonRecord, type RecordFormat } from '../record/json-record.ts';

/** What is spooled. `ping` says whether a dead-man's switch is to hear of it. */
export type SpoolRecord =
  | ({ kind: 'run' } & Observation)
  | { kind: 'start'; check: string; runId: string; at: number }
  | ({ kind: 'acknowledgement' } & Acknowledgement);

const format: RecordFormat = { name: 'holdfast-spool', version: 1 };
const results = ['done', 'bad-news', 'failed', 'killed', 'busy', 'interrupted'] as const;

/** Longer than this no cause is: the rest helps nobody. */
const textLengthMax = 12_000;

/** The bytes of a record. */
export function formatRecord(record: SpoolRecord): string {
  const { kind, check, at } = record;
  return formatJsonRecord(format, { kind, check, at: instant(at), ...body(record) });
}

function body(record: SpoolRecord): Record<string, unknown> {
  if (record.kind === 'acknowledgement') return { for_ms: record.forMs };
  if (record.kind === 'start') return { run_id: record.runId };
  const { result, severity, runId, proves, facts } = record;
  return {
    result,
    severity,
    run_id: runId,
    proves,
    message: cut(facts.message),
    hint: facts.hint === undefined ? undefined : cut(facts.hint),
    next: facts.next,
    apps: facts.apps,
    exit_code: facts.exitCode,
    protection: facts.protection.map(({ app, backup, takenAt }) => ({
      app,
      backup,
      taken_at: takenAt === undefined ? undefined : instant(takenAt),
    })),
  };
}

/** Reads a record. Throws OpsError `damaged` for what is none, and for one of a newer Holdfast. */
export function parseRecord(text: string, name: string): SpoolRecord {
  const flaw: Flaw = (cause) => new OpsError('damaged', `cannot use the spool record ${name}: ${cause}`);
  const { fields } = openJsonRecord(text, format, flaw);
  const check = fields.text('check');
  if (!isCheckName(check)) throw flaw('check is not the name of a check');
  const at = fields.instant('at').getTime();
  const kind = fields.choice('kind', ['run', 'start', 'acknowledgement']);
  if (kind === 'start') return { kind, check, at, runId: fields.text('run_id') };
  if (kind === 'acknowledgement') {
    return { kind, check, at, forMs: fields.has('for_ms') ? fields.count('for_ms') : undefined };
  }
  const runId = fields.has('run_id') ? fields.text('run_id') : undefined;
  return {
    kind,
    check,
    at,
    runId,
    result: fields.choice('result', results),
    severity: fields.choice('severity', ['warning', 'critical']),
    proves: texts(fields, 'proves', flaw),
    facts: {
      message: cut(fields.string('message')),
      hint: fields.has('hint') ? cut(fields.string('hint')) : undefined,
      next: fields.has('next') ? cut(fields.string('next')) : undefined,
      apps: texts(fields, 'apps', flaw),
      runId,
      exitCode: fields.has('exit_code') ? fields.count('exit_code') : undefined,
      protection: fields
        .list('protection')
        .map((item) => parseProtection(new Fields(item, 'protection.', flaw))),
    },
  };
}

export function parseProtection(fields: Fields): Protection {
  return {
    app: fields.text('app'),
    backup: fields.has('backup') ? fields.text('backup') : undefined,
    takenAt: fields.has('taken_at') ? fields.instant('taken_at').getTime() : undefined,
  };
}

export function texts(fields: Fields, key: string, flaw: Flaw): string[] {
  return fields.list(key).map((item) => {
    if (typeof item !== 'string') throw flaw(`${key} is not a list of texts`);
    return item;
  });
}

function instant(at: number): string {
  return new Date(at).toISOString();
}

function cut(text: string): string {
  return clip(text.toWellFormed(), textLengthMax);
}
