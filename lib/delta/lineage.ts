// A lineage: one link for each batch that a machine makes, kept outside the database that can be put back. By it a sender
// knows a receiver that was put back, which holds an older link of its own, from somebody else who sends under its name.
import { createHmac } from 'node:crypto';

/** What a link says: `<count>-<16 random hex digits>-<16 hex digits that only who has the secret can make>`. */
const linkPattern = /^(\d{1,15})-([0-9a-f]{16})-([0-9a-f]{16})$/;

/** The link of the batch `count`, from 1. `random` has 16 hex digits. */
export function makeLink(secret: string, count: number, random: string): string {
  return `${count}-${random}-${proof(secret, count, random)}`;
}

/** Which batch of ours a link belongs to; undefined where we have not made it. */
export function countOfLink(secret: string, link: string): number | undefined {
  const [, count, random, given] = linkPattern.exec(link) ?? [];
  if (count === undefined || random === undefined) return undefined;
  return proof(secret, Number(count), random) === given ? Number(count) : undefined;
}

export function isLink(text: string): boolean {
  return linkPattern.test(text);
}

function proof(secret: string, count: number, random: string): string {
  return createHmac('sha256', secret).update(`${count}-${random}`).digest('hex').slice(0, 16);
}
