// Ending a real run of a command at a chosen moment of its talk with Dropbox.
import { expect } from 'vitest';
import type { ActionOf, Moment } from '../stand-ins/dropbox/faults.ts';
import type { DropboxWorld } from './dropbox-world.ts';
import { filesWithSecrets } from './dropbox-world-checks.ts';

export interface KillMoment {
  route: string;
  nth?: number;
  when?: Moment;
  /** After so many bytes of the request's body. */
  afterBytes?: number;
  /** When so many bytes of the file have arrived, over all appends. */
  atOffset?: number;
  signal?: 'SIGKILL' | 'SIGTERM';
}

/** Runs `db-backup run`, ends it at the moment, and returns when the stand-in has noticed. */
export async function runKilled(world: DropboxWorld, moment: KillMoment): Promise<void> {
  const { standIn } = world;
  const { route, nth, atOffset, signal = 'SIGKILL', ...at } = moment;
  let pid = 0;
  let killed = false;
  const { promise: gone, resolve: isGone } = Promise.withResolvers<void>();
  const action: ActionOf<'run'> = {
    kind: 'run',
    ...at,
    run() {
      killed = true;
      process.kill(pid, signal);
      // Not a byte more is taken: a process that dies slowly would get on with its work.
      return gone;
    },
  };
  standIn.fault({
    route,
    ...(nth === undefined ? {} : { nth }),
    ...(atOffset === undefined ? {} : { times: Infinity }),
    matches({ argument }) {
      if (killed) return false;
      // Where the body of this very request has to be cut.
      if (atOffset !== undefined) action.afterBytes = Math.max(1, atOffset - offsetIn(argument));
      return true;
    },
    action,
  });
  // At its arrival, without more: before it is carried out.
  if (at.when === undefined && at.afterBytes === undefined && atOffset === undefined) {
    standIn.fault({ route, ...(nth === undefined ? {} : { nth }), action: { kind: 'reply', status: 500 } });
  }
  const ended = await world.runProcess('db-backup', ['run'], { onStart: (started) => (pid = started) });
  isGone();
  expect(ended).toMatchObject({ signal, stdout: '' });
  await standIn.idle();
  standIn.clearFaults();
  expect(standIn.violations).toEqual([]);
  expect(filesWithSecrets(world)).toEqual([]);
}

function offsetIn(argument: unknown): number {
  return (argument as { cursor: { offset: number } }).cursor.offset;
}
