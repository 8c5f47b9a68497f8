// Which addresses this machine has: by them a link that came back is known from one that is still gone.
import { createHash } from 'node:crypto';
import { networkInterfaces } from 'node:os';

/** 16 hex digits that are the same while the addresses are; '' where there is none but its own. */
export function networkMark(interfaces: ReturnType<typeof networkInterfaces> = networkInterfaces()): string {
  const addresses = Object.entries(interfaces).flatMap(([name, list = []]) =>
    list.filter(({ internal }) => !internal).map(({ address }) => `${name} ${address}`),
  );
  if (addresses.length === 0) return '';
  return createHash('sha256').update(addresses.sort().join('\n')).digest('hex').slice(0, 16);
}
