// How the jobs reach an app's database: through its group, or as root where the operator says so.
import { shellWord } from '../../lib/base/shell-word.ts';
import { existsSync, statSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { systemError } from '../../lib/base/errors.ts';
import type { FileApp } from '../../lib/config/config.ts';
import { groupName } from './accounts.ts';
import type { Problems } from './problems.ts';

export interface DatabasePlace {
  root: string;
  user: string;
  app: Pick<FileApp, 'database' | 'standby'>;
}

/**
 * The group that the database belongs to. Notes whatever would keep a job in this group from reading it, or make it
 * leave side files that the app cannot write.
 */
export function databaseGroup(
  { root, user, app: { database, standby } }: DatabasePlace,
  problems: Problems,
): string | undefined {
  const found = problems.attempt(() => look(root, database, standby !== undefined));
  if (found === undefined) return undefined;
  const { file, directory } = found;
  const group = groupName(root, file.gid);
  if (group === undefined) problems.add(`${database} belongs to the group ${file.gid}, which has no name`);
  if (user === 'root' || group === undefined) return group;
  const folder = dirname(database);
  const asRoot = `or install with --user root`;
  if (file.gid === 0) {
    const remedy = `groupadd ctvapps; chgrp ctvapps ${shellWord(folder)} ${shellWord(database)}; chmod 2770 ${shellWord(folder)}; chmod 660 ${shellWord(database)}`;
    problems.add(
      `${database} belongs to the group root, through which ${user} cannot reach it`,
      `${remedy}; ${asRoot}`,
    );
    return undefined;
  }
  if ((file.mode & 0o060) !== 0o060)
    problems.add(
      `the group ${group} may not read and write ${database}`,
      `chmod g+rw ${shellWord(database)}, ${asRoot}`,
    );
  if (directory.gid !== file.gid || (directory.mode & 0o2070) !== 0o2070)
    problems.add(
      `in ${folder} the group ${group} may not write, or new files do not get that group`,
      `chgrp ${group} ${shellWord(folder)} && chmod g+rwxs ${shellWord(folder)}, ${asRoot}`,
    );
  return group;
}

/** On a standby nothing need be there yet: then its directory says which group it will have. */
function look(
  root: string,
  database: string,
  mayBeMissing: boolean,
): { file: Pick<Stats, 'gid' | 'mode'>; directory: Stats } {
  try {
    const directory = statSync(join(root, dirname(database)));
    const path = join(root, database);
    const file = mayBeMissing && !existsSync(path) ? { gid: directory.gid, mode: 0o660 } : statSync(path);
    return { file, directory };
  } catch (error) {
    throw systemError(`find the database ${database}`, error, {
      hint: 'correct its path in the configuration; a database that is gone: restore run latest',
    });
  }
}

/** Notes a directory that a job with the rights of the app's group could not write in. */
export function requireWritable(
  { root, group, user }: { root: string; group: string; user: string },
  path: string,
  problems: Problems,
): void {
  const found = problems.attempt(() => {
    try {
      return statSync(join(root, path));
    } catch (error) {
      throw systemError(`find the directory ${path}`, error, {
        hint: `make it, for the app and its group: install -d -m 2770 -g ${group} ${shellWord(path)}`,
      });
    }
  });
  if (found === undefined || user === 'root') return;
  if (!found.isDirectory()) problems.add(`${path} is not a directory`);
  else if (groupName(root, found.gid) !== group || (found.mode & 0o030) !== 0o030)
    problems.add(
      `the group ${group} may not write in ${path}`,
      `chgrp ${group} ${shellWord(path)} && chmod g+rwxs ${shellWord(path)}, or install with --user root`,
    );
}
