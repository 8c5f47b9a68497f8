// The text of a /proc/<pid>/mountinfo (proc_pid_mountinfo(5)): what is mounted where, in the kernel's words.

/** What is mounted somewhere. */
export interface Mount {
  /** As in `/proc/<pid>/fdinfo`. */
  readonly id: string;
  /** Which device it is, `8:1` in decimal: two mounts with one number are one file system. */
  readonly device: string;
  /** Where it is seen. */
  readonly point: string;
  /** `ext4`, `cifs`, `autofs` … */
  readonly type: string;
  /** `/dev/sda1`, `nas:/backups`. */
  readonly source: string;
  /** The file system itself; that it is only shown so, as a sandbox shows all that is not its own, does not count. */
  readonly isReadOnly: boolean;
}

/** Of two at one point the last is the one that is seen. */
export function parseMounts(mountinfo: string): Mount[] {
  return mountinfo.split('\n').flatMap((line) => parseMount(line) ?? []);
}

function parseMount(line: string): Mount | undefined {
  const [before = '', after] = line.split(' - ');
  const [id = '', , device = '', , point = ''] = before.split(' ');
  const [type = '', source = '', superOptions = ''] = after?.split(' ') ?? [];
  if (after === undefined || point === '') return undefined;
  // ext4 says the second where it has stopped by itself, on newer kernels.
  const isReadOnly = superOptions.split(',').some((option) => option === 'ro' || option === 'emergency_ro');
  return { id, device, point: plain(point), type, source: plain(source), isReadOnly };
}

/** The kernel writes blanks and the backslash as octal numbers, and nothing else. */
function plain(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
}
