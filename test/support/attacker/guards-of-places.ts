// The guards of files and directories that somebody else may exchange: where something lies, and whose it is.
import { type Guard, looksAtNames } from './guard.ts';

export const guardsOfPlaces: readonly Guard[] = [
  {
    does: 'follows only links of root, of us, and of who owns what they lead to',
    file: 'lib/files/locate-file.ts',
    from: 'const link = links.find(({ uid }) => uid !== ownerUid);',
    to: 'const link = links.find(() => false);',
  },
  {
    does: 'reaches what is in a directory through its descriptor',
    file: 'lib/files/held-directory.ts',
    from: 'at: (name) => `${prefix}/${name}`,',
    to: 'at: (name) => join(called, name),',
  },
  {
    does: 'holds a directory in a directory through its descriptor, and no link',
    file: 'lib/files/held-directory.ts',
    from: 'hold: (name) => holdDirectory(`${prefix}/${name}`, join(called, name)),',
    to: 'hold: (name) => holdDirectory(join(called, name, "."), join(called, name)),',
  },
  {
    does: 'lists a directory through its descriptor',
    file: 'lib/files/held-directory.ts',
    from: 'names: () => promisify(readdir)(prefix),',
    to: 'names: () => promisify(readdir)(called),',
  },
  {
    does: 'reads small files bounded, never a pipe, never through a link',
    file: 'lib/files/read-small-file.ts',
    from: '  await using file = await open(path, openFlags(follow));',
    to: `  const whole = await import('node:fs/promises');
  return { bytes: await whole.readFile(path), status: await whole.stat(path, { bigint: true }) };
  await using file = await open(path, openFlags(follow));`,
  },
  {
    does: 'believes only records and directories of ours',
    file: 'lib/placement/own.ts',
    from: 'if (isOwn(status)) return;',
    to: 'return;',
  },
  {
    does: 'grants no owner but that of the file in place or its directory',
    file: 'lib/placement/ownership.ts',
    from: 'uid: isOwner ? wanted.uid : base.uid,',
    to: 'uid: wanted.uid,',
  },
  {
    does: 'grants no group but that of the file in place or its directory',
    file: 'lib/placement/ownership.ts',
    from: 'gid: isGroup ? wanted.gid : base.gid,',
    to: 'gid: wanted.gid,',
  },
  {
    does: 'gives the mode of a wish to no other owner',
    file: 'lib/placement/ownership.ts',
    from: 'const mode = isOwner && isGroup ? wanted.mode : base.mode;',
    to: 'const mode = wanted.mode;',
  },
  {
    does: 'grants no bits that were not there, and none that a database does not need',
    file: 'lib/placement/ownership.ts',
    from: 'mode: mode & most & databaseBits,',
    to: 'mode,',
  },
  {
    does: 'changes owner and mode of no link',
    file: 'lib/placement/ownership.ts',
    from: 'open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK),',
    to: 'open(path, constants.O_RDONLY),',
  },
  {
    does: 'takes only regular files for members of a database',
    file: 'lib/placement/file-mark.ts',
    from: 'if (!status.isFile()) {',
    to: 'if (String(status.size) === "") {',
  },
  {
    does: 'refuses a second name of somebody else’s file',
    file: 'lib/files/borrowed.ts',
    from: 'if (file.nlink === 1n ||',
    to: 'if (file.nlink > 0n ||',
  },
  {
    does: 'takes only files for documents',
    file: 'jobs/db-export-json/steps/refresh-document.ts',
    from: 'if (!status.isFile())',
    to: 'if (status.size < 0n)',
  },
  {
    does: 'knows where others make names',
    file: 'lib/files/borrowed.ts',
    from: 'return isRootOrUs(Number(uid)) && (mode & 0o022n) === 0n;',
    to: 'return uid >= 0n && mode >= 0n;',
  },
  {
    does: 'hashes and copies only regular files, and waits for no pipe',
    file: 'lib/files/hash-file.ts',
    from: 'file = await open(path, O_RDONLY | O_NONBLOCK | (follow ? 0 : O_NOFOLLOW));',
    to: 'file = await open(path, O_RDONLY); if (follow || file !== undefined || O_NONBLOCK < O_NOFOLLOW) return file;',
  },
  {
    does: 'takes only names of staging directories out of an intent',
    file: 'lib/placement/intent.ts',
    from: 'if (!isStagingName(database, name))',
    to: 'if (name === "" && !isStagingName(database, name))',
  },
  {
    does: 'takes only names of undo sets out of an intent',
    file: 'lib/placement/intent.ts',
    from: 'if (undoOrder(database, name) === undefined)',
    to: 'if (name === "" && undoOrder(database, name) === undefined)',
  },
  {
    does: 'holds no directory through a link',
    file: 'lib/files/held-directory.ts',
    from: 'openSync(path, O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW)',
    to: 'openSync(path, O_PATH | constants.O_DIRECTORY)',
  },
  {
    does: 'takes only a regular file for what somebody left unfinished',
    file: 'lib/files/durable.ts',
    from: 'const isLeft = status?.isFile() === true && isOld;',
    to: 'const isLeft = isOld;',
  },
  {
    does: 'takes only bytes that are as many as were recorded',
    file: 'lib/files/hash-file.ts',
    from: 'if (found.sizeBytes !== expected.sizeBytes) {',
    to: 'if (found.sizeBytes < 0) {',
  },
  {
    does: 'takes only bytes that have the SHA-256 that was recorded',
    file: 'lib/files/hash-file.ts',
    from: 'if (found.sha256 !== expected.sha256) {',
    to: `if (found.sha256 === '') {`,
  },
  {
    does: 'removes an undo set only when all in it is ours',
    file: 'lib/placement/discard-undo.ts',
    from: 'const isFile = ours.includes(found) && (await lstat(directory.at(found))).isFile();',
    to: `const isFile = found !== '';`,
  },
  {
    does: 'takes access control lists of no link',
    file: 'lib/placement/attributes.ts',
    from: 'const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;',
    to: 'const flags = constants.O_RDONLY;',
  },
  {
    does: 'makes nothing where a link leads to nothing',
    file: 'lib/files/locate-file.ts',
    from: 'if (status === undefined && isNameOfLink)',
    to: 'if (status === undefined && links < 0)',
  },
  {
    does: 'asks whether there is room before it writes',
    file: 'lib/files/space.ts',
    from: 'if (free === undefined || free >= need.neededBytes) return;',
    to: 'if (free === undefined || free >= 0) return;',
  },
  looksAtNames('jobs/db-export-json/steps/read-document.ts', 'import { type BigIntStats, lstatSync }'),
  looksAtNames('lib/placement/file-mark.ts', 'import { lstat } from'),
  looksAtNames('lib/placement/discard-undo.ts', 'import { lstat, rmdir'),
  looksAtNames('lib/placement/readiness.ts', 'import { lstat } from'),
  looksAtNames('lib/placement/ownership.ts', 'import { lstat, open } from'),
  looksAtNames('lib/files/durable.ts', 'import { lstat, open,'),
];
