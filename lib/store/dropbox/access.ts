// What every operation on one Dropbox store shares: what it is reached by, and the folder it lies in.
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { DropboxClient } from './client.ts';
import type { RecentWrites } from './recent.ts';
import type { UploadNotes } from './upload-notes.ts';

export interface DropboxAccess {
  client: DropboxClient;
  /** The folder everything lies below: '' for the root that the token sees. */
  folder: string;
  notes: UploadNotes;
  /** What this run was told of its own writes. */
  recent: RecentWrites;
  clock: Clock;
  log: Log;
}
