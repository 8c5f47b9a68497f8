// The ways of it, each with one guard taken out: what the fuzz has to find, or it proves nothing.
import Database from 'better-sqlite3';
import type { Capture } from '../../lib/delta/capture.ts';
import type { Replica } from '../../lib/replica/replica.ts';
import type { OpenCapture } from './delta-machine.ts';
import type { OpenReplica } from './delta-receiver.ts';

export interface Openers {
  readonly openCapture: OpenCapture;
  readonly openReplica: OpenReplica;
}

/** Some methods of an object in place of its own. */
function instead<T extends object>(object: T, methods: (own: T) => Partial<T>): T {
  const given = methods(object);
  return new Proxy(object, {
    get(target, key) {
      const own: unknown = Reflect.get(Object.hasOwn(given, key) ? given : target, key);
      return typeof own === 'function' ? (own.bind(target) as unknown) : own;
    },
  });
}

const withCapture = (
  { openCapture, openReplica }: Openers,
  methods: (own: Capture, database: string) => Partial<Capture>,
): Openers => ({
  openReplica,
  openCapture: async (database, state) =>
    instead(await openCapture(database, state), (own) => methods(own, database)),
});

const withReplica = (
  { openCapture, openReplica }: Openers,
  methods: (own: Replica) => Partial<Replica>,
): Openers => ({
  openCapture,
  openReplica: async (path, policy) => instead(await openReplica(path, policy), methods),
});

/** By the guard that is missing. */
export const brokenVariants: Readonly<Record<string, (whole: Openers) => Openers>> = {
  'the nonce, which no rollback may leave as it was': (whole) => {
    // Kept outside the database, as it would be in the state directory: a database that was put back looks like the newest.
    const kept = new Map<string, { epoch: string | undefined; nonce: string | undefined; batchNo: number }>();
    return withCapture(whole, (own, database) => ({
      state: () => ({ ...own.state(), ...kept.get(database) }),
      beginEpoch: (epoch) => {
        kept.set(database, { epoch, nonce: undefined, batchNo: 0 });
        own.beginEpoch(epoch);
      },
      acknowledge: (collected, given) => {
        kept.set(database, { epoch: own.state().epoch, ...kept.get(database), ...given });
        own.acknowledge(collected, given);
      },
    }));
  },
  'the triggers that name the rows a conflict clause pushes out': (whole) =>
    withoutTriggers(whole, /_b[iu]$/),
  'the trigger that names the old key of a row whose key changes': (whole) => withoutTriggers(whole, /_ak$/),
  'the keys that were applied and not confirmed': (whole) =>
    withReplica(whole, () => ({ unconfirmed: () => Promise.resolve([]) })),
  'the keys of a reread, which the sender has to note': (whole) =>
    withCapture(whole, () => ({ reread: () => undefined })),
  'that nothing counts as arrived before the receiver has said so': (whole) =>
    withCapture(whole, (own) => ({
      collect: (request, sink) => {
        const collected = own.collect(request, sink);
        const { nonce, batchNo } = own.state();
        if (collected !== undefined && nonce !== undefined)
          own.acknowledge(
            {
              toSeq: collected.toSeq,
              range: collected.range,
              table: collected.range && collected.tables[collected.range.table]?.name,
            },
            { nonce, batchNo },
          );
        return collected;
      },
    })),
  'the frozen days, in what is applied': (whole) =>
    withReplica(whole, (own) => ({
      apply: async (batch) => {
        const why = { by: 'test', reason: 'nobody looks', force: true, exceptions: [] };
        const frozen = await own.frozenDays();
        for (const { day } of frozen) await own.reopen(day, why);
        const result = await own.apply(batch);
        for (const { day } of frozen) await own.freeze(day, why);
        return result;
      },
    })),
  'the rows of the receiver that a walk does not name': (whole) =>
    withReplica(whole, (own) => ({
      apply: ({ header, ...batch }) => own.apply({ ...batch, header: { ...header, range: undefined } }),
    })),
  'that the schema is looked at once more when it has moved': ({ openCapture, openReplica }) => ({
    openReplica,
    openCapture: async (database, state) => {
      believeSchema(database);
      return openCapture(database, state);
    },
  }),
};

/** They would be put back, and their tables walked, if the schema was seen to have moved. */
function withoutTriggers({ openCapture, openReplica }: Openers, which: RegExp): Openers {
  const dropped = new Set<string>();
  return {
    openReplica,
    openCapture: async (database, state) => {
      const capture = await openCapture(database, state);
      if (dropped.has(database)) return capture;
      dropped.add(database);
      capture.check();
      capture.close();
      dropTriggers(database, which);
      believeSchema(database);
      return openCapture(database, state);
    },
  };
}

/** Lets it look as it was when it was looked at. */
function believeSchema(path: string): void {
  const database = new Database(path, { timeout: 20_000 });
  const isThere =
    database.prepare("SELECT 1 FROM sqlite_schema WHERE name = '_holdfast_delta'").get() !== undefined;
  const version = database.pragma('schema_version', { simple: true });
  if (isThere) database.prepare('UPDATE _holdfast_delta SET schema_version = ?').run(version);
  database.close();
}

function dropTriggers(path: string, which: RegExp): void {
  const database = new Database(path, { timeout: 20_000 });
  const names = database
    .prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
    .pluck()
    .all();
  for (const name of names.filter((each) => /^_holdfast/.test(each) && which.test(each)))
    database.exec(`DROP TRIGGER "${name}"`);
  database.close();
}
