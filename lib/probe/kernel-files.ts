// What the kernel says in /proc and /sys: small texts, which may be missing, or refuse to be read for the moment.
import { readdir, readFile, readlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { OpsError } from '../base/errors.ts';

/** The text of a file without blanks around it; undefined where it cannot be read. */
export async function kernelText(root: string, path: string): Promise<string | undefined> {
  try {
    return (await readFile(join(root, path), 'utf8')).trim();
  } catch {
    return undefined;
  }
}

/** The same where there is nothing to say without it. Throws OpsError `missing`. */
export async function neededKernelText(root: string, path: string): Promise<string> {
  const text = await kernelText(root, path);
  if (text === undefined)
    throw new OpsError('missing', `cannot read /${path}: the kernel does not offer it here`);
  return text;
}

/** A whole number, decimal or `0x…`; undefined where there is none. */
export async function kernelNumber(root: string, path: string): Promise<number | undefined> {
  const text = await kernelText(root, path);
  return text !== undefined && /^(-?\d+|0x[0-9a-f]+)$/i.test(text) ? Number(text) : undefined;
}

/** The names in a directory, in order; none where there is none. */
export async function kernelNames(root: string, path: string): Promise<string[]> {
  return (await readdir(join(root, path)).catch(() => [])).sort();
}

/** The last part of what a link points to; undefined where there is none. */
export async function kernelLink(root: string, path: string): Promise<string | undefined> {
  return readlink(join(root, path)).then(
    (target) => basename(target),
    () => undefined,
  );
}

/** Which start of the machine this is. */
export async function bootId(root: string): Promise<string> {
  return neededKernelText(root, 'proc/sys/kernel/random/boot_id');
}

/** The directories of the sensors with a name, such as `rpi_volt`: their numbers change from start to start. */
export async function sensors(root: string, name: string): Promise<string[]> {
  const all = await kernelNames(root, 'sys/class/hwmon');
  const named = await Promise.all(
    all.map(async (sensor) => {
      const path = join('sys/class/hwmon', sensor);
      return (await kernelText(root, join(path, 'name'))) === name ? [path] : [];
    }),
  );
  return named.flat();
}
