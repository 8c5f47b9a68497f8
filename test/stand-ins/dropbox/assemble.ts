// Puts a service together over a directory.
import { randomBytes } from 'node:crypto';
import { Blobs } from './blobs.ts';
import type { DurableState } from './durable.ts';
import type { Faults } from './faults.ts';
import { Link } from './link.ts';
import { Namespace } from './namespace.ts';
import type { RequestLog } from './request-log.ts';
import type { Account, Service } from './service.ts';
import type { Switches } from './switches.ts';
import { Tokens } from './tokens.ts';
import { UploadSessions } from './upload-sessions.ts';
import type { Violations } from './violations.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** What stays the same over a restart though it is not on disk: it belongs to the test. */
export interface Surroundings {
  appScopes: readonly string[];
  quotaBytes: () => number;
  line: { bandwidthBytesPerSecond?: number; latencyMs?: number };
  clock: VirtualClock;
  switches: Switches;
  faults: Faults;
  log: RequestLog;
  violations: Violations;
}

export function assemble(directory: string, state: DurableState, around: Surroundings): Service {
  const { clock, switches, appScopes } = around;
  const blobs = new Blobs(directory, state);
  const tokens = new Tokens(state, clock);
  return {
    ...around,
    account: account(state, tokens, appScopes),
    atomically: (change) => state.atomically(change),
    link: new Link(around.line),
    blobs,
    namespace: new Namespace(state),
    sessions: new UploadSessions(state, { blobs, clock, switches }),
    tokens,
    jobs: new Map(),
  };
}

/** The account that the directory holds, or a new one. */
function account(state: DurableState, tokens: Tokens, scopes: readonly string[]): Account {
  const accounts = state.map<Account>('account');
  const known = accounts.get('account');
  if (known !== undefined) return known;
  const made = {
    accountId: `dbid:${randomBytes(32).toString('base64url').slice(0, 35)}`,
    uid: '12345',
    appKey: randomBytes(8).toString('hex').slice(0, 15),
    appSecret: randomBytes(8).toString('hex').slice(0, 15),
    refreshToken: tokens.newRefresh(scopes).token,
  };
  accounts.set('account', made);
  return made;
}
