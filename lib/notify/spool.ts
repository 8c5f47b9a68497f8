// The spool: what happened, as small files, from the run that saw it to the alert-send that tells it. A record is on the
// device before it has its name. Where the state directory cannot be written, the run directory takes it.
import { randomBytes } from 'node:crypto';
import { open, readdir, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, errorMessage, OpsError, systemError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { giveToOwnerOf } from '../files/belong.ts';
import { sweepTemporaries, temporaryIn } from '../files/durable.ts';
import { type HeldDirectory, inKnownPaths } from '../files/held-directory.ts';
import { ifThere } from '../files/if-there.ts';
import { locateDirectory } from '../files/locate-file.ts';
import { createDirectories } from '../files/make-directories.ts';
import { publishFile, removeQuietly } from '../files/publish-file.ts';
import { readRecord } from '../files/read-small-file.ts';
import { fullDiskDetails } from '../files/space.ts';
import { syncDirectory } from '../files/sync.ts';
import { formatRecord, parseRecord, type SpoolRecord } from './spool-record.ts';

/** A record that lies in the spool. */
export interface Spooled {
  /** Its file's name; names in order are events in order. */
  name: string;
  record: SpoolRecord;
}

/** What a look into the spool found. */
export interface SpoolContents {
  records: readonly Spooled[];
  /** Names of files that are no records; they lie in `dead` now. */
  unreadable: readonly string[];
}

/** Nobody has told anything for long: the newest record of a check gives way to the next one. */
const recordsMax = 1000;
const recordBytesMax = 256 * 1024;
const namePattern = /^(\d{15})-(.+)-[0-9a-f]{8}\.json$/;

export class Spool {
  /** The places, best first; each has `tmp`, `new` and `dead`. */
  readonly places: readonly string[];
  readonly #log: Log;

  constructor(places: readonly string[], log: Log) {
    this.places = places;
    this.#log = log;
  }

  /** Returns when the record is on the device. Throws OpsError when none of the places takes it. */
  async add(record: SpoolRecord, now: number): Promise<void> {
    let failure: unknown;
    for (const place of this.places) {
      try {
        return await addTo(place, record, now, await this.#newest());
      } catch (error) {
        failure ??= error;
        this.#log.debug('a place of the spool does not take a record', {
          place,
          reason: errorMessage(error),
        });
      }
    }
    throw failure;
  }

  /** Every record, in the order of events. What is none is set aside; reading again gives the same records. */
  read(): Promise<SpoolContents> {
    return this.#contents((place, name, error) => this.#bury(place, name, error));
  }

  /** As `read`, but changes nothing. */
  look(): Promise<SpoolContents> {
    return this.#contents(async () => undefined);
  }

  /** Removes records by name. One that is gone is fine. */
  async remove(names: readonly string[]): Promise<void> {
    for (const place of this.places) {
      const there = new Set(await namesIn(join(place, 'new')));
      const ours = names.filter((name) => there.has(name));
      for (const name of ours) await removeRecord(join(place, 'new', name));
      if (ours.length > 0) await syncDirectory(join(place, 'new'));
    }
  }

  /** Removes what killed writers left. */
  async sweep(now: number): Promise<void> {
    for (const place of this.places) await sweepTemporaries(join(place, 'tmp'), new Date(now));
  }

  async #contents(
    onUnreadable: (place: string, name: string, error: OpsError) => Promise<void>,
  ): Promise<SpoolContents> {
    const records: Spooled[] = [];
    const unreadable: string[] = [];
    for (const place of this.places) {
      for (const name of await namesIn(join(place, 'new'))) {
        try {
          records.push({ name, record: await parseFile(join(place, 'new', name), name) });
        } catch (error) {
          if (!(error instanceof OpsError) || error.kind === 'denied') throw error;
          if (error.kind === 'missing') continue; // gave way to a newer one
          unreadable.push(name);
          await onUnreadable(place, name, error);
        }
      }
    }
    return { records: records.sort((a, b) => (a.name < b.name ? -1 : 1)), unreadable };
  }

  async #bury(place: string, name: string, error: OpsError): Promise<void> {
    this.#log.warn('a file in the spool is no record; it is set aside', { place, reason: error.message });
    await setAside(place, name);
  }

  async #newest(): Promise<number> {
    // A place that cannot be read has no say in the order.
    const listed = this.places.map((place) => namesIn(join(place, 'new')).catch(() => []));
    const names = (await Promise.all(listed)).flat();
    return Math.max(0, ...names.map((name) => Number(namePattern.exec(name)?.[1] ?? 0)));
  }
}

/** A later record has a later name, also when the clock went back in between. */
async function addTo(place: string, record: SpoolRecord, now: number, newest: number): Promise<void> {
  const [tmp, target] = [join(place, 'tmp'), join(place, 'new')];
  await createDirectories(tmp);
  await createDirectories(target);
  const names = await namesIn(target);
  const order = String(Math.max(now, newest + 1)).padStart(15, '0');
  const name = `${order}-${record.check}-${randomBytes(4).toString('hex')}.json`;
  try {
    using begun = await locateDirectory(tmp);
    using published = await locateDirectory(target);
    await inKnownPaths(() => publishRecord(begun, published.at(name), formatRecord(record)));
  } catch (error) {
    throw systemError(`write a record into ${place}`, error, fullDiskDetails(error, place));
  }
  if (names.length >= recordsMax) await giveWay(target, names, record.check);
}

async function publishRecord(begun: HeldDirectory, target: string, text: string): Promise<void> {
  const temporary = temporaryIn(begun);
  try {
    await using file = await open(temporary, 'wx', 0o640);
    await file.writeFile(text);
    await giveToOwnerOf(begun, file); // alert-send may be at work as another user than root
    await publishFile(temporary, target, { replace: false });
  } catch (error) {
    await removeQuietly(temporary);
    throw error;
  }
}

/** The first record of a check is the beginning of the story, the one just written its end. */
async function giveWay(directory: string, names: readonly string[], check: string): Promise<void> {
  const same = names.filter((name) => namePattern.exec(name)?.[2] === check).sort();
  const last = same.at(-1);
  if (last !== undefined && same.length > 1) await removeRecord(join(directory, last));
}

async function parseFile(path: string, name: string): Promise<SpoolRecord> {
  try {
    const text = await readRecord(path, recordBytesMax);
    if (text === undefined) throw new OpsError('missing', `cannot read ${path}: it is not there`);
    if (!namePattern.test(name) || text === '') {
      throw new OpsError('damaged', `cannot use the spool record ${name}: nothing of Holdfast has made it`);
    }
    return parseRecord(text, name);
  } catch (error) {
    throw systemError(`read the spool record ${path}`, error);
  }
}

async function setAside(place: string, name: string): Promise<void> {
  const dead = join(place, 'dead');
  try {
    await createDirectories(dead);
    const aside = `unreadable-${randomBytes(4).toString('hex')}-${name}`.slice(0, 250);
    await ifThere(rename(join(place, 'new', name), join(dead, aside)));
    await syncDirectory(dead);
    await syncDirectory(join(place, 'new'));
  } catch (error) {
    throw systemError(`set ${name} aside in ${dead}`, error);
  }
}

/** Names that begin with a dot are nobody's business here. */
async function namesIn(directory: string): Promise<string[]> {
  try {
    const names = (await ifThere(readdir(directory))) ?? [];
    return names.filter((name) => !name.startsWith('.'));
  } catch (error) {
    const isDenied = ['EACCES', 'EPERM'].includes(errorCode(error) ?? '');
    throw systemError(`read the spool ${directory}`, error, isDenied ? { hint: 'run it with sudo' } : {});
  }
}

/** One that is gone is fine. */
async function removeRecord(path: string): Promise<void> {
  try {
    await ifThere(unlink(path));
  } catch (error) {
    throw systemError('remove a spool record', error);
  }
}
