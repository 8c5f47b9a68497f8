// A laptop with its app's database, and a server with a replica of it: what both hold is compared, and corrected, in this process.
import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { silentProgress } from '../../lib/base/log.ts';
import type { BatchHeader, BatchResult } from '../../lib/delta/batch.ts';
import { type Capture, type Collected, collectWhole } from '../../lib/delta/capture.ts';
import { makeLink } from '../../lib/delta/lineage.ts';
import type { ReplicaPolicy, TablePolicy } from '../../lib/delta/policy.ts';
import { openSqliteReplica } from '../../lib/replica/sqlite/open.ts';
import type { Replica } from '../../lib/replica/replica.ts';
import { installCapture } from '../../lib/sqlite/capture/install.ts';
import { openCapture, openComparing } from '../../lib/sqlite/capture/open.ts';
import { openLiveRows } from '../../lib/sqlite/delta-rows/live-rows.ts';
import { requireSource } from '../../lib/sqlite/look.ts';
import { type Database, openOwn } from '../../lib/sqlite/open.ts';
import { type Compared, compareApp } from '../../jobs/delta-push/steps/compare-app.ts';
import { fixedClock } from './fixed-clock.ts';
import { localPeer, type LocalPeer } from './local-peer.ts';
import { scratch } from './scratch.ts';

const plain: TablePolicy = {
  day: undefined,
  updatedAt: undefined,
  deletions: 'apply',
  deletionsMax: { rows: 1000, percent: 100 },
};

/** As TagTracker has it: visits belong to days. */
export const tagTracker: ReplicaPolicy = {
  sources: ['laptop-1'],
  schema: 'follow',
  tables: {
    VISIT: { ...plain, day: { column: 'day_id', parent: { table: 'DAY', key: 'id', day: 'date' } } },
    DAY: { ...plain, day: { column: 'date' } },
  },
  otherTables: plain,
  audit: false,
  tombstonesKeptMs: 90 * 86_400_000,
};

export const tagTrackerSchema = `
  CREATE TABLE DAY(id INTEGER PRIMARY KEY, date TEXT UNIQUE, note);
  CREATE TABLE VISIT(id INTEGER PRIMARY KEY, day_id INTEGER REFERENCES DAY(id), bike_id TEXT, time_in, time_out,
    UNIQUE(day_id, bike_id));
  INSERT INTO DAY VALUES(1, '2026-11-26', NULL), (2, '2026-11-27', NULL);
  INSERT INTO VISIT VALUES(1, 1, 'wa1', '09:00', '17:00'), (2, 1, 'wa2', '09:10', ''), (3, 2, 'wa1', '08:55', '12:00');`;

const why = { by: 'kim', reason: 'the paper says so' };
const hex = (bytes = 16) => randomBytes(bytes).toString('hex');

export class Laptop {
  readonly path: string;
  /** As the app has it open. */
  readonly app: Database;
  readonly name: string;
  readonly peer: LocalPeer;
  readonly #home: string;
  readonly #mode: 'triggers' | 'diff';
  readonly #replica: Replica;
  readonly #sender = { instance: hex(), secret: hex(), links: 0 };
  #lineage: string | undefined;
  capture!: Capture & Disposable;

  constructor(name: string, server: Server, mode: 'triggers' | 'diff') {
    this.name = name;
    this.#mode = mode;
    this.#home = scratch();
    this.path = join(this.#home, 'app.db');
    this.app = openOwn(this.path, { create: true });
    this.#replica = server.replica;
    this.peer = localPeer(() => Promise.resolve(server.replica), name, server.policy);
    onTestFinished(() => {
      this.capture.close();
      this.app.close();
    });
  }

  /** As a new process does. */
  async open(): Promise<void> {
    const { file } = await requireSource(this.path);
    const collection = { tables: undefined, without: [] };
    const shadow = join(this.#home, 'shadow.db');
    const options = { file, collection, shadow, logRowsMax: 1_000_000, busyMs: 50 };
    if (this.#mode === 'triggers') await installCapture(this.path, collection);
    this.capture =
      this.#mode === 'triggers' ? openCapture(this.path, options) : openComparing(this.path, options);
  }

  async push(): Promise<BatchResult[]> {
    const { capture } = this;
    const results: BatchResult[] = [];
    capture.check();
    if (capture.state().epoch === undefined) capture.beginEpoch(hex());
    const shapes = capture.tables().map(({ shape }) => shape);
    capture.refuse((await this.#replica.offer(this.name, shapes)).refused);
    for (;;) {
      const collected = collectWhole(capture, { rowsMax: 500, bytesMax: 1_000_000, snapshotRowsMax: 500 });
      if (collected === undefined) return results;
      const { state } = await this.peer.state();
      const header = this.#header(collected, state.epoch);
      const changes = (async function* () {
        yield await Promise.resolve(collected.changes);
      })();
      const sha256 = createHash('sha256').update(hex()).digest('hex');
      const result = await this.#replica.apply({ header, sha256, changes });
      const table = header.range && header.tables[header.range.table]?.name;
      const { toSeq, range, batchNo } = header;
      capture.acknowledge({ toSeq, range, table }, { nonce: result.nonce, batchNo });
      results.push(result);
    }
  }

  #header(collected: Collected, theirs: string | undefined): BatchHeader {
    const { epoch = '', nonce, batchNo } = this.capture.state();
    const heldLineage = this.#lineage;
    this.#sender.links += 1;
    this.#lineage = makeLink(this.#sender.secret, this.#sender.links, hex(8));
    return {
      source: this.name,
      instance: this.#sender.instance,
      lineage: this.#lineage,
      heldLineage,
      epoch,
      replaces: epoch === theirs ? undefined : theirs,
      batchNo: batchNo + 1,
      heldNonce: nonce,
      toSeq: collected.toSeq,
      takenAt: '2026-11-28T05:00:00.000Z',
      tables: collected.tables,
      range: collected.range,
      resyncing: this.capture.tables().some(({ state }) => state === 'walk'),
    };
  }

  /** All of it, unless told otherwise. */
  async compare(how: Partial<Parameters<typeof compareApp>[1]> = {}): Promise<Compared> {
    using rows = await openLiveRows(this.path);
    const { capture, peer, name: source } = this;
    const signal = new AbortController().signal;
    return await compareApp(
      { source, capture, peer, rows, signal, progress: silentProgress },
      { extent: { is: 'deep' }, table: undefined, ...how },
    );
  }

  /** A line for each that is not equal. */
  async verdicts(how?: Parameters<Laptop['compare']>[0]): Promise<string[]> {
    const { days } = await this.compare(how);
    return days.map(({ table, day, verdict, differing, keys, why: because }) => {
      const named = keys.map((key) => key.map(String).join('/')).join(' ');
      return [table, day ?? '-', verdict, differing ?? '?', named, because ?? ''].join(' ').trim();
    });
  }

  /** What `corrections --apply` does once it has asked; without `isApplied` what it shows. */
  async correct(isApplied: boolean, leavesRefused = false) {
    const corrections = await this.peer.corrections(this.capture.state().corrections, 1000);
    const held = (await this.peer.held({ limit: 1000 })).map(({ table, key }) => ({ table, keys: [key] }));
    return this.capture.correct(corrections, {
      held,
      through: corrections.at(-1)?.id ?? 0,
      isApplied,
      leavesRefused,
    });
  }
}

export interface Server {
  readonly replica: Replica;
  readonly policy: ReplicaPolicy;
  /** The replica's database, for what nobody should do to it. */
  readonly tampered: Database;
  /** Staff freeze a day, and correct rows of it. */
  freeze(day: string): Promise<unknown>;
  correct(sql: string): Promise<unknown>;
}

export async function openServer(policy: ReplicaPolicy = tagTracker): Promise<Server> {
  const path = join(scratch(), 'replica.db');
  const replica = await openSqliteReplica({ path, policy, clock: fixedClock('2026-11-28T05:00:00Z') });
  const tampered = openOwn(path);
  onTestFinished(async () => {
    tampered.close();
    await replica.close();
  });
  return {
    replica,
    policy,
    tampered,
    freeze: (day) => replica.freeze(day, { ...why, exceptions: [] }),
    correct: (sql) => replica.correct(sql, why),
  };
}

/** With the schema and rows of `sql` in it, pushed. */
export async function openLaptop(
  server: Server,
  { name = 'laptop-1', mode = 'triggers', sql = tagTrackerSchema, push = true }: LaptopOptions = {},
): Promise<Laptop> {
  const laptop = new Laptop(name, server, mode);
  laptop.app.exec(sql);
  await laptop.open();
  if (push) await laptop.push();
  return laptop;
}

interface LaptopOptions {
  name?: string;
  mode?: 'triggers' | 'diff';
  sql?: string;
  push?: boolean;
}
