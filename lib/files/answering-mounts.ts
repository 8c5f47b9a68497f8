// Whether what is mounted answers: asked before anything of ours enters it. A share whose server is gone, or a file system whose
// program hangs, would keep us for ever in the first call (see ask-apart.ts); a disk of this machine says itself when it is gone.
import { readFileSync } from 'node:fs';
import { OpsError } from '../base/errors.ts';
import { formatDuration } from '../base/format.ts';
import { shellWord } from '../base/shell-word.ts';
import { answerMsMax, askApart } from './ask-apart.ts';
import { type Mount, parseMounts } from './mount-info.ts';

/** Served by something else than this kernel: a network, a program, a host. */
const served =
  /^(nfs4?|cifs|smb3|smbfs|9p|virtiofs|autofs|ceph|fuse|fuseblk|fuse\..+|afs|coda|ocfs2|gfs2|lustre|beegfs|orangefs|davfs|vboxsf|vmhgfs|prl_fs)$/;
/** Where the system itself mounts such; no data of anybody lies there. */
const ofTheSystem = /^\/(proc|sys|dev|run\/user)\//;

/** Those that may hang of the mounts in the text of a `/proc/<pid>/mountinfo`; the last one of a place goes before the others. */
export function mountsThatMayHang(mountinfo: string): Mount[] {
  return parseMounts(mountinfo).filter(({ type, point }) => served.test(type) && !ofTheSystem.test(point));
}

/** The same of this process, or of another one that can be seen; none where nobody can tell. */
export function servedMounts(pid: number | 'self' = 'self'): Mount[] {
  try {
    return mountsThatMayHang(readFileSync(`/proc/${pid}/mountinfo`, 'utf8'));
  } catch {
    return [];
  }
}

/** As they were when this process first looked: each path has many parts, and each is asked about. */
let known: ReadonlyMap<string, Mount> | undefined;
/** What was asked already: whoever comes second neither waits again nor asks again. */
const asked = new Map<string, Promise<boolean>>();

/** The mount at `path`, a real path, if it is one that may hang. */
export function servedMountAt(path: string): Mount | undefined {
  known ??= new Map(servedMounts().map((mount) => [mount.point, mount]));
  return known.size === 0 ? undefined : known.get(path);
}

/** It did not answer: nothing below it can be looked at. */
export class NoAnswer extends OpsError {
  constructor(path: string, { type, source, point: at }: Mount) {
    super(
      'unavailable',
      `cannot use ${path}: ${at} (${type} from ${source}) did not answer within ${formatDuration(answerMsMax)}`,
      {
        hint: `is what serves it still there? to take it away, and mount it again: umount -l ${shellWord(at)}`,
      },
    );
    this.name = 'NoAnswer';
  }
}

/** Throws NoAnswer, about `path`, where the mount that has to be entered for it does not answer. Asked once in a process. */
export async function requireAnswer(mount: Mount, path: string): Promise<void> {
  const answer = asked.get(mount.point) ?? answers(mount.point);
  asked.set(mount.point, answer);
  if (!(await answer)) throw new NoAnswer(path, mount);
}

/**
 * Not for what is kept of it here: the free space and the first name are asked of the server each time. What is refused is an
 * answer. Where the question cannot be put, nobody can tell, and the work goes on.
 */
async function answers(path: string): Promise<boolean> {
  const script = 'stat -f -- "$1"; find "$1" -mindepth 1 -maxdepth 1 -print -quit';
  const answer = await askApart('sh', ['-c', script, 'sh', path]).catch(() => 'unknown');
  return answer !== undefined;
}
