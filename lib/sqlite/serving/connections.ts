// The connections that a service holds to a live database. They stay open: who closes one of several in a process makes SQLite
// keep its file open for the next, and the last one to go checkpoints the app's log. And while they are, nobody here opens the
// file itself: to close it again would end the locks of all of them (https://sqlite.org/howtocorrupt.html, section 2.2).
import { statSync } from 'node:fs';
import type { Capture } from '../../delta/capture.ts';
import type { FileNumber } from '../../source/source.ts';
import { harmful, mayMakeSideFiles, openSource } from '../live-reader.ts';
import { requireSource } from '../look.ts';
import { type Database, openWritten } from '../open.ts';

/** What knows the tables, and keeps the triggers of their log in place. */
export type WatchingCapture = Pick<Capture, 'check' | 'tables'> & Disposable;

/** Opens it on a file that was looked at, at its true path. */
export type OpenWatching = (found: { readonly path: string; readonly file: FileNumber }) => WatchingCapture;

export interface Connections {
  capture(): Promise<WatchingCapture>;
  /** One to read with, in no transaction. All throw OpsError as looking at the database does. */
  reader(): Promise<Database>;
  /** Gives it back, whatever it was doing. */
  release(reader: Database): void;
  /** The one to write with. Throws OpsError `denied` where what it makes beside the file would lock the app out. */
  writer(): Promise<Database>;
  close(): void;
}

interface Opened {
  readonly path: string;
  readonly file: FileNumber;
  readonly wal: boolean;
  readonly idle: Database[];
  readonly busy: Set<Database>;
  capture: WatchingCapture | undefined;
  writer: Database | undefined;
}

export function connectionsTo(path: string, openCapture: OpenWatching, busyMs: number): Connections {
  let opened: Opened | undefined;
  let opening: Promise<Opened> | undefined;
  const retire = () => {
    for (const database of opened?.idle ?? []) database.close();
    opened?.writer?.close();
    opened?.capture?.[Symbol.dispose]();
    opened = undefined;
  };
  const look = async (): Promise<Opened> => {
    const found = await requireSource(path);
    retire();
    opened = { ...found, idle: [], busy: new Set(), capture: undefined, writer: undefined };
    return opened;
  };
  /** Another file in its place, after a restore, is opened anew. */
  const current = async (): Promise<Opened> => {
    if (opened !== undefined && isStill(opened)) return opened;
    return (opening ??= look().finally(() => (opening = undefined)));
  };
  return {
    async capture() {
      const there = await current();
      return (there.capture ??= openCapture(there));
    },
    async reader() {
      const there = await current();
      const { file, wal } = there;
      const reading = { source: there.path, file, wal, lockWaitMs: busyMs };
      const database = there.idle.pop() ?? openSource(reading);
      there.busy.add(database);
      return database;
    },
    release(reader) {
      if (opened?.busy.delete(reader) !== true) {
        reader.close();
        return;
      }
      if (reader.inTransaction) reader.exec('ROLLBACK');
      opened.idle.push(reader);
    },
    async writer() {
      const there = await current();
      if (there.writer !== undefined) return there.writer;
      if (!mayMakeSideFiles(there.path)) throw harmful(there.path);
      const writer = openWritten(there.path, { file: there.file, busyMs });
      writer.pragma('wal_autocheckpoint = 0');
      there.writer = writer;
      return writer;
    },
    close: retire,
  };
}

function isStill({ path, file }: Opened): boolean {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found?.dev === file.device && found.ino === file.inode;
}
