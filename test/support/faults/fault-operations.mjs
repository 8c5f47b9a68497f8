// Which functions of node:fs change something, and on what file a given call of one of them works.
import fs from 'node:fs';
import path from 'node:path';

// Captured before anything is wrapped.
const { readlinkSync } = fs;
const { O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_APPEND } = fs.constants;

/** Functions of node:fs (with a callback, or as …Sync) and of node:fs/promises. */
export const pathOperations = [
  ...['rename', 'link', 'unlink', 'rm', 'rmdir', 'mkdir', 'mkdtemp', 'open', 'copyFile', 'cp', 'symlink'],
  ...['write', 'writev', 'writeFile', 'appendFile', 'truncate', 'ftruncate', 'fsync', 'fdatasync'],
  ...['chmod', 'fchmod', 'lchmod', 'chown', 'fchown', 'lchown', 'utimes', 'futimes', 'lutimes'],
];

/** Methods of a FileHandle. */
export const handleOperations = [
  ...[
    'write',
    'writev',
    'writeFile',
    'appendFile',
    'truncate',
    'sync',
    'datasync',
    'chmod',
    'chown',
    'utimes',
  ],
];

const systemCalls = {
  sync: 'fsync',
  datasync: 'fdatasync',
  writeFile: 'write',
  appendFile: 'write',
  writev: 'write',
  mkdtemp: 'mkdtemp',
  copyFile: 'copyfile',
};

// Where the launcher caches compiled code. Only the first runs of a fresh clone write it: were those calls counted,
// the numbers of a traced run would not be those of the next one.
const compiledCode = /\/(node_modules\/\.cache|\.cache\/holdfast)(\/|$)/;

// The log goes to the standard error output, opened anew where that is a pipe.
const printing = /^(\/proc\/self\/fd\/2$|pipe:|socket:|\/dev\/(pts|tty|null))/;

/** What a call is, or undefined when it changes nothing, only prints, or only caches compiled code. */
export function operationOf(name, self, args) {
  const plainName = name.replace(/Sync$/, '');
  if (plainName === 'open' && !opensForWriting(args[1])) return undefined;
  const subject = typeof self?.fd === 'number' ? self : args[0];
  const descriptor = typeof subject === 'number' ? subject : subject?.fd;
  if (descriptor === 1 || descriptor === 2) return undefined;
  const subjectPath = descriptor === undefined ? String(subject) : descriptorPath(descriptor);
  if (compiledCode.test(subjectPath) || printing.test(subjectPath)) return undefined;
  return { name, systemCall: systemCalls[plainName] ?? plainName, path: subjectPath };
}

/** The last part of the path an operation works on. */
export function operationFile(operation) {
  return path.basename(operation.path);
}

function opensForWriting(flags) {
  if (typeof flags === 'string') return /[wa+]/.test(flags);
  if (typeof flags === 'number') return (flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND)) !== 0;
  return false;
}

function descriptorPath(descriptor) {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    return `descriptor ${descriptor}`; // already closed: the call itself will say so
  }
}
