// files/get_metadata, files/download, files/list_revisions.
import { metadata, taggedMetadata, type FileEntry } from './entries.ts';
import { find, findFile, lookupError, normalise, root, type Lookup } from './lookup.ts';
import { isWellFormed, lowerPath } from './paths.ts';
import { asciiJson, badCall, endpointError, json, plainText, type Reply } from './replies.ts';
import { visibleTree, type Call, type Caller, type Handler } from './service.ts';

function getMetadata(call: Call<{ path: string; include_deleted: boolean }>): Reply {
  const { path, include_deleted } = call.argument;
  const deleted = include_deleted ? call.service.namespace.deletedAt(normalise(path)) : undefined;
  if (deleted !== undefined) return json(taggedMetadata(deleted));
  const entry = find(lookupOf(call), path);
  if (entry === root) throw badCall(call.route, 'request body: path: The root folder is unsupported.');
  return json(taggedMetadata(entry));
}

function download(call: Call<{ path: string; rev?: string | null }>): Reply {
  const { path, rev } = call.argument;
  const lookup = lookupOf(call);
  if (call.effects.has('changeFileBetweenRanges')) replaceContents(call, findFile(lookup, path));
  const file = typeof rev === 'string' ? findFile(lookup, `rev:${rev}`) : findFile(lookupOf(call), path);
  const etag = `W/"${file.rev}"`;
  const headers = {
    etag,
    'accept-ranges': 'bytes',
    'Content-Type': 'application/octet-stream',
    'Dropbox-API-Result': asciiJson(metadata(file)),
    'original-content-length': String(file.size),
  };
  if (matchesEtag(call.headers['if-none-match'], etag)) {
    return { status: 304, headers: { etag }, body: Buffer.alloc(0) };
  }
  const range = call.effects.has('ignoreRange') ? undefined : parseRange(call.headers.range, file.size);
  if (range === 'unsatisfiable') {
    const reply = plainText(416, 'range/not_satisfiable/.', { 'Content-Range': `bytes */${file.size}` });
    return { ...reply, summary: 'range/not_satisfiable/.' };
  }
  const { contentHash, size } = file;
  const empty = Buffer.alloc(0);
  if (range === undefined) {
    return { status: 200, headers, body: empty, file: { contentHash, start: 0, end: size } };
  }
  const [start, end] = range;
  const partial = { ...headers, 'Content-Range': `bytes ${start}-${end - 1}/${size}` };
  return { status: 206, headers: partial, body: empty, file: { contentHash, start, end } };
}

interface ListRevisions {
  path: string;
  mode: { '.tag': 'path' | 'id' };
  limit: number;
  before_rev?: string | null;
}

function listRevisions(call: Call<ListRevisions>): Reply {
  const { namespace } = call.service;
  const { path, mode, limit, before_rev } = call.argument;
  const present = path.startsWith('id:') ? namespace.atId(path) : namespace.at(normalise(path));
  const pathLower = present?.pathLower ?? lowerPath(normalise(path));
  if (!path.startsWith('id:') && !isWellFormed(normalise(path))) throw lookupError('path', 'malformed_path');
  if (present?.kind === 'folder') throw lookupError('path', 'not_file');
  const changes = namespace.history.filter(({ entry }) =>
    mode['.tag'] === 'path'
      ? entry.pathLower === pathLower
      : entry.kind === 'file' && entry.id === (present?.id ?? path),
  );
  let files = changes.map(({ entry }) => entry).filter((entry): entry is FileEntry => entry.kind === 'file');
  if (files.length === 0) throw lookupError('path', 'not_found');
  files.reverse();
  if (typeof before_rev === 'string') {
    if (mode['.tag'] === 'id') throw endpointError({ '.tag': 'before_rev_not_supported' });
    const index = files.findIndex(({ rev }) => rev === before_rev);
    if (index === -1) throw endpointError({ '.tag': 'invalid_before_rev' });
    files = files.slice(index + 1);
  }
  const deletedAt = namespace.deletionTime(pathLower);
  return json({
    is_deleted: present === undefined,
    ...(deletedAt === undefined ? {} : { server_deleted: deletedAt }),
    entries: files.slice(0, limit).map(metadata),
    has_more: files.length > limit,
  });
}

function lookupOf(call: Caller): Lookup {
  return { namespace: call.service.namespace, tree: visibleTree(call), tag: 'path' };
}

/** [start, end) of a single range; several ranges and nonsense are ignored, as HTTP has it. */
function parseRange(
  header: string | undefined,
  size: number,
): [number, number] | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (match === null || (match[1] === '' && match[2] === '')) return undefined;
  if (match[1] === '') {
    const length = Math.min(Number(match[2]), size);
    return length === 0 ? 'unsatisfiable' : [size - length, size];
  }
  const start = Number(match[1]);
  const last = match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1);
  if (match[2] !== '' && Number(match[2]) < start) return undefined;
  return start >= size ? 'unsatisfiable' : [start, last + 1];
}

function matchesEtag(header: string | undefined, etag: string): boolean {
  const plain = (tag: string) => tag.trim().replace(/^W\//, '');
  return (header ?? '').split(',').some((tag) => tag.trim() === '*' || plain(tag) === plain(etag));
}

/** Somebody else's write: other bytes, the same length. */
function replaceContents({ service }: Caller, file: FileEntry): void {
  const bytes = service.blobs.readWhole(file.contentHash).map((byte) => byte ^ 0xff);
  const part = service.blobs.write(Buffer.from(bytes));
  const contentHash = service.blobs.contentHash([part]);
  service.blobs.remove(service.blobs.keep(contentHash, [part]));
  const now = service.clock.timestamp();
  const changed = { contentHash, rev: service.namespace.newRev(), serverModified: now };
  service.namespace.commit([{ ...file, ...changed }], service.clock.now());
}

export const readRoutes = {
  'files/get_metadata': getMetadata,
  'files/download': download,
  'files/list_revisions': listRevisions,
} satisfies Record<string, Handler>;
