// What the jobs and the apps share, for a doctor: the files of secrets, the databases with what lies beside them, and the state.
import { lstat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemError } from '../base/errors.ts';
import { shellWord } from '../base/shell-word.ts';
import { type FileApp, fileApps } from '../config/config.ts';
import { credentialsDirectory } from '../config/secrets.ts';
import { ifPathThere } from '../files/if-there.ts';
import { amiss, type DoctorContext, type Looked, lookAt, type Part, well } from './doctor.ts';
import { namesAt, type Status, statusesOf } from './doctor-files.ts';
import { knownRecord } from './install-record.ts';
import { mountOf, readMounts } from './mount-table.ts';

/** Root's alone: systemd reads them, and hands each job its own copy. */
export const secrets: Part = async ({ root, rootId }) => {
  const directory = await statusAt(root, credentialsDirectory);
  if (directory === undefined) return [well('secrets', `there are none in ${credentialsDirectory}`)];
  const looked = exposed(credentialsDirectory, directory, { rootId, mode: 0o700 });
  const names = await namesAt(root, credentialsDirectory);
  for (const name of names) {
    const path = join(credentialsDirectory, name);
    const status = await statusAt(root, path);
    if (status !== undefined) looked.push(...exposed(path, status, { rootId, mode: 0o600 }));
  }
  return looked.length > 0 ? looked : [well('secrets', `${names.length} files, for root alone`)];
};

async function statusAt(root: string, path: string): Promise<{ uid: number; mode: number } | undefined> {
  try {
    return await ifPathThere(lstat(join(root, path)));
  } catch (error) {
    throw systemError(`look at ${path}`, error);
  }
}

function exposed(
  path: string,
  status: { uid: number; mode: number },
  { rootId, mode }: { rootId: number; mode: number },
): Looked[] {
  const others = status.mode & 0o777 & ~mode;
  const word = shellWord(path);
  const critical = (message: string, help: string): Looked => ({
    ...{ subject: 'secrets', message, hint: help },
    verdict: 'critical',
  });
  return [
    ...(status.uid === rootId
      ? []
      : [critical(`${path} belongs to user ${status.uid}, not root`, `sudo chown root:root ${word}`)]),
    ...(others === 0
      ? []
      : [
          critical(
            `others than root may use ${path} (mode ${(status.mode & 0o777).toString(8)})`,
            `sudo chmod ${mode.toString(8)} ${word}`,
          ),
        ]),
  ];
}

/** Whether app and jobs can both go on, whoever makes the files beside the database. */
export const databases: Part = async (context) => {
  const parts = fileApps(context.config).map(
    (app) => [app.name, (own: DoctorContext) => databaseOf(own, app)] as const,
  );
  return lookAt(context, parts);
};

async function databaseOf(context: DoctorContext, { name, database, standby }: FileApp): Promise<Looked[]> {
  const folder = dirname(database);
  const besides = ['-wal', '-shm', '-journal'].map((suffix) => database + suffix);
  const found = await statusesOf(context, [folder, database, ...besides]);
  const [directory, file] = [found.get(folder), found.get(database)];
  if (directory !== undefined && file === undefined && standby !== undefined)
    return [well(name, 'it is live on another machine: nothing is in its place here yet')];
  if (directory === undefined || file === undefined)
    return [
      {
        subject: name,
        verdict: 'critical',
        message: `${directory === undefined ? folder : database} is not there`,
        hint: `correct its path in the configuration; a database that is gone: restore run latest`,
      },
    ];
  const user = knownRecord(context.root).apps[name]?.user;
  // Not through the group where the jobs are root, or the app's own user.
  const isShared = user !== undefined && user !== 'root';
  const looked = [
    ...(isShared ? sharing(name, { path: folder, ...directory }, { path: database, ...file }) : []),
    ...besides.flatMap((path) => {
      const side = found.get(path);
      return side === undefined ? [] : sideFile(name, { path, ...side }, file);
    }),
    ...[
      { path: folder, ...directory },
      { path: database, ...file },
    ].flatMap((one) => open(name, one)),
  ];
  return looked.length > 0 ? looked : [well(name, `app and jobs both reach ${database}`)];
}

type Named = Status & { path: string };

function sharing(name: string, directory: Named, file: Named): Looked[] {
  if (file.gid === 0)
    return [
      amiss(
        name,
        `${file.path} belongs to the group root, through which no job reaches it`,
        `sudo groupadd -f ctvapps && sudo chgrp ctvapps ${shellWord(directory.path)} ${shellWord(file.path)}, and the app's user into it: sudo usermod -aG ctvapps <user>`,
      ),
    ];
  const missing: Looked[] = [];
  if ((file.mode & 0o060) !== 0o060)
    missing.push(
      amiss(
        name,
        `the jobs may not read and write ${file.path}, for its group may not`,
        `sudo chmod g+rw ${shellWord(file.path)}`,
      ),
    );
  if (directory.gid !== file.gid)
    missing.push(
      amiss(
        name,
        `${directory.path} is not of the group of the database (${directory.gid}, and not ${file.gid})`,
        `sudo chgrp --reference=${shellWord(file.path)} ${shellWord(directory.path)} && sudo chmod g+rwxs ${shellWord(directory.path)}`,
      ),
    );
  else if ((directory.mode & 0o2070) !== 0o2070)
    missing.push(
      amiss(
        name,
        (directory.mode & 0o070) === 0o070
          ? `files that are made in ${directory.path} do not get its group: app and jobs would lock each other out`
          : `the jobs may not write in ${directory.path}, where what belongs to the database is made`,
        `sudo chmod g+rwxs ${shellWord(directory.path)}`,
      ),
    );
  return missing;
}

/** One that the user of the database cannot write keeps the app from its own data. */
function sideFile(name: string, side: Named, file: Status): Looked[] {
  const isOwners = side.uid === file.uid && (side.mode & 0o600) === 0o600;
  const isGroups = side.gid === file.gid && (side.mode & 0o060) === 0o060;
  const needsGroup = (file.mode & 0o060) === 0o060;
  if (needsGroup ? isGroups : isOwners || isGroups) return [];
  const word = shellWord(side.path);
  const database = shellWord(side.path.replace(/-(wal|shm|journal)$/, ''));
  return [
    {
      subject: name,
      verdict: 'critical',
      message: `${side.path} is not for all who may write the database: they are locked out while it is there`,
      hint: `sudo chown --reference=${database} ${word} && sudo chmod --reference=${database} ${word}`,
    },
  ];
}

function open(name: string, { path, mode, isDirectory }: Named): Looked[] {
  if ((mode & 0o002) === 0 || (isDirectory && (mode & 0o1000) !== 0)) return [];
  return [amiss(name, `every user of this machine may write ${path}`, `sudo chmod o-w ${shellWord(path)}`)];
}

const fleeting = ['tmpfs', 'ramfs', 'overlay', 'aufs', 'squashfs'];

/** What is known of earlier runs has to be there after the next start. */
export const state: Part = async (context) => {
  const { stateDirectory: path } = context.config;
  const subject = 'state';
  if (context.isRunning) {
    const mount = mountOf(path, await readMounts(context.root));
    if (mount !== undefined && fleeting.includes(mount.type))
      return [
        amiss(
          subject,
          `${path} lies on ${mount.point} (${mount.type}), which is empty after the next start: the history and what waits to be told are lost`,
          `mount a disk there, or name a directory on one: state_directory in the configuration`,
        ),
      ];
    if (mount?.isReadOnly === true)
      return [
        amiss(
          subject,
          `${path} lies on ${mount.point}, which is mounted read-only: nothing can be remembered`,
          `why: dmesg | grep -i -e ext4 -e mmc; then: sudo mount -o remount,rw ${shellWord(mount.point)}`,
        ),
      ];
  }
  const found = await statusesOf(context, [path]);
  const directory = found.get(path);
  if (directory === undefined)
    return [amiss(subject, `${path} is not there`, `it is made by the first run: db-backup run`)];
  if ((directory.mode & 0o002) !== 0)
    return [
      amiss(subject, `every user of this machine may write ${path}`, `sudo chmod o-w ${shellWord(path)}`),
    ];
  return [well(subject, `${path} is on a disk, and stays`)];
};
