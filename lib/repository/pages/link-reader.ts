// One backup of a chain, read object by object: each opened a little before it is needed, and let go when it is done with.
import type { FileHandle } from 'node:fs/promises';
import { OpsError } from '../../base/errors.ts';
import type { StoredObject, StoredPart } from '../../backup/stored-part.ts';
import type { FrameEntry, ObjectShape } from './object-format.ts';
import { type ObjectReader, openObject } from './object-reader.ts';

/** A backup of a chain, and how its objects are had. */
export interface ChainLink {
  manifest: { backup: string; sizeBytes: number; stored: Pick<StoredPart, 'objects'> };
  /**
   * Its clear bytes: the path of a file, which stays until it is released, or an open file, which is closed here. Called in order,
   * one ahead of what is read.
   */
  open(object: StoredObject): Promise<string | FileHandle>;
  release(object: StoredObject): Promise<void> | void;
}

/** A frame, and where it is read. */
export interface LocatedFrame {
  entry: FrameEntry;
  object: ObjectReader;
}

/** Disposing of it lets go of all that is open. */
export interface LinkReader extends AsyncDisposable {
  readonly backup: string;
  readonly shape: ObjectShape;
  /** Its frame of that group, where it has one. Asked for ascending groups. */
  frameOf(group: number): Promise<LocatedFrame | undefined>;
  /** Lets go of the objects in which nothing beyond that group is. */
  doneWith(group: number): Promise<void>;
}

interface OpenPart {
  stored: StoredObject;
  object: ObjectReader;
}

/** Opens its first object. OpsError `damaged` where that is none, or is of a database of another size than the manifest says. */
export async function openLink(link: ChainLink): Promise<LinkReader> {
  const { backup, sizeBytes, stored } = link.manifest;
  const { objects } = stored;
  /** What is not let go yet; the last one is the one that is read. */
  const reading: OpenPart[] = [];
  let ahead = begin(link, objects[0]);
  let part = 0;
  let nextFrame = 0;
  let lastGroup = -1;
  let shape: ObjectShape | undefined;
  const flaw = (name: string, cause: string) => new OpsError('damaged', `cannot use ${name}: ${cause}`);
  const advance = async (): Promise<OpenPart | undefined> => {
    const opened = await ahead;
    if (opened === undefined) return undefined;
    reading.push(opened);
    part += 1;
    nextFrame = 0;
    const { index } = opened.object;
    const { name } = opened.stored;
    if (index.part !== part || index.parts !== (part === objects.length ? part : undefined))
      throw flaw(
        name,
        `it is not object ${part} of ${objects.length}, but ${index.part}${ofAll(index.parts)}`,
      );
    if (shape !== undefined && !isSameShape(shape, index))
      throw flaw(name, `it is of another database than ${objects[0]?.name}`);
    const [frame] = index.frames;
    if (frame !== undefined && frame.group <= lastGroup)
      throw flaw(name, 'its frames are not behind those of the object before it');
    lastGroup = index.frames.at(-1)?.group ?? lastGroup;
    ahead = begin(link, objects[part]);
    return opened;
  };
  const dispose = async () => {
    const waiting = await ahead.catch(() => undefined);
    if (waiting !== undefined && !reading.includes(waiting)) reading.push(waiting);
    // What went wrong before is what is told.
    for (const opened of reading.splice(0)) await letGo(link, opened).catch(() => undefined);
  };
  try {
    const opened = await advance();
    if (opened === undefined) throw flaw(backup, 'its manifest names no object');
    const { pageSize, pageCount, groupPages, dictionary } = opened.object.index;
    shape = { pageSize, pageCount, groupPages, dictionary };
    if (pageSize * pageCount !== sizeBytes)
      throw flaw(
        opened.stored.name,
        `its database has ${pageSize * pageCount} bytes, and ${sizeBytes} by the manifest`,
      );
    return {
      backup,
      shape,
      async frameOf(group) {
        for (let current = reading.at(-1); current !== undefined; current = await advance()) {
          const entry = current.object.index.frames[nextFrame];
          if (entry === undefined) continue;
          if (entry.group !== group) return undefined;
          nextFrame += 1;
          return { entry, object: current.object };
        }
        return undefined;
      },
      async doneWith(group) {
        while (reading.length > 0) {
          const [oldest] = reading;
          const last = oldest?.object.index.frames.at(-1)?.group ?? -1;
          if (oldest === undefined || last > group || (reading.length === 1 && part < objects.length)) return;
          reading.shift();
          await letGo(link, oldest);
        }
      },
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** Begins to open an object; that it cannot be is told when it is waited for. */
function begin(link: ChainLink, stored: StoredObject | undefined): Promise<OpenPart | undefined> {
  const open = async () => {
    if (stored === undefined) return undefined;
    const bytes = await link.open(stored);
    try {
      return { stored, object: await openObject(bytes, stored.name) };
    } catch (error) {
      await link.release(stored);
      throw error;
    }
  };
  const opening = open();
  opening.catch(() => undefined);
  return opening;
}

async function letGo(link: ChainLink, { stored, object }: OpenPart): Promise<void> {
  await object[Symbol.asyncDispose]();
  await link.release(stored);
}

function isSameShape(a: ObjectShape, b: ObjectShape): boolean {
  return (
    a.pageSize === b.pageSize &&
    a.pageCount === b.pageCount &&
    a.groupPages === b.groupPages &&
    a.dictionary === b.dictionary
  );
}

function ofAll(parts: number | undefined): string {
  return parts === undefined ? '' : ` of ${parts}`;
}
