// What a job must not see: the copies of other apps in a store that is a directory. One job that its database has turned
// against us then reaches no other app's backups. docs/decisions/neighbours.md says why in this way, and what it leaves.
import { join } from 'node:path';
import { type Config, type GuardedApp, guardedApps } from '../../lib/config/config.ts';
import { backupPrefix } from '../../lib/backup/name.ts';
import type { InstalledApp, InstallRecord, Written } from '../../lib/probe/install-record.ts';
import { hashesOf } from './record.ts';
import { type Files, isNeighbourFile, neighbourFiles } from './wanted.ts';

/** The paths that are hidden from each app of the configuration, by its name. */
export type Hidden = ReadonlyMap<string, readonly string[]>;

/** In a store that is no directory a job sees what its token sees. */
export function hiddenPaths(config: Pick<Config, 'store' | 'apps' | 'explorer' | 'stateDirectory'>): Hidden {
  const guarded = guardedApps(config);
  return new Map(
    guarded.flatMap((own) => {
      const others = guarded.filter((other) => other !== own);
      const paths = others.flatMap((other) => [...inStore(config, own, other), ...inExplorer(config, other)]);
      return config.store.kind === 'directory' || paths.length > 0 ? [[own.name, paths] as const] : [];
    }),
  );
}

function inStore(
  { store }: Pick<Config, 'store'>,
  own: GuardedApp,
  { name, layout, latest }: GuardedApp,
): string[] {
  if (store.kind !== 'directory' || own.layout !== 'app' || layout !== 'app') return [];
  return [
    join(store.path, backupPrefix(layout, name)).replace(/\/$/, ''),
    ...(latest === undefined || latest === own.latest ? [] : [join(store.path, latest)]),
  ];
}

/** The copy that is there to be looked at. */
function inExplorer(
  { explorer, stateDirectory }: Pick<Config, 'explorer' | 'stateDirectory'>,
  { name }: GuardedApp,
) {
  return explorer?.apps.includes(name) === true ? [join(stateDirectory, 'explorer', name)] : [];
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
