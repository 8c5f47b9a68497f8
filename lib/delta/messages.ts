// What sender and receiver say of where they stand, as JSON in both directions. docs/formats.md pins the words.
import { Fields, type Flaw } from '../record/fields.ts';
import type { SourceState } from './agreement.ts';
import { parseShape, wireShape } from './batch-header.ts';
import { type BatchResult, type HeldReason, heldReasons } from './batch.ts';
import { isLink } from './lineage.ts';
import type { PeerState } from './peer.ts';
import type { DayRule } from './policy.ts';
import type { RefusalReason } from './refusal.ts';
import type { KeptColumns } from './mirror-shape.ts';
import type { TableShape } from './shape.ts';

/** A message, and how it is written and read. `parse` throws what `flaw` makes for what is none. */
export interface Message<T> {
  format(value: T): Record<string, unknown>;
  parse(value: unknown, flaw: Flaw): T;
}

/** More shapes than these are not offered at once, nor more tables refused. */
const shapesMax = 2000;

const refusalReasons = ['state', 'differs', 'malformed', 'schema', 'fork'] as const;

export const sourceStateMessage: Message<SourceState> = {
  format: (state) => ({
    source: state.source,
    instance: state.instance ?? null,
    lineage: state.lineage ?? null,
    epoch: state.epoch ?? null,
    batch_no: state.batchNo,
    nonce: state.nonce ?? null,
    confirmed_nonce: state.confirmedNonce ?? null,
    unconfirmed_keys: state.unconfirmedKeys,
    high_water: state.highWater,
  }),
  parse(value, flaw) {
    const fields = new Fields(value, 'state.', flaw);
    return {
      source: fields.text('source'),
      instance: fields.optionalIdentifier('instance'),
      lineage: ifLink(fields, 'lineage', flaw),
      epoch: fields.optionalIdentifier('epoch'),
      batchNo: fields.count('batch_no'),
      nonce: fields.optionalIdentifier('nonce'),
      confirmedNonce: fields.optionalIdentifier('confirmed_nonce'),
      unconfirmedKeys: fields.count('unconfirmed_keys'),
      highWater: fields.count('high_water'),
    };
  },
};

export const peerStateMessage: Message<PeerState> = {
  format: ({ state, staged, dayRules, deletions, replica, version }) => ({
    state: sourceStateMessage.format(state),
    staged:
      staged === undefined
        ? null
        : { epoch: staged.epoch, batch_no: staged.batchNo, sha256: staged.sha256, bytes: staged.bytes },
    day_rules: dayRules,
    ...(deletions === undefined ? {} : { deletions }),
    replica,
    version,
  }),
  parse(value, flaw) {
    const fields = new Fields(value, '', flaw);
    return {
      state: sourceStateMessage.parse(fields.optional('state'), flaw),
      staged: fields.optional('staged') === undefined ? undefined : parseStaged(fields.object('staged')),
      dayRules: Object.fromEntries(
        fields
          .object('day_rules')
          .entries()
          .map(([table, rule]) => [table, parseDayRule(rule, flaw)]),
      ),
      deletions: fields.has('deletions') ? parseDeletions(fields.object('deletions')) : undefined,
      replica: fields.text('replica'),
      version: fields.text('version'),
    };
  },
};

function parseDeletions(fields: Fields): PeerState['deletions'] {
  const tables = fields.entries().map(([table]) => table);
  return Object.fromEntries(
    tables.map((table) => [table, fields.choice(table, ['apply', 'keep', 'mark'])] as const),
  );
}

function parseStaged(fields: Fields): PeerState['staged'] {
  return {
    epoch: fields.identifier('epoch'),
    batchNo: fields.integer('batch_no', 1, Number.MAX_SAFE_INTEGER),
    sha256: fields.digest('sha256'),
    bytes: fields.count('bytes'),
  };
}

function parseDayRule(value: unknown, flaw: Flaw): DayRule {
  const fields = new Fields(value, 'day_rules.', flaw);
  const column = fields.text('column');
  if (fields.optional('parent') === undefined) return { column };
  const parent = fields.object('parent');
  return {
    column,
    parent: { table: parent.text('table'), key: parent.text('key'), day: parent.text('day') },
  };
}

export const batchResultMessage: Message<BatchResult> = {
  format: ({ batchNo, nonce, applied, held, refusedTables, anomalies }) => ({
    batch_no: batchNo,
    nonce,
    applied,
    held,
    refused_tables: refusedTables,
    anomalies,
  }),
  parse(value, flaw) {
    const fields = new Fields(value, 'result.', flaw);
    const applied = fields.object('applied');
    return {
      batchNo: fields.integer('batch_no', 1, Number.MAX_SAFE_INTEGER),
      nonce: fields.identifier('nonce'),
      applied: {
        upserts: applied.count('upserts'),
        deletes: applied.count('deletes'),
        unchanged: applied.count('unchanged'),
      },
      held: parseHeldCounts(fields.object('held')),
      refusedTables: textsOf(fields, 'refused_tables', flaw),
      anomalies: fields.count('anomalies'),
    };
  },
};

/** Reasons that nobody knows here are passed over: a newer receiver may have more. */
function parseHeldCounts(fields: Fields): Partial<Record<HeldReason, number>> {
  const known = heldReasons.filter((reason) => fields.has(reason));
  return Object.fromEntries(known.map((reason) => [reason, fields.count(reason)]));
}

/** Why something was not taken, and where the receiver stands. */
export interface RefusalNote {
  readonly reason: RefusalReason;
  readonly message: string;
  readonly state: SourceState | undefined;
}

export const refusalMessage: Message<RefusalNote> = {
  format: ({ reason, message, state }) => ({
    reason,
    message,
    state: state === undefined ? null : sourceStateMessage.format(state),
  }),
  parse(value, flaw) {
    const fields = new Fields(value, '', flaw);
    const state = fields.optional('state');
    return {
      reason: fields.choice('reason', refusalReasons),
      message: fields.text('message').slice(0, 2000),
      state: state === undefined ? undefined : sourceStateMessage.parse(state, flaw),
    };
  },
};

export const offerMessage: Message<readonly TableShape[]> = {
  format: (shapes) => ({ tables: shapes.map(wireShape) }),
  parse(value, flaw) {
    const tables = new Fields(value, '', flaw).list('tables');
    if (tables.length > shapesMax) throw flaw('it has too many tables');
    return tables.map((table) => parseShape(table, flaw));
  },
};

export const offeredMessage: Message<{ refused: readonly string[]; kept: readonly KeptColumns[] }> = {
  format: ({ refused, kept }) => ({ refused, kept }),
  parse(value, flaw) {
    const fields = new Fields(value, '', flaw);
    return { refused: textsOf(fields, 'refused', flaw), kept: parseKept(fields.optional('kept'), flaw) };
  },
};

/** None where nothing is said of it. */
export function parseKept(value: unknown, flaw: Flaw): KeptColumns[] {
  if (value === undefined) return [];
  const tables = new Fields({ kept: value }, '', flaw).list('kept');
  if (tables.length > shapesMax) throw flaw('it has too many tables');
  return tables.map((table) => {
    const fields = new Fields(table, 'kept.', flaw);
    return { table: fields.text('table'), columns: textsOf(fields, 'columns', flaw) };
  });
}

/** Who sends under a name from now on. */
export interface TakeoverNote {
  readonly instance: string;
  readonly lineage: string | undefined;
}

export const takeoverMessage: Message<TakeoverNote> = {
  format: ({ instance, lineage }) => ({ instance, lineage: lineage ?? null }),
  parse(value, flaw) {
    const fields = new Fields(value, '', flaw);
    return { instance: fields.identifier('instance'), lineage: ifLink(fields, 'lineage', flaw) };
  },
};

function textsOf(fields: Fields, key: string, flaw: Flaw): string[] {
  const texts = fields.list(key);
  if (texts.length > shapesMax || !texts.every((text) => typeof text === 'string'))
    throw flaw(`${key} is no list of names`);
  return texts;
}

function ifLink(fields: Fields, key: string, flaw: Flaw): string | undefined {
  if (fields.optional(key) === undefined) return undefined;
  const text = fields.text(key);
  if (!isLink(text)) throw flaw(`${key} is none`);
  return text;
}
