// The names of users and groups, from the files of this machine: for people, and for what people type.
import { readSmallFileSync } from './read-small-file.ts';

const fileBytesMax = 4 * 1024 * 1024;
/** Where each kind is listed, `name:password:number:…` in both. */
const lists = { user: '/etc/passwd', group: '/etc/group' } as const;

type Kind = keyof typeof lists;

/** The name of a number; the number itself where these files have none for it. */
export function accountName(kind: Kind, number: number): string {
  return linesOf(kind).find(({ id }) => id === number)?.name ?? String(number);
}

/** The number of what is written as a name or a number; undefined where no such name is known. */
export function accountNumber(kind: Kind, text: string): number | undefined {
  if (/^\d{1,10}$/.test(text)) return Number(text) < 0xffff_ffff ? Number(text) : undefined;
  return linesOf(kind).find(({ name }) => name === text)?.id;
}

function linesOf(kind: Kind): { name: string; id: number }[] {
  try {
    const text = readSmallFileSync(lists[kind], { sizeBytesMax: fileBytesMax, follow: true }).toString();
    return text.split('\n').flatMap((line) => {
      const [name = '', , id = ''] = line.split(':');
      return name !== '' && /^\d+$/.test(id) ? [{ name, id: Number(id) }] : [];
    });
  } catch {
    return []; // numbers say the same
  }
}
