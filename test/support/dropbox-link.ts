// A machine that is to be linked with Dropbox, and the person who does it.
import { DropboxWorld } from './dropbox-world.ts';
import { makeBookings } from './world.ts';

export const refreshTokenShape = /^[\w-]{40,}$/;

/** A machine that knows the key of its app, and nothing else. */
export async function newMachine(): Promise<DropboxWorld> {
  const world = await DropboxWorld.start();
  makeBookings(world.database, { journalMode: 'delete' });
  world.configureDropbox();
  const { DROPBOX_APP_KEY = '', HOLDFAST_DROPBOX_URL = '' } = world.environment;
  world.environment = { DROPBOX_APP_KEY, HOLDFAST_DROPBOX_URL };
  return world;
}

/** The address that a person is shown before they are asked for the code. */
export function addressIn(shown: string): string | undefined {
  return /^ +(http\S+)\n\nCode: $/m.exec(shown)?.[1];
}

/** The person allows access, and copies the code. */
export async function allow(address: string): Promise<string> {
  const reply = await fetch(address, { headers: { accept: 'application/json' } });
  const { code } = (await reply.json()) as { code: string };
  return code;
}
