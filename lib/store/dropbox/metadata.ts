// What Dropbox says of a file, checked: a reply of 200 alone proves nothing.
import type { Fields } from '../../record/fields.ts';
import type { Stored, StoreName } from '../store.ts';
import { strangerFailure } from './failure.ts';
import { isAt, isNamed, nameIn } from './paths.ts';
import { readReply, tagOf } from './replies.ts';

/** A file in Dropbox, with everything that identifies its bytes. */
export interface RemoteFile {
  path: string;
  rev: string;
  sizeBytes: number;
  contentHash: string;
  modifiedAt: Date;
}

/** What has a name that an object of ours cannot have beside it; `why` completes "… : ". */
export class NoObject {
  readonly why: string;

  constructor(why: string) {
    this.why = why;
  }
}

/** Reads a file's metadata from a reply. Throws DropboxFailure `stranger` when something is missing or has no sense. */
export function remoteFile(reply: unknown): RemoteFile {
  return readReply(reply, (fields) => {
    const rev = fields.text('rev');
    // It is sent back as it is, in a header.
    if (!/^[0-9a-f]{9,64}$/i.test(rev)) throw strangerFailure('a reply with an odd revision');
    return {
      path: pathIn(fields),
      rev,
      sizeBytes: fields.count('size'),
      contentHash: fields.digest('content_hash'),
      modifiedAt: instantIn(fields, 'server_modified'),
    };
  });
}

/** The path that a reply is about, as it is displayed where it says so. */
export function pathIn(fields: Fields): string {
  return fields.text(fields.optional('path_display') === undefined ? 'path_lower' : 'path_display');
}

/** Information only: no time at all is no reason to do without the file. */
function instantIn(fields: Fields, key: string): Date {
  const text = fields.optional(key);
  const time = typeof text === 'string' ? Date.parse(text) : 0;
  return new Date(Number.isNaN(time) ? 0 : time);
}

/** What is at `path`, as a reply to a question about that path says; undefined for what is no longer there. */
export function presentAt(path: string, reply: unknown): RemoteFile | NoObject | undefined {
  const at = readReply(reply, pathIn);
  if (!isAt(at, path)) throw strangerFailure('the answer is about another path');
  const tag = tagOf(reply);
  if (tag === 'deleted') return undefined;
  if (tag === 'folder') return new NoObject('a folder has that name');
  if (tag !== 'file') throw strangerFailure('a reply that does not say what it is about');
  // Paper documents and the like have no bytes that could be a backup.
  if (readReply(reply, isWithoutBytes))
    return new NoObject('something without bytes of its own has that name');
  if (isNamed(at, path)) return remoteFile(reply);
  return new NoObject(`${JSON.stringify(nameIn(at))} has that name in other letter case`);
}

/** Whether it can only be exported: then Dropbox has no content for it. */
export function isWithoutBytes(fields: Fields): boolean {
  return fields.optional('is_downloadable') === false || fields.optional('export_info') !== undefined;
}

/** The object a remote file is under our name. */
export function storedAs(name: StoreName, { sizeBytes, modifiedAt, contentHash, rev }: RemoteFile): Stored {
  return { name, sizeBytes, modifiedAt, contentHash, revision: rev };
}
