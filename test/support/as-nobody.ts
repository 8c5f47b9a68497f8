// Work done without the superuser's rights: for tests of refused permissions, which root does not meet.
import process from 'node:process';

export const nobody = 65534;

/** Runs `work` as `nobody` when this process is root, otherwise as the user it is anyway. */
export async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return work();
  process.setegid?.(nobody);
  process.seteuid?.(nobody);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
  }
}
