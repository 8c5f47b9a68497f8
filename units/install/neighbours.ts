// What a job must not see: the copies of other apps in a store that is a directory. One job that its database has turned
// against us then reaches no other app's backups. docs/decisions/neighbours.md says why in this way, and what it leaves.
import { join } from 'node:path';
import { type Config, guardedApps } from '../../lib/config/config.ts';
import { backupPrefix } from '../../lib/backup/name.ts';
import { hashesOf, type InstalledApp, type InstallRecord, type Written } from './record.ts';
import { type Files, isNeighbourFile, neighbourFiles } from './wanted.ts';

/** The paths that are hidden from each app of the configuration, by its name. */
export type Hidden = ReadonlyMap<string, readonly string[]>;

/** None where the store is no directory: there a job sees what its token sees. */
export function hiddenPaths({ store, apps }: Pick<Config, 'store' | 'apps'>): Hidden {
  if (store.kind !== 'directory') return new Map();
  const guarded = guardedApps({ apps }).filter(({ layout }) => layout === 'app');
  return new Map(
    guarded.map((own) => [
      own.name,
      guarded
        .filter((other) => other !== own)
        .flatMap(({ name, layout, latest }) => [
          join(store.path, backupPrefix(layout, name)).replace(/\/$/, ''),
          ...(latest === undefined || latest === own.latest ? [] : [join(store.path, latest)]),
        ]),
    ]),
  );
}

/** Another app that is installed, of which one more app is to be hidden from now on. */
interface Neighbour {
  name: string;
  /** What will have been installed of it. */
  installed: InstalledApp;
  /** The files that hide the others from it, and what was written of them before. */
  files: Files;
  before: Written;
}

/** Those that are in the same configuration as the app. */
export function neighboursOf(
  { apps }: InstallRecord,
  { app, configFile, hidden }: { app: string; configFile: string | undefined; hidden: Hidden },
): Neighbour[] {
  return Object.entries(apps)
    .filter(([name, installed]) => name !== app && installed.configFile === configFile && hidden.has(name))
    .map(([name, installed]) => {
      const files = neighbourFiles(name, hidden.get(name));
      const entries = Object.entries(installed.files);
      const before = Object.fromEntries(entries.filter(([path]) => isNeighbourFile(path)));
      const others = Object.fromEntries(entries.filter(([path]) => !isNeighbourFile(path)));
      return { name, installed: { ...installed, files: { ...others, ...hashesOf(files) } }, files, before };
    });
}
