// What a file has besides owner, group and mode: an access control list, and extended attributes with a person's notes or a
// security label. Node has no calls for them, so the programs of the packages acl and attr are asked, by descriptor. Where
// there is a list, the group's bits of the mode are its mask: to copy the mode alone would give the group more than it had.
// See docs/decisions/access-lists.md.
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { CommandRunner } from '../base/command.ts';
import { errorMessage, OpsError } from '../base/errors.ts';
import { ifThere } from '../files/if-there.ts';
import { wrapped } from './wrapped.ts';

/** What is carried from one file to another, as far as it could be read. */
export interface Attributes {
  /** The entries of the list, one a line, in numbers; undefined where there is none or it could not be read. */
  accessList: string | undefined;
  /** There is a list that could not be read. */
  hasUnreadList: boolean;
  /** The other attributes by name, values as setfattr takes them. */
  values: ReadonlyMap<string, string>;
  /** What is there and cannot be carried, in a few words each. */
  notCarried: readonly string[];
}

/** Nothing but owner, group and mode. */
export const noAttributes: Attributes = {
  accessList: undefined,
  hasUnreadList: false,
  values: new Map(),
  notCarried: [],
};

const timeoutMs = 10_000;
/** The descriptor under which the program finds the file. */
const inherited = '/proc/self/fd/3';
const listName = 'system.posix_acl_access';
/** A person's, and labels that say who may use the file; never what gives a program rights or vouches for other bytes. */
const carriedNames = /^(user\.[\w.:@+-]+|security\.(selinux|SMACK64))$/;
/** What no restored file may have: it says something of the old bytes. */
const ofTheBytes = /^security\.(ima|evm)$/;
const namesMax = 64;

/** What the file or directory at `path` has; nothing where it is not there. */
export async function attributesAt(path: string, called: string, run: CommandRunner): Promise<Attributes> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const opened = await wrapped(`open ${called}`, () => ifThere(open(path, flags)));
  if (opened === undefined) return noAttributes;
  await using file = opened;
  return await readAttributes(file, run);
}

/** As `writeAttributes`, of the file of ours at `path`. */
export async function giveAttributes(
  path: string,
  called: string,
  wanted: Attributes,
  run: CommandRunner,
): Promise<readonly string[]> {
  await using file = await wrapped(`open ${called}`, () =>
    open(path, constants.O_RDONLY | constants.O_NOFOLLOW),
  );
  return await wrapped(`set the attributes of ${called}`, () => writeAttributes(file, wanted, run));
}

/** What the open file has. A program that is not installed is no error: what it would have said is in `notCarried` where it matters. */
async function readAttributes(file: FileHandle, run: CommandRunner): Promise<Attributes> {
  const names = await attributeNames(file, run);
  const list = await readList(file, run, names);
  const values = new Map<string, string>();
  const notCarried = list.hasUnreadList
    ? ['its access control list (getfacl, of the package acl, is not there)']
    : [];
  for (const name of names ?? []) {
    if (name === listName || ofTheBytes.test(name)) continue;
    const value =
      carriedNames.test(name) && values.size < namesMax ? await readValue(file, run, name) : undefined;
    if (value === undefined) notCarried.push(`the attribute ${name}`);
    else values.set(name, value);
  }
  return { ...list, values, notCarried };
}

/**
 * Gives the open file, which is ours, what `wanted` has and nothing else of the kind: a directory may have given it a list
 * of its own. Its owner, group and mode are right already. What cannot be set is told, and then the group has no more than it
 * had under the list.
 */
async function writeAttributes(
  file: FileHandle,
  wanted: Attributes,
  run: CommandRunner,
): Promise<readonly string[]> {
  const notCarried = [...wanted.notCarried];
  const own = await readAttributes(file, run);
  for (const name of own.values.keys())
    if (name.startsWith('user.') && !wanted.values.has(name))
      await attempt(run, 'setfattr', ['-x', name, '--', inherited], file);
  for (const [name, value] of wanted.values) {
    const problem = await attempt(
      run,
      'setfattr',
      ['--restore=-'],
      file,
      `# file: ${inherited}\n${name}=${value}\n`,
    );
    if (problem !== undefined) notCarried.push(`the attribute ${name} (${problem})`);
  }
  return [...notCarried, ...(await writeList(file, wanted, own, run))];
}

/** The bits of a mode as they are without the list: the group's own, and not the mask. */
export function modeWithoutList(mode: number, { accessList, hasUnreadList }: Attributes): number {
  if (hasUnreadList) return mode & ~0o070;
  if (accessList === undefined) return mode;
  const mask = permissions(accessList, 'mask') ?? 0o7;
  return (mode & ~0o070) | (((permissions(accessList, 'group') ?? 0) & mask) << 3);
}

async function writeList(
  file: FileHandle,
  wanted: Attributes,
  own: Attributes,
  run: CommandRunner,
): Promise<string[]> {
  const { accessList } = wanted;
  const mode = (await file.stat()).mode & 0o7777;
  if (accessList === undefined) {
    const isLeft =
      own.accessList !== undefined &&
      (await attempt(run, 'setfacl', ['-b', '--', inherited], file)) !== undefined;
    // One that came from the directory and could not be taken away again, or one of which nothing is known.
    const isWider = isLeft || wanted.hasUnreadList || own.hasUnreadList;
    if (isWider || own.accessList !== undefined) await file.chmod(isWider ? mode & ~0o070 : mode); // what was the mask is the group's own now
    return [];
  }
  const problem = await attempt(run, 'setfacl', ['--set-file=-', '--', inherited], file, accessList);
  if (problem === undefined) return [];
  await file.chmod(modeWithoutList(mode, wanted));
  return [`its access control list (${problem})`];
}

/** Undefined where nobody can tell. */
async function attributeNames(file: FileHandle, run: CommandRunner): Promise<string[] | undefined> {
  try {
    const options = { inheritFd: file.fd, timeoutMs, acceptExitCodes: [0, 1] }; // 1 also where there are none, as on vfat
    const { stdout } = await run('getfattr', ['-m', '-', '--absolute-names', '--', inherited], options);
    return stdout.split('\n').filter((line) => line !== '' && !line.startsWith('# file: '));
  } catch (error) {
    if (error instanceof OpsError) return undefined;
    throw error;
  }
}

/** Undefined also where it is longer than what is kept of the output. */
async function readValue(file: FileHandle, run: CommandRunner, name: string): Promise<string | undefined> {
  const args = ['-n', name, '-e', 'hex', '--absolute-names', '--', inherited];
  const { stdout } = await run('getfattr', args, { inheritFd: file.fd, timeoutMs, acceptExitCodes: [0, 1] });
  const line = stdout.split('\n').find((found) => found.startsWith(`${name}=0x`));
  return line?.slice(name.length + 1);
}

async function readList(
  file: FileHandle,
  run: CommandRunner,
  names: readonly string[] | undefined,
): Promise<Pick<Attributes, 'accessList' | 'hasUnreadList'>> {
  try {
    const args = [
      '--access',
      '--omit-header',
      '--numeric',
      '--no-effective',
      '--absolute-names',
      '--',
      inherited,
    ];
    const { stdout } = await run('getfacl', args, { inheritFd: file.fd, timeoutMs });
    const entries = stdout.split('\n').filter((line) => line !== '');
    const isExtended = entries.some((entry) => !/^(user|group|other)::/.test(entry));
    // A database needs no right to be executed, whoever had it.
    const accessList = isExtended
      ? entries.map((entry) => `${entry.replace(/x$/, '-')}\n`).join('')
      : undefined;
    return { accessList, hasUnreadList: false };
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    return {
      accessList: undefined,
      hasUnreadList: names?.includes(listName) ?? (await lsShowsList(file, run)),
    };
  }
}

/** `ls` marks a file that has a list with a plus sign behind its mode; it is there where nothing else is. */
async function lsShowsList(file: FileHandle, run: CommandRunner): Promise<boolean> {
  try {
    const { stdout } = await run('ls', ['-lLdn', '--', inherited], { inheritFd: file.fd, timeoutMs });
    return stdout.charAt(10) === '+';
  } catch (error) {
    if (error instanceof OpsError) return false;
    throw error;
  }
}

/** The permissions of the entry for the owning group, or of the mask, as one octal digit. */
function permissions(accessList: string, entry: 'group' | 'mask'): number | undefined {
  const [, read, write, execute] = new RegExp(`^${entry}::([r-])([w-])([x-])$`, 'm').exec(accessList) ?? [];
  if (read === undefined) return undefined;
  return (read === 'r' ? 4 : 0) | (write === 'w' ? 2 : 0) | (execute === 'x' ? 1 : 0);
}

/** Why it did not work; undefined where it did. */
async function attempt(
  run: CommandRunner,
  program: string,
  args: readonly string[],
  file: FileHandle,
  input = '',
): Promise<string | undefined> {
  try {
    await run(program, args, { inheritFd: file.fd, timeoutMs, input });
    return undefined;
  } catch (error) {
    if (error instanceof OpsError) return errorMessage(error);
    throw error;
  }
}
