// Where an unfinished upload is remembered, so that the next run goes on where a killed one stopped.
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { errorMessage } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { FileDigest } from '../../files/digest.ts';
import { writeFileAtomically } from '../../files/durable.ts';
import { createDirectories } from '../../files/make-directories.ts';
import { readRecord } from '../../files/read-small-file.ts';
import { ifWhole } from '../../record/fields.ts';
import { formatJsonRecord, openJsonRecord, type RecordFormat } from '../../record/json-record.ts';

/** Upload sessions live 7 days; none is asked for that may be gone. */
const sessionLifeMs = 6 * 24 * 60 * 60 * 1000;

const noteBytesMax = 64 * 1024;
const format: RecordFormat = { name: 'holdfast-upload', version: 1 };

type Content = Pick<FileDigest, 'contentHash' | 'sizeBytes'>;

/** Remembers by content: only the very same bytes may go into the rest of a session. */
export interface UploadNotes {
  /**
   * The session in which these bytes were being sent, if one is remembered and may still be there. Whatever else was on
   * its way to the same `path` will never get there any more, and is forgotten.
   */
  find(content: Content, path: string): Promise<string | undefined>;
  /** That it cannot be remembered costs a resumption and nothing else: it is logged, never thrown. */
  remember(content: Content, path: string, sessionId: string): Promise<void>;
  forget(content: Content): Promise<void>;
}

/** Notes as small files in `directory`, private because a session id lets others write into the session. */
export function createUploadNotes(directory: string, clock: Clock, log: Log): UploadNotes {
  const pathOf = ({ contentHash }: Content) => join(directory, `${contentHash}.json`);
  return {
    async find(content, path) {
      const isOutdated = (note: Note) =>
        !isAlive(note, clock) || (note.path === path && note.contentHash !== content.contentHash);
      await sweep(directory, isOutdated);
      const note = await readNote(pathOf(content));
      if (note?.sizeBytes !== content.sizeBytes) return undefined;
      return isAlive(note, clock) ? note.sessionId : undefined;
    },
    async remember(content, path, sessionId) {
      const { contentHash, sizeBytes } = content;
      const note: Note = { sessionId, path, sizeBytes, contentHash, startedAt: clock.now() };
      try {
        await createDirectories(directory, 0o700);
        await writeFileAtomically(pathOf(content), formatNote(note), { mode: 0o600, toOwner: true });
      } catch (error) {
        log.warn('an upload cannot be remembered; killed, it would begin anew', {
          cause: errorMessage(error),
        });
      }
    },
    async forget(content) {
      await rm(pathOf(content), { force: true }).catch(() => undefined);
    },
  };
}

interface Note {
  sessionId: string;
  path: string;
  sizeBytes: number;
  contentHash: string;
  startedAt: Date;
}

function formatNote({ sessionId, path, sizeBytes, contentHash, startedAt }: Note): string {
  return formatJsonRecord(format, {
    session_id: sessionId,
    path,
    size: sizeBytes,
    content_hash: contentHash,
    started_at: startedAt.toISOString(),
  });
}

/** A note that cannot be read costs a resumption and nothing else. */
async function readNote(path: string): Promise<Note | undefined> {
  return parseNote((await readRecord(path, noteBytesMax).catch(() => undefined)) ?? '');
}

function parseNote(text: string): Note | undefined {
  return ifWhole((flaw) => {
    const { fields } = openJsonRecord(text, format, flaw);
    return {
      sessionId: fields.string('session_id'),
      path: fields.string('path'),
      sizeBytes: fields.count('size'),
      contentHash: fields.string('content_hash'),
      startedAt: fields.instant('started_at'),
    };
  });
}

function isAlive({ startedAt }: Note, clock: Clock): boolean {
  const ageMs = clock.now().getTime() - startedAt.getTime();
  return Math.abs(ageMs) < sessionLifeMs; // a clock that was set back makes an age negative
}

async function sweep(directory: string, isOutdated: (note: Note) => boolean): Promise<void> {
  for (const name of await readdir(directory).catch(() => [])) {
    const path = join(directory, name);
    const note = await readNote(path);
    if (note === undefined || isOutdated(note)) await rm(path, { force: true }).catch(() => undefined);
  }
}
