// What no public source settles about Dropbox. A client has to survive every position of every switch.

export interface Switches {
  /** The answer to append and finish on an upload session that was committed. */
  afterCommit: 'not_found' | 'closed' | 'idempotent';
  /** What remains of a body whose connection broke. */
  partialAppend: 'discard' | 'keep';
  /** Whether a content_hash_mismatch on finish leaves the body appended. */
  hashMismatchOnFinishKeepsBody: boolean;
  unknownRouteStatus: number;
  /** Entries on a page of a listing without a limit. */
  defaultPageSize: number;
  /** What a commit gets while another one is under way; 'none' only records a violation. */
  contention: 'none' | '429' | '409';
  /** Requests that may be open at the same time before it is a violation. */
  openRequestsAllowed: number;
  /** So long after an answer another request of the same client may have been on its way already. */
  underwayMs: number;
  /** So long after a change, what reads still shows the tree without it: look-ups, listings, and the source of a copy. */
  visibleAfterMs: number;
  /** Calls of finish_batch that answer with a job before the result is there. */
  asyncJobs: boolean;
}

export function defaultSwitches(): Switches {
  return {
    afterCommit: 'not_found',
    partialAppend: 'discard',
    hashMismatchOnFinishKeepsBody: false,
    unknownRouteStatus: 400,
    defaultPageSize: 500,
    contention: 'none',
    openRequestsAllowed: 16,
    underwayMs: 50,
    visibleAfterMs: 0,
    asyncJobs: false,
  };
}
