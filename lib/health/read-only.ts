// Whether what has to be written can be: by what the kernel says of the file system, by the errors that it counted, and, in
// directories of ours, by writing. A worn card goes read-only without a word, and some take writes and forget them.
import { formatCount } from '../base/format.ts';
import { shellWord } from '../base/shell-word.ts';
import type { Check } from './check.ts';

export interface ReadOnlyFacts {
  /** Where it is mounted, and as what. */
  mount: { point: string; type: string } | undefined;
  /** Whether the file system itself takes no writes: not only here. */
  isReadOnly: boolean;
  /** Errors that the file system has counted since somebody checked it; undefined where it counts none. */
  errors: number | undefined;
  /** What became of a real write; undefined where it is not for us to write. */
  write: WriteOutcome | undefined;
}

export type WriteOutcome =
  | { readonly kind: 'written' }
  /** In the words of the program that tried. */
  | { readonly kind: 'refused'; readonly words: string }
  /** It did not end. */
  | { readonly kind: 'hangs'; readonly words: string };

export const readOnlyCheck: Check<ReadOnlyFacts> = {
  name: 'read-only',
  question: 'Can everything be written that has to be?',
  unit: '',
  limits: {},
  worse: 'none',
  causedBy: ['mounts', 'disk-space', 'inodes'],
  judge({ mount, isReadOnly, errors, write }, { subject }) {
    const paths = [subject];
    const measures = errors === undefined ? {} : { error_count: errors };
    const on = mount === undefined ? '' : ` (${mount.type} at ${mount.point})`;
    const point = shellWord(mount?.point ?? subject);
    if (isReadOnly)
      return {
        verdict: 'critical',
        message: `the file system is mounted read-only${on}`,
        hint: `why: dmesg | grep -i -e ext4 -e mmc -e 'i/o error' | tail; try: mount -o remount,rw ${point}, and copy what matters off the disk first`,
        measures,
        paths,
      };
    if (write?.kind === 'refused')
      return {
        verdict: 'critical',
        message: `cannot write there: ${write.words}`,
        hint: `see whose it is, and how full: ls -ld ${shellWord(subject)}; df -h ${shellWord(subject)}`,
        measures,
        paths,
      };
    if (write?.kind === 'hangs')
      return {
        verdict: 'critical',
        message: `a write there does not end: ${write.words}`,
        hint: 'see what the disk says: dmesg | tail -n 30',
        measures,
        paths,
      };
    if (errors !== undefined && errors > 0)
      return {
        verdict: 'warning',
        message: `the file system has counted ${formatCount(errors, 'error')}${on}: copy what matters off it, and have it checked`,
        hint: 'see them: dmesg | grep -i ext4; a check at the next start: touch /forcefsck, or fsck from another system',
        measures,
        paths,
      };
    return {
      verdict: 'ok',
      message: write === undefined ? `is mounted for writing${on}` : 'takes a write, and keeps it',
      measures,
      paths,
    };
  },
};
