// Upload sessions: the state machines of sequential and concurrent ones, on disk until they are committed or expire.
import { randomBytes } from 'node:crypto';
import type { Blobs, Part } from './blobs.ts';
import { blockSize } from './content-hash.ts';
import type { DurableMap, DurableState } from './durable.ts';
import type { ReceivedBody } from './request-body.ts';
import type { Tagged } from './replies.ts';
import type { Switches } from './switches.ts';
import type { VirtualClock } from './virtual-clock.ts';

const lifetimeMs = 7 * 24 * 3600 * 1000;
const largestFile = 2 ** 41 - 2 ** 22;

export interface UploadSession {
  id: string;
  concurrent: boolean;
  closed: boolean;
  createdAt: number;
  /** In order of their offsets. */
  parts: { offset: number; part: Part }[];
  committed?: { pathLower: string; rev: string };
  /** What was appended, in the order of arrival; `request` is the number in the request log. */
  journal: { offset: number; length: number; request: number; withHash: boolean; cut: boolean }[];
}

export interface UploadCursor {
  session_id: string;
  offset: number;
}

/** One append: a body that was received, and where the client wants it. */
export interface Append {
  cursor: UploadCursor;
  close: boolean;
  /** What the client says the body is. */
  contentHash?: string | undefined;
  body: ReceivedBody;
  request: number;
}

/** A lookup or append error of an upload session: the caller decides under which tag it goes. */
export class SessionRefused extends Error {
  readonly error: Tagged;

  constructor(tag: string, members: Record<string, unknown> = {}) {
    super(tag);
    this.error = { '.tag': tag, ...members };
  }
}

export class UploadSessions {
  private readonly sessions: DurableMap<UploadSession>;
  private readonly blobs: Blobs;
  private readonly clock: VirtualClock;
  private readonly switches: Switches;

  constructor(state: DurableState, world: { blobs: Blobs; clock: VirtualClock; switches: Switches }) {
    this.sessions = state.map<UploadSession>('session');
    this.blobs = world.blobs;
    this.clock = world.clock;
    this.switches = world.switches;
  }

  list(): UploadSession[] {
    return this.sessions.values();
  }

  start(options: { concurrent: boolean; closed: boolean }): UploadSession {
    const id = `pid_upload_session:${randomBytes(38).toString('base64url').slice(0, 50)}`;
    const session = { id, ...options, createdAt: this.clock.now(), parts: [], journal: [] };
    this.sessions.set(id, session);
    return session;
  }

  /** Checks in Dropbox's order and appends, or throws a SessionRefused. */
  append(append: Append): void {
    const session = this.require(append.cursor.session_id);
    if (session.closed) throw new SessionRefused('closed');
    if (session.concurrent) checkConcurrent(session, append);
    else checkSequential(session, append);
    this.take(session, append);
  }

  /** The session of a finish, at the offset where the client believes it ends. */
  requireFinished(cursor: UploadCursor, closedRequired: boolean): UploadSession {
    const session = this.require(cursor.session_id);
    if (session.committed !== undefined) throw new SessionRefused('closed');
    if (session.concurrent) {
      if (!session.closed) throw new SessionRefused('concurrent_session_not_closed');
      if (hasHoles(session)) throw new SessionRefused('concurrent_session_missing_data');
    }
    if (closedRequired && !session.closed) throw new SessionRefused('not_closed');
    const length = lengthOf(session);
    if (cursor.offset !== length) throw new SessionRefused('incorrect_offset', { correct_offset: length });
    return session;
  }

  /** A session that exists, is not expired, and was not committed (or what the switch says about that). */
  require(id: string): UploadSession {
    const session = this.sessions.get(id);
    if (session === undefined || this.clock.now() >= session.createdAt + lifetimeMs) {
      throw new SessionRefused('not_found');
    }
    if (session.committed !== undefined && this.switches.afterCommit === 'not_found') {
      throw new SessionRefused('not_found');
    }
    return session;
  }

  /** Looks a session up without any rule. */
  peek(id: string): UploadSession | undefined {
    return this.sessions.get(id);
  }

  /** The parts belong to the file from now on. */
  markCommitted(session: UploadSession, committed: { pathLower: string; rev: string }): void {
    this.sessions.set(session.id, { ...session, closed: true, parts: [], committed });
  }

  forget(id: string): void {
    this.blobs.remove((this.sessions.get(id)?.parts ?? []).map(({ part }) => part));
    this.sessions.delete(id);
  }

  private take(session: UploadSession, { cursor, close, contentHash, body, request }: Append): void {
    const repeats = ({ offset }: { offset: number }) => session.concurrent && offset === cursor.offset;
    const parts = session.parts.filter((part) => !repeats(part));
    if (body.part !== undefined) parts.push({ offset: cursor.offset, part: body.part });
    const entry = { offset: cursor.offset, length: body.length, request };
    this.sessions.set(session.id, {
      ...session,
      // A body that was cut never said whether it was the last one.
      closed: close && !body.cut,
      parts: parts.sort((a, b) => a.offset - b.offset),
      journal: [...session.journal, { ...entry, withHash: contentHash !== undefined, cut: body.cut }],
    });
    this.blobs.adopt(body.part);
    this.blobs.remove(session.parts.filter(repeats).map(({ part }) => part));
  }
}

/** Where a sequential session goes on, and where a concurrent one ends. */
export function lengthOf(session: UploadSession): number {
  const last = session.parts.at(-1);
  return last === undefined ? 0 : last.offset + last.part.length;
}

/** Throws when a body is too large or not what the client says it is. A body that was cut cannot be checked. */
export function checkBody(body: ReceivedBody, contentHash: string | undefined): void {
  if (body.tooLarge) throw new SessionRefused('payload_too_large');
  if (!body.cut && contentHash !== undefined && contentHash !== body.contentHash) {
    throw new SessionRefused('content_hash_mismatch');
  }
}

function checkSequential(session: UploadSession, { cursor, body, contentHash }: Append): void {
  const length = lengthOf(session);
  if (cursor.offset !== length) throw new SessionRefused('incorrect_offset', { correct_offset: length });
  checkBody(body, contentHash);
  if (length + body.length > largestFile) throw new SessionRefused('too_large');
}

function checkConcurrent(session: UploadSession, { cursor, close, body, contentHash }: Append): void {
  if (cursor.offset % blockSize !== 0) throw new SessionRefused('concurrent_session_invalid_offset');
  if (!close && body.length % blockSize !== 0) {
    throw new SessionRefused('concurrent_session_invalid_data_size');
  }
  checkBody(body, contentHash);
  if (cursor.offset + body.length > largestFile) throw new SessionRefused('too_large');
  const end = cursor.offset + body.length;
  const overlaps = session.parts.some(
    ({ offset, part }) =>
      offset < end &&
      cursor.offset < offset + part.length &&
      // The same range again is a client that repeats itself.
      !(offset === cursor.offset && part.length === body.length),
  );
  if (overlaps) throw new SessionRefused('concurrent_session_invalid_offset');
}

function hasHoles(session: UploadSession): boolean {
  let expected = 0;
  return session.parts.some(({ offset, part }) => {
    const hole = offset !== expected;
    expected = offset + part.length;
    return hole;
  });
}
