// The connections that a service holds to a live database. They stay open: who closes one of several in a process makes SQLite
// keep its file open for the next, and the last one to go checkpoints the app's log.
import type { FileNumber } from '../../source/source.ts';
import { harmful, mayMakeSideFiles, openSource } from '../live-reader.ts';
import { requireSource, type SqliteLook } from '../look.ts';
import { type Database, openWritten } from '../open.ts';

export interface Connections {
  /** One to read with, in no transaction. Throws OpsError as looking at the database does. */
  reader(): Promise<Database>;
  /** Gives it back, whatever it was doing. */
  release(reader: Database): void;
  /** The one to write with. Throws OpsError `denied` where what it makes beside the file would lock the app out. */
  writer(): Promise<Database>;
  close(): void;
}

interface Opened {
  readonly file: FileNumber;
  readonly idle: Database[];
  readonly busy: Set<Database>;
  writer: Database | undefined;
}

export function connectionsTo(path: string, busyMs: number): Connections {
  let opened: Opened | undefined;
  const retire = () => {
    for (const database of opened?.idle ?? []) database.close();
    opened?.writer?.close();
    opened = undefined;
  };
  /** Another file in its place, after a restore, is opened anew. */
  const look = async (): Promise<[SqliteLook, Opened]> => {
    const found = await requireSource(path);
    if (opened !== undefined && !isSame(opened.file, found.file)) retire();
    opened ??= { file: found.file, idle: [], busy: new Set(), writer: undefined };
    return [found, opened];
  };
  return {
    async reader() {
      const [{ file, wal }, there] = await look();
      const database = there.idle.pop() ?? openSource({ source: path, file, wal, lockWaitMs: busyMs });
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
      const [{ file }, there] = await look();
      if (!mayMakeSideFiles(path)) throw harmful(path);
      if (there.writer !== undefined) return there.writer;
      const writer = openWritten(path, { file, busyMs });
      writer.pragma('wal_autocheckpoint = 0');
      there.writer = writer;
      return writer;
    },
    close: retire,
  };
}

function isSame(one: FileNumber, other: FileNumber): boolean {
  return one.device === other.device && one.inode === other.inode;
}
