// A receiver in this process: a replica behind the contract of a peer, with what a bad link and a bad machine do to both.
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OpsError } from '../../lib/base/errors.ts';
import { headerBytesMax, parseHeader } from '../../lib/delta/batch-header.ts';
import { lineCodec } from '../../lib/delta/batch-lines.ts';
import type { Change } from '../../lib/delta/change.ts';
import { type BatchPiece, type Peer, PeerTrouble } from '../../lib/delta/peer.ts';
import type { ReplicaPolicy } from '../../lib/delta/policy.ts';
import { readBlocks, readFirstLine } from '../../lib/files/block-file.ts';
import type { Replica } from '../../lib/replica/replica.ts';
import { inFiles, type ReplicaPlace } from './delta-places.ts';
import type { Random } from './delta-random.ts';

export type OpenReplica = (path: string, policy: ReplicaPolicy) => Promise<Replica>;

/** What may happen to one call, and how often; nothing where there is none. */
export interface Weather {
  readonly random: Random;
  readonly trouble: number;
}

export class Receiver {
  readonly path: string;
  readonly #staging: string;
  readonly #open: OpenReplica;
  readonly #policy: ReplicaPolicy;
  readonly #place: ReplicaPlace;
  #replica: Promise<Replica> | undefined;
  #staged: { sha256: string; epoch: string; batchNo: number; bytes: Buffer } | undefined;
  /** Files that arrived whole, which somebody may send again. */
  readonly seen: BatchPiece[] = [];
  weather: Weather | undefined;

  constructor(home: string, open: OpenReplica, policy: ReplicaPolicy, place = inFiles) {
    this.#place = place;
    this.path = join(home, 'replica.db');
    this.#staging = join(home, 'staging');
    mkdirSync(this.#staging, { recursive: true });
    this.#open = open;
    this.#policy = policy;
  }

  get replica(): Promise<Replica> {
    this.#replica ??= this.#open(this.path, this.#policy);
    return this.#replica;
  }

  /** What a process loses that is killed. */
  async restart(): Promise<void> {
    const replica = await this.#replica;
    this.#replica = undefined;
    await replica?.close();
    this.#staged = undefined;
  }

  async copyTo(path: string): Promise<void> {
    await this.restart();
    await this.#place.copy(this.path, path);
  }

  async putBack(path: string): Promise<void> {
    await this.restart();
    await this.#place.copy(path, this.path);
  }

  /** A database with its rows; where `isWhole` those too that do not fit there, and are held. */
  read(isWhole: boolean): Promise<string> {
    return this.#place.read(this.path, isWhole);
  }

  /** As a source sees it. Only what a push calls is there. */
  peerOf(source: string): Peer {
    const ask = <T>(work: (replica: Replica) => Promise<T>) => this.#ask(work);
    return {
      state: () =>
        ask(async (replica) => ({
          state: await replica.state(source),
          staged: this.#staged && { ...this.#staged, bytes: this.#staged.bytes.length },
          dayRules: {},
          deletions: {},
          replica: 'r',
          version: '0',
        })),
      unconfirmed: () => ask((replica) => replica.unconfirmed(source)),
      offer: (shapes) => ask((replica) => replica.offer(source, shapes)),
      send: (piece) => ask((replica) => this.#take(replica, piece)),
      takeOver: (sender) => ask((replica) => replica.takeOver(source, sender)),
      digest: (queries) => ask((replica) => replica.digest(queries)),
      days: (table) => ask((replica) => replica.days(table)),
      keys: (query, limit) => ask((replica) => replica.keys(query, limit)),
      held: (query) => ask((replica) => replica.held(query)),
      frozenDays: () => ask(async (replica) => (await replica.frozenDays()).map(({ day }) => day)),
      corrections: (since, limit) => ask((replica) => replica.corrections(since, limit)),
      close: () => undefined,
    };
  }

  /** One call over the link: it may not arrive, its answer may not, it may arrive twice, or the receiver dies over it. */
  async #ask<T>(work: (replica: Replica) => Promise<T>): Promise<T> {
    const { weather } = this;
    const fate = weather?.random.chance(weather.trouble) === true ? weather.random.below(6) : undefined;
    if (fate === 0) throw new PeerTrouble('unreachable', 'the request was lost');
    if (fate === 1) await this.restart();
    if (fate === 2) await work(await this.replica).catch(() => undefined);
    const answer = await work(await this.replica);
    if (fate === 3) throw new PeerTrouble('unreachable', 'the answer was lost');
    if (fate === 4) {
      await this.restart();
      throw new PeerTrouble('unreachable', 'it died after its commit');
    }
    if (fate === 5) throw new PeerTrouble('failed', 'a proxy in between has given up');
    return answer;
  }

  async #take(replica: Replica, piece: BatchPiece): Promise<Awaited<ReturnType<Peer['send']>>> {
    const staged = this.#staged;
    const before = staged?.sha256 === piece.sha256 ? staged.bytes : Buffer.alloc(0);
    if (piece.offset > before.length) return { received: before.length };
    const bytes = Buffer.concat([before.subarray(0, piece.offset), piece.bytes]);
    const { sha256, epoch, batchNo } = piece;
    this.#staged = { sha256, epoch, batchNo, bytes };
    if (bytes.length < piece.sizeBytes) return { received: bytes.length };
    if (createHash('sha256').update(bytes).digest('hex') !== sha256)
      throw new Error('the bytes are not those of the batch');
    this.#staged = undefined;
    this.seen.push({ ...piece, offset: 0, bytes });
    return { result: await this.applyFile(replica, bytes, sha256) };
  }

  /** Applies a whole file, now and then dying in the middle of it. */
  async applyFile(replica: Replica, bytes: Uint8Array, sha256: string) {
    const path = join(this.#staging, 'batch');
    writeFileSync(path, bytes);
    const { line, end } = await readFirstLine(path, headerBytesMax);
    const header = parseHeader(line);
    const { weather } = this;
    const dies = weather?.random.chance(weather.trouble / 4) === true;
    const codec = lineCodec(header.tables);
    const changes = async function* (): AsyncGenerator<readonly Change[]> {
      for await (const text of readBlocks(path, end)) {
        const lines = text.split('\n').filter((each) => each !== '');
        const most = dies ? Math.floor(lines.length / 2) : lines.length;
        yield lines.slice(0, most).map((each) => codec.parse(each));
        if (dies) throw new OpsError('io', 'cannot read the batch: it died in the middle');
      }
    };
    try {
      return await replica.apply({ header, sha256, changes: changes() });
    } catch (error) {
      if (!dies || !(error instanceof OpsError)) throw error;
      await this.restart();
      throw new PeerTrouble('unreachable', 'it died before its commit');
    }
  }
}
