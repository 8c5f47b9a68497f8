// A machine that pushes: an app's database and the state directory beside it, and the real cycle, which may die at any step.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Forked } from '../../jobs/delta-push/steps/forked.ts';
import { pushCycle } from '../../jobs/delta-push/steps/push-cycle.ts';
import { randomHex, senderFiles } from '../../jobs/delta-push/steps/sender-files.ts';
import { silentLog } from '../../lib/base/log.ts';
import type { Capture, CollectRequest } from '../../lib/delta/capture.ts';
import { type Peer, PeerTrouble } from '../../lib/delta/peer.ts';
import { ProtocolRefusal } from '../../lib/delta/refusal.ts';
import { copyDatabase, copyDirectory } from './delta-app.ts';
import { Death, Killed } from './delta-mortal.ts';
import { fixedClock } from './fixed-clock.ts';

/** `state` is the directory of this app, where a shadow may lie. `logRowsMax`: more never wait, and their tables are walked. */
export type OpenCapture = (database: string, state: string, logRowsMax?: number) => Promise<Capture>;

/** Of a batch. */
export type Sizes = Pick<CollectRequest, 'rowsMax' | 'snapshotRowsMax'>;

/** How a cycle ended. */
export type Ending = 'done' | 'killed' | 'fork' | 'trouble';

/** Where somebody dies: before or after so many steps, or the first one with that name. */
export interface DeathAt {
  readonly step: number | string;
  readonly isAfter: boolean;
}

const clock = fixedClock('2026-06-20T12:00:00Z');

export class Machine {
  readonly database: string;
  readonly state: string;
  readonly #open: OpenCapture;
  /** What the last cycle did, step by step, and how it ended. */
  lastSteps: readonly string[] = [];
  lastTrouble = '';

  constructor(home: string, open: OpenCapture) {
    mkdirSync(home, { recursive: true });
    this.database = join(home, 'app.db');
    this.state = join(home, 'state');
    mkdirSync(this.state, { recursive: true });
    this.#open = open;
  }

  /** A cycle of the sender, as a run of its own. */
  async cycle(peer: Peer, sizes: Sizes, deathAt?: DeathAt): Promise<Ending> {
    const atDeath = `${this.state}-at-death`;
    const death = new Death(deathAt?.step ?? 0, deathAt?.isAfter ?? false, () =>
      copyDirectory(this.state, atDeath),
    );
    const ending = await this.#run(death, peer, sizes);
    this.lastSteps = death.steps;
    // What the dead have written after their death was never written.
    if (death.at !== undefined) copyDirectory(atDeath, this.state);
    return ending;
  }

  async #run(death: Death, peer: Peer, sizes: Sizes): Promise<Ending> {
    const capture = await this.#open(this.database, join(this.state, 'delta', 'app'));
    const files = senderFiles(this.state, 'app');
    try {
      const record = (await files.read()) ?? files.begin();
      const spool = {
        ...death.hold(files.spool, 'spool', ['look', 'read']),
        draft: async () => death.hold(await files.spool.draft(), 'draft', ['begin', 'write']),
      };
      const mortal = { ...death.hold(files, 'files'), spool };
      await mortal.write(record);
      const done = await pushCycle(
        {
          source: 'laptop',
          capture: death.hold(capture, 'capture', ['close', 'state', 'tables', 'isIdle']),
          peer: death.hold(peer, 'peer'),
          files: mortal,
          clock,
          log: silentLog,
          signal: new AbortController().signal,
          progress: { begin: async () => undefined, batch: () => () => undefined },
          ...sizes,
          bytesMax: 64 * 1024,
        },
        record,
      );
      await mortal.write(done.record);
      return 'done';
    } catch (error) {
      this.lastTrouble = String(error);
      if (error instanceof Killed || death.at !== undefined) return 'killed';
      if (error instanceof Forked || (error instanceof ProtocolRefusal && error.reason === 'fork'))
        return 'fork';
      if (error instanceof PeerTrouble || error instanceof ProtocolRefusal) return 'trouble';
      throw error;
    } finally {
      capture.close();
    }
  }

  /** A person says that this machine is the one that sends: what delta-push takeover does. */
  async takeOver(peer: Peer): Promise<void> {
    const files = senderFiles(this.state, 'app');
    const record = files.begin();
    await files.spool.drop();
    await files.write(record);
    await peer.takeOver({ instance: record.instance, lineage: undefined });
    const capture = await this.#open(this.database, join(this.state, 'delta', 'app'));
    capture.beginEpoch(randomHex());
    capture.close();
  }

  /** The database, and the state directory where `whole`, to be put back later. */
  copyTo(place: string, whole: boolean): void {
    mkdirSync(place, { recursive: true });
    copyDatabase(this.database, join(place, 'app.db'));
    if (whole) copyDirectory(this.state, join(place, 'state'));
  }

  putBack(place: string, whole: boolean): void {
    copyDatabase(join(place, 'app.db'), this.database);
    if (whole) copyDirectory(join(place, 'state'), this.state);
  }
}
