// Where the engine's state is kept: a small file in the state directory, or in the run directory while that is full.
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errorMessage, OpsError, systemError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { sweepTemporaries, writeFileAtomically } from '../files/durable.ts';
import { createDirectories } from '../files/make-directories.ts';
import { readRecord } from '../files/read-small-file.ts';
import { emptyState } from '../incident/state.ts';
import { formatState, type KeptState, parseState } from './state-codec.ts';

/** Hundreds of checks in trouble, each with all that can be said of it. */
const stateBytesMax = 16 * 1024 * 1024;

export class StateFile {
  /** The directories, best first. */
  readonly #places: readonly string[];
  readonly #log: Log;

  constructor(places: readonly string[], log: Log) {
    this.#places = places;
    this.#log = log;
  }

  /** The newest state; an empty one where there is none. Changes nothing. */
  async look(now: number): Promise<KeptState> {
    return this.#newest(now, async () => undefined);
  }

  /** As `look`; a damaged file is set aside with a warning, and what it knew is learnt anew. */
  async read(now: number): Promise<KeptState> {
    for (const place of this.#places) await sweepTemporaries(place, new Date(now));
    return this.#newest(now, async (path, error) => {
      const aside = `${path}.damaged-${new Date(now).toISOString().replace(/[-:.]/g, '')}`;
      this.#log.warn('the state of alerts is damaged; it is set aside', { reason: error.message, aside });
      await rename(path, aside).catch((failure: unknown) => {
        throw systemError(`set ${path} aside`, failure);
      });
    });
  }

  /** Returns what was written, on the device. Throws OpsError where no place takes it. */
  async write(kept: KeptState): Promise<KeptState> {
    const next = { ...kept, revision: kept.revision + 1 };
    let failure: unknown;
    for (const [index, place] of this.#places.entries()) {
      try {
        await createDirectories(place);
        // A run by hand as root may be the first, and alert-send at work as another user.
        await writeFileAtomically(fileIn(place), formatState(next), { mode: 0o640, toOwner: true });
        await this.#forgetAfter(index);
        return next;
      } catch (error) {
        failure ??= error;
        this.#log.debug('a place does not take the state of alerts', { place, reason: errorMessage(error) });
      }
    }
    throw failure;
  }

  /** An older state must not come back when the better place is lost. */
  async #forgetAfter(index: number): Promise<void> {
    for (const place of this.#places.slice(index + 1))
      await rm(fileIn(place), { force: true }).catch(() => undefined); // the revision tells
  }

  async #newest(now: number, onDamage: (path: string, error: OpsError) => Promise<void>): Promise<KeptState> {
    let newest: KeptState = { revision: 0, taken: [], state: emptyState(now) };
    for (const place of this.#places) {
      const found = await readOne(fileIn(place), onDamage);
      if (found !== undefined && found.revision > newest.revision) newest = found;
    }
    return newest;
  }
}

async function readOne(
  path: string,
  onDamage: (path: string, error: OpsError) => Promise<void>,
): Promise<KeptState | undefined> {
  try {
    const text = await readRecord(path, stateBytesMax);
    return text === undefined ? undefined : parseState(text, path);
  } catch (error) {
    if (!(error instanceof OpsError)) throw systemError(`read ${path}`, error);
    await onDamage(path, error);
    return undefined;
  }
}

function fileIn(place: string): string {
  return join(place, 'alerts.json');
}
