// What a sender remembers beside the database, of one app: who it is, which link it made last, and how its last cycles went.
import type { OpsError } from '../base/errors.ts';
import { Fields, type Flaw } from '../record/fields.ts';
import { formatJsonRecord, openJsonRecord, type RecordFormat } from '../record/json-record.ts';
import { parseKept } from './messages.ts';
import type { KeptColumns } from './mirror-shape.ts';
import type { TroubleKind } from './peer.ts';
import { pieceBytesFirst } from './pace.ts';

export interface SenderRecord {
  /** 32 random hex digits each, made with the record: who sends, and by what it knows its own links. */
  readonly instance: string;
  readonly secret: string;
  /** How many links were ever made. */
  readonly links: number;
  /** The link of the last acknowledged batch. */
  readonly lineage: string | undefined;
  /** The link of one after it, of which nobody knows whether it arrived. */
  readonly pending: string | undefined;
  /** Pieces of walks that were sent since the database held this nonce: it may be put back to before the walk began. */
  readonly walked: SentPieces | undefined;
  readonly pieceBytes: number;
  /** Hash of the shapes that the receiver was last told; it is told again where they differ. */
  readonly offered: string | undefined;
  readonly trouble: SenderTrouble | undefined;
  /** When everything had arrived, last. */
  readonly caughtUpAt: string | undefined;
  /** When a cycle ended well, last. */
  readonly lastAt: string | undefined;
  readonly cycles: number;
  readonly failedCycles: number;
  /** Rows and tombstones that arrived, ever. */
  readonly changes: number;
  /** Noted keys that waited at the end of the last cycle. */
  readonly waiting: number;
  /** What was held of them at the receiver, when that was last looked at; by reason. */
  readonly held: Readonly<Record<string, number>>;
  readonly refusedTables: readonly string[];
  /** Columns that the receiver has of tables of ours, and we have not. */
  readonly keptColumns: readonly KeptColumns[];
}

export interface SentPieces {
  readonly nonce: string;
  /** Each with the text of the key behind which it begins; '' from the first. */
  readonly pieces: readonly { readonly table: string; readonly after: string }[];
}

/** Why nothing arrives, and since when. */
export interface SenderTrouble {
  readonly kind: TroubleKind | 'fork';
  readonly message: string;
  readonly since: string;
  readonly failures: number;
  /** Before it nothing is tried. */
  readonly notBefore: string;
  /** The addresses of this machine then: with others, the link is another. */
  readonly network: string;
}

const format: RecordFormat = { name: 'holdfast-sender', version: 1, called: 'record of a sender' };

const kinds = [
  'unreachable',
  'timeout',
  'denied',
  'certificate',
  'too-large',
  'busy',
  'failed',
  'fork',
] as const;

/** Trouble that goes on until a person has done something. */
export type PersonsTrouble = Extract<SenderTrouble['kind'], 'denied' | 'certificate' | 'fork' | 'too-large'>;

/** What a person does about it: who has trouble of another kind only waits. */
export const personsHelp: Readonly<Record<PersonsTrouble, string>> = {
  denied:
    'a new key: delta-receive key add <source> on the receiver, and its key into key_file here; nothing is lost meanwhile',
  certificate:
    'compare with what delta-receive cert prints on the receiver, then set pin; docs/operations.md has how',
  fork: 'stop the other machine, then run delta-push takeover here; docs/operations.md has how to tell',
  'too-large':
    'raise request_mb in [receive] on the receiver, or client_max_body_size of the proxy before it',
};

export function needsPerson(kind: SenderTrouble['kind']): kind is PersonsTrouble {
  return kind in personsHelp;
}

export function newSender(instance: string, secret: string): SenderRecord {
  return {
    instance,
    secret,
    links: 0,
    lineage: undefined,
    pending: undefined,
    walked: undefined,
    pieceBytes: pieceBytesFirst,
    offered: undefined,
    trouble: undefined,
    caughtUpAt: undefined,
    lastAt: undefined,
    cycles: 0,
    failedCycles: 0,
    changes: 0,
    waiting: 0,
    held: {},
    refusedTables: [],
    keptColumns: [],
  };
}

export function formatSender(record: SenderRecord): string {
  const { trouble, ...rest } = record;
  return formatJsonRecord(format, {
    instance: rest.instance,
    secret: rest.secret,
    links: rest.links,
    lineage: rest.lineage ?? null,
    pending: rest.pending ?? null,
    walked: rest.walked ?? null,
    piece_bytes: rest.pieceBytes,
    offered: rest.offered ?? null,
    trouble:
      trouble === undefined ? null : { ...trouble, notBefore: undefined, not_before: trouble.notBefore },
    caught_up_at: rest.caughtUpAt ?? null,
    last_at: rest.lastAt ?? null,
    cycles: rest.cycles,
    failed_cycles: rest.failedCycles,
    changes: rest.changes,
    waiting: rest.waiting,
    held: rest.held,
    refused_tables: rest.refusedTables,
    ...(rest.keptColumns.length === 0 ? {} : { kept_columns: rest.keptColumns }),
  });
}

/** Throws what `flaw` makes for what is none of ours. */
export function parseSender(text: string, flaw: (cause: string, hint?: string) => OpsError): SenderRecord {
  const { fields } = openJsonRecord(text, format, flaw);
  const optionalText = (key: string) => (fields.optional(key) === undefined ? undefined : fields.text(key));
  return {
    instance: fields.identifier('instance'),
    secret: fields.identifier('secret'),
    links: fields.count('links'),
    lineage: optionalText('lineage'),
    pending: optionalText('pending'),
    walked: parseWalked(fields.optional('walked'), flaw),
    pieceBytes: fields.integer('piece_bytes', 1024, 64 * 1024 * 1024),
    offered: optionalText('offered'),
    trouble: parseTrouble(fields.optional('trouble'), flaw),
    caughtUpAt: optionalText('caught_up_at'),
    lastAt: optionalText('last_at'),
    cycles: fields.count('cycles'),
    failedCycles: fields.count('failed_cycles'),
    changes: fields.count('changes'),
    waiting: fields.count('waiting'),
    held: parseCounts(fields.optional('held') ?? {}, flaw),
    refusedTables: fields.list('refused_tables').map(String),
    keptColumns: parseKept(fields.optional('kept_columns'), flaw),
  };
}

function parseWalked(value: unknown, flaw: Flaw): SentPieces | undefined {
  if (value === undefined) return undefined;
  const fields = new Fields(value, 'walked.', flaw);
  const pieces = fields.list('pieces').map((piece) => {
    const own = new Fields(piece, 'walked.pieces.', flaw);
    return { table: own.text('table'), after: own.string('after') };
  });
  return { nonce: fields.text('nonce'), pieces };
}

function parseTrouble(value: unknown, flaw: Flaw): SenderTrouble | undefined {
  if (value === undefined) return undefined;
  const fields = new Fields(value, 'trouble.', flaw);
  return {
    kind: fields.choice('kind', kinds),
    message: fields.string('message'),
    since: fields.instant('since').toISOString(),
    failures: fields.count('failures'),
    notBefore: fields.instant('not_before').toISOString(),
    network: fields.string('network'),
  };
}

function parseCounts(value: unknown, flaw: Flaw): Record<string, number> {
  const fields = new Fields(value, 'held.', flaw);
  return Object.fromEntries(fields.entries().map(([key]) => [key, fields.count(key)]));
}
