// A receiver that listens on 127.0.0.1 in this process, with a replica that only counts, and what a source sends it.
import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { openReceiver, type OpenReceiver } from '../../jobs/delta-receive/steps/open-receiver.ts';
import { receivePlaces } from '../../jobs/delta-receive/steps/places.ts';
import { receiverRoutes } from '../../jobs/delta-receive/steps/routes.ts';
import type { ReceiveConfig, ReplicaConfig } from '../../lib/config/delta-config.ts';
import { formatHeader } from '../../lib/delta/batch-header.ts';
import type { BatchHeader } from '../../lib/delta/batch.ts';
import { lineCodec } from '../../lib/delta/batch-lines.ts';
import type { Change } from '../../lib/delta/change.ts';
import { makeLink } from '../../lib/delta/lineage.ts';
import { endOfBlocks, makeBlock } from '../../lib/files/block-file.ts';
import { KeyRing, makeKey, readKeys, writeKeys } from '../../lib/http/keys.ts';
import { hashOfKey } from '../../lib/http/proof.ts';
import { type RunningServer, startServer } from '../../lib/http/server.ts';
import { type History, nullHistory } from '../../lib/history/history.ts';
import type { Replica } from '../../lib/replica/replica.ts';
import { fixedClock } from './fixed-clock.ts';
import { MemoryReplica } from './memory-replica.ts';
import { recordingLog } from './recording-log.ts';
import { scratch } from './scratch.ts';

export const epoch = 'e'.repeat(32);
const instance = '1'.repeat(32);
/** The table of `batchFile`. */
export const table = {
  name: 'VISIT',
  columns: [
    { name: 'id', declared: 'INTEGER', notNull: true },
    { name: 'note', declared: 'TEXT', notNull: false },
  ],
  key: ['id'],
  identity: 'primary',
} as const;

/** The file of a batch with so many rows, or these. */
export function batchFile(
  rows: number | readonly Change[],
  header: Partial<BatchHeader> = {},
  line: (text: string) => string = (text) => text,
): Buffer {
  const whole: BatchHeader = {
    source: 'laptop-1',
    instance,
    lineage: makeLink('secret', 1, 'a'.repeat(16)),
    heldLineage: undefined,
    epoch,
    replaces: undefined,
    batchNo: 1,
    heldNonce: undefined,
    toSeq: 1,
    takenAt: '2026-11-20T02:05:13.000Z',
    tables: [table],
    range: undefined,
    resyncing: false,
    ...header,
  };
  const codec = lineCodec(whole.tables);
  const changes =
    typeof rows === 'number'
      ? Array.from({ length: rows }, (_, index): Change => ({
          kind: 'upsert',
          table: 0,
          cells: [BigInt(index), `note ${index}`],
        }))
      : rows;
  const text = changes.map((change) => `${line(codec.format(change))}\n`).join('');
  return Buffer.concat([
    Buffer.from(formatHeader(whole)),
    ...(text === '' ? [] : [makeBlock(text, 3)]),
    endOfBlocks,
  ]);
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

interface Feeding {
  readonly sources?: readonly string[];
  /** Another replica than the one that only counts, whose tables have no days. */
  readonly open?: (policy: ReplicaConfig['policy']) => Promise<Replica>;
}

/** Any port, and little room. */
export const receiveConfig: ReceiveConfig = {
  host: '127.0.0.1',
  port: 0,
  tls: undefined,
  isBehindProxy: false,
  requestBytesMax: 1024 * 1024,
  batchBytesMax: 4 * 1024 * 1024,
};

export class ReceiverWorld implements AsyncDisposable {
  readonly state = scratch();
  readonly replica = new MemoryReplica();
  readonly log = recordingLog();
  readonly clock = fixedClock();
  readonly key = makeKey();
  readonly stop = new AbortController();
  #feeding: Feeding = {};
  /** Where the file of its replica would be: only whether something is there counts. */
  target: string = this.state;
  /** Where its history is opened, again and again. */
  openHistory: () => History = () => nullHistory;
  receiver!: OpenReceiver;
  server!: RunningServer;
  config: ReceiveConfig = receiveConfig;

  static async start(changes: Partial<ReceiveConfig> = {}, feeding: Feeding = {}): Promise<ReceiverWorld> {
    const world = new ReceiverWorld();
    world.#feeding = feeding;
    world.config = { ...world.config, ...changes };
    await world.addKey('laptop-1', world.key);
    await world.listen();
    return world;
  }

  async addKey(name: string, key: string): Promise<void> {
    await this.#addKeys([[name, key]]);
  }

  /** A key for each; returns them. */
  async addKeys(names: readonly string[]): Promise<string[]> {
    const made = names.map(() => makeKey());
    await this.#addKeys(names.map((name, index) => [name, made[index] ?? '']));
    return made;
  }

  async #addKeys(pairs: readonly (readonly [string, string])[]): Promise<void> {
    const { keys } = receivePlaces(this.state);
    const added = pairs.map(([name, key]) => ({
      ...{ name, sha256: hashOfKey(key), addedAt: '2026-11-20T02:05:13Z', revokedAt: undefined },
    }));
    await writeKeys(keys, [...readKeys(keys), ...added]);
  }

  async listen(): Promise<void> {
    const places = receivePlaces(this.state);
    const { clock, log, config, stop } = this;
    const { sources = ['laptop-1'], open } = this.#feeding;
    const rules = { ...policy(), sources, ...(open && { tables: {} }) };
    const replicas = [
      { name: 'tt', target: { kind: 'sqlite', path: this.target }, policy: rules } as ReplicaConfig,
    ];
    const openReplica = async () => (await open?.(rules)) ?? this.replica;
    const openHistory = () => this.openHistory();
    const parts = { clock, log, version: '1.0.0', openReplica, openHistory };
    this.receiver = await openReceiver({ stateDirectory: this.state, receive: config, replicas }, parts);
    const ring = new KeyRing(places.keys);
    const nameOf = (key: string) => ring.nameOf(key);
    const routes = receiverRoutes(this.receiver);
    this.server = await startServer({
      config,
      routes,
      nameOf,
      version: '1.0.0',
      clock,
      log,
      signal: stop.signal,
    });
  }

  get url(): URL {
    return new URL(`http${this.config.tls === undefined ? '' : 's'}://127.0.0.1:${this.server.port}`);
  }

  /** Sends bytes as they are, and returns what comes back until the other side closes or has answered so often. */
  raw(text: string | Buffer, answers = 1): Promise<string> {
    return new Promise((resolve) => {
      let got = '';
      const socket = connect(this.server.port, '127.0.0.1', () => void socket.write(text));
      const over = () => {
        socket.destroy();
        resolve(got);
      };
      socket.on('data', (bytes) => {
        got += bytes.toString('latin1');
        if ((got.match(/HTTP\/1\.1 [2-5]/g) ?? []).length >= answers && got.includes('\r\n\r\n')) over();
      });
      socket.on('error', over).on('close', over);
    });
  }

  headers(more: Record<string, string> = {}): Record<string, string> {
    return { authorization: `Bearer ${this.key}`, 'x-holdfast-challenge': 'c'.repeat(32), ...more };
  }

  fetch(path: string, options: RequestInit & { headers?: Record<string, string> } = {}): Promise<Response> {
    return fetch(new URL(path, this.url), {
      ...options,
      headers: this.headers(options.headers),
      redirect: 'manual',
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop.abort(new Error('stopped'));
    await this.server.close();
    await this.receiver.close();
  }
}

function policy(): ReplicaConfig['policy'] {
  const all = {
    day: undefined,
    updatedAt: undefined,
    deletions: 'apply',
    deletionsMax: { rows: 1000, percent: 20 },
  } as const;
  return {
    sources: ['laptop-1'],
    schema: 'follow',
    tables: { VISIT: { ...all, day: { column: 'date' } } },
    otherTables: all,
    audit: false,
    tombstonesKeptMs: 1,
  };
}
