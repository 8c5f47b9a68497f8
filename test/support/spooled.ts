// What lies in the spool of a world.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesBelow, type World } from './world.ts';

/** A record, as far as tests look into it. */
export interface SpooledRecord {
  kind: string;
  check: string;
  result?: string;
  message?: string;
  run_id?: string;
  severity?: string;
  apps?: string[];
}

/** The records, oldest first; those of another place where one is given. */
export function spooled(world: World, place = world.state): SpooledRecord[] {
  const folder = join(place, 'spool/new');
  return filesBelow(folder).map(
    (name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as SpooledRecord,
  );
}
