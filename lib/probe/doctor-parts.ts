// All that a doctor looks at, in the order in which people should read it: one line each.
import type { Part } from './doctor.ts';
import { databases, secrets, state } from './doctor-data.ts';
import { encryption } from './doctor-encryption.ts';
import { locks, olderScripts, tools } from './doctor-leftovers.ts';
import { clock, journal, memoryLimit, watchdog } from './doctor-machine.ts';
import { servers } from './doctor-servers.ts';
import { sqlite } from './doctor-sqlite.ts';
import { installedFiles, units } from './doctor-units.ts';

export const doctorParts: readonly (readonly [subject: string, part: Part])[] = [
  ['unit files', installedFiles],
  ['units', units],
  ['secrets', secrets],
  ['databases', databases],
  ['servers', servers],
  ['state', state],
  ['encryption', encryption],
  ['sqlite', sqlite],
  ['journal', journal],
  ['clock', clock],
  ['watchdog', watchdog],
  ['memory limit', memoryLimit],
  ['older scripts', olderScripts],
  ['locks', locks],
  ['programs', tools],
];
