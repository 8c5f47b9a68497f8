// The account as a test sees it, behind the API: no rule applies and nothing is logged.
import type { FileEntry } from './entries.ts';
import { lowerPath } from './paths.ts';
import type { Service } from './service.ts';
import { lengthOf, type UploadSession } from './upload-sessions.ts';
import { writeFile } from './write.ts';

export interface StandInFile {
  /** As it is displayed. */
  path: string;
  id: string;
  rev: string;
  size: number;
  contentHash: string;
  clientModified: string;
  serverModified: string;
}

export class FilesBehind {
  private readonly service: Service;

  constructor(service: Service) {
    this.service = service;
  }

  /** All files, in the order of their lower-case paths. */
  list(): StandInFile[] {
    return this.service.namespace.tree
      .all()
      .filter((entry) => entry.kind === 'file')
      .map(fileOf);
  }

  /** The display paths of all folders. */
  folders(): string[] {
    const all = this.service.namespace.tree.all();
    return all.filter((entry) => entry.kind === 'folder').map((entry) => entry.pathDisplay);
  }

  has(path: string): boolean {
    return this.service.namespace.at(path)?.kind === 'file';
  }

  bytes(path: string): Buffer {
    const entry = this.service.namespace.at(path);
    if (entry?.kind !== 'file') throw new Error(`no file at ${path}`);
    return this.service.blobs.readWhole(entry.contentHash);
  }

  /** As if another client had written it. */
  write(path: string, contents: Buffer | string): StandInFile {
    const { blobs } = this.service;
    const part = blobs.write(Buffer.from(contents));
    const contentHash = blobs.contentHash([part]);
    const commit = {
      path,
      mode: { '.tag': 'overwrite' as const },
      autorename: false,
      strict_conflict: false,
    };
    const writer = { ...this.service, quotaBytes: () => Infinity };
    return this.service.atomically(() => {
      blobs.remove(blobs.keep(contentHash, [part]));
      return fileOf(writeFile(writer, commit, { contentHash, size: part.length }));
    });
  }

  /** Removes a file or a folder with everything in it; nothing when there is none. */
  remove(path: string): void {
    const { namespace, clock } = this.service;
    const entry = namespace.at(path);
    if (entry === undefined) return;
    const { name, pathLower, pathDisplay } = entry;
    namespace.commit([{ kind: 'deleted', name, pathLower, pathDisplay }], clock.now());
  }

  /** All revisions of a path, newest first. */
  revisions(path: string): StandInFile[] {
    const changes = this.service.namespace.changesOf(lowerPath(path)).map(({ entry }) => entry);
    return changes
      .filter((entry) => entry.kind === 'file')
      .map(fileOf)
      .reverse();
  }
}

/** An upload session as a test sees it. */
export interface OpenSession {
  id: string;
  concurrent: boolean;
  length: number;
  closed: boolean;
  committed: boolean;
  /** What was appended, in the order of arrival. */
  journal: UploadSession['journal'];
}

export function openSession(session: UploadSession): OpenSession {
  const { id, concurrent, closed, journal, committed } = session;
  return { id, concurrent, length: lengthOf(session), closed, committed: committed !== undefined, journal };
}

function fileOf(entry: FileEntry): StandInFile {
  const { pathDisplay: path, id, rev, size, contentHash, clientModified, serverModified } = entry;
  return { path, id, rev, size, contentHash, clientModified, serverModified };
}
