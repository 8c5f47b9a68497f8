// Puts a page where a person wants it, over an older one of ours and over nothing else: the directory may be a web server's,
// and whoever may write there may have put something in the way (docs/threat-model.md).
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { errorCode, OpsError, systemError } from '../../../lib/base/errors.ts';
import { shellWord } from '../../../lib/base/shell-word.ts';
import { writeInto } from '../../../lib/files/durable.ts';
import { ifThere } from '../../../lib/files/if-there.ts';
import type { HeldDirectory } from '../../../lib/files/held-directory.ts';
import { locateDirectory } from '../../../lib/files/locate-file.ts';
import { fullDiskDetails } from '../../../lib/files/space.ts';
import { reportMark } from '../../../lib/report/html.ts';

/** The mark stands in the first lines. */
const headBytes = 1024;

/**
 * Readers see the old page or the new one. Without a mode it is 0644 less what the umask takes. Throws OpsError `refused` for
 * what is no report of ours, `missing` where there is no directory, `denied` and `io` where it cannot be written.
 */
export async function writePage(path: string, html: string, mode: number | undefined): Promise<void> {
  const absolute = resolve(path);
  try {
    using directory = await heldFor(absolute);
    const name = basename(absolute);
    await requireOurs(directory.at(name), absolute);
    await writeInto(directory, name, html, {
      mode: mode ?? 0o644,
      toOwner: false,
      isExact: mode !== undefined,
    });
  } catch (error) {
    throw systemError(`write ${absolute}`, error, fullDiskDetails(error, dirname(absolute)));
  }
}

async function heldFor(absolute: string): Promise<HeldDirectory> {
  const parent = dirname(absolute);
  try {
    return await locateDirectory(parent);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    throw new OpsError('missing', `cannot write ${absolute}: there is no directory ${parent}`, {
      hint: `make it: mkdir -p ${shellWord(parent)}`,
    });
  }
}

/** Looked at through one descriptor, which follows no link and waits for nobody. */
async function requireOurs(path: string, called: string): Promise<void> {
  try {
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
    await using file = await ifThere(open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
    if (file === undefined) return;
    const status = await file.stat();
    if (!status.isFile()) throw refused(called, 'what is there is no file');
    if (status.uid !== process.geteuid?.()) throw refused(called, `it belongs to user ${status.uid}`);
    const { bytesRead, buffer } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    if (!buffer.subarray(0, bytesRead).toString().includes(reportMark))
      throw refused(called, 'what is there is no report of ours');
  } catch (error) {
    if (errorCode(error) === 'ELOOP') throw refused(called, 'it is a link');
    // A socket cannot be opened.
    if (errorCode(error) === 'ENXIO') throw refused(called, 'what is there is no file');
    throw error;
  }
}

function refused(path: string, cause: string): OpsError {
  return new OpsError('refused', `cannot write ${path}: ${cause}`, {
    hint: 'name a file that is not there yet, or remove this one first',
  });
}
