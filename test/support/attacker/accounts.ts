// Who attacks, and who must not be hurt: accounts by number, for that they have no names is nothing to the kernel.

export const appUser = 4321;
export const appGroup = 4400;
/** Writes the store. */
export const outsider = 4322;
/** Has a database of its own. */
export const otherUser = 4323;

/** The words that begin a command which is to have that user's rights and no others. */
export function asUser(uid: number): string[] {
  const gid = uid === appUser ? appGroup : uid;
  return ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--'];
}
