// A host with two address families of which one leads nowhere: a command loses time for its first connection, and not for
// every one, whichever family it is.
import { join, resolve } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { TlsProxy } from '../stand-ins/dropbox/tls-proxy.ts';
import { DropboxWorld } from '../support/dropbox-world.ts';
import { scratch } from '../support/scratch.ts';
import { type Family, missingForTwoFamilies, TwoFamilies } from '../support/two-families.ts';
import { makeBookings } from '../support/world.ts';

const bin = resolve(import.meta.dirname, '../../bin');
const missing = missingForTwoFamilies();

describe.skipIf(missing !== undefined)(
  `two address families${missing === undefined ? '' : `: ${missing}`}`,
  () => {
    test.each<[Family | undefined, number]>([
      [undefined, 0],
      ['IPv6', 1],
      ['IPv4', 1],
    ])('of which %s leads nowhere: it is tried once at most', async (dead, most) => {
      const world = await DropboxWorld.start();
      onTestFinished(() => world[Symbol.asyncDispose]());
      const proxy = await TlsProxy.start(world.standIn);
      onTestFinished(() => proxy[Symbol.asyncDispose]());
      const network = await TwoFamilies.start(scratch(), proxy, dead);
      onTestFinished(() => network[Symbol.asyncDispose]());
      makeBookings(world.database, { journalMode: 'delete' });
      world.configureDropbox();
      world.comeToNow();
      const environment = {
        ...world.environment,
        HOLDFAST_CONFIG: world.config,
        HOLDFAST_DROPBOX_URL: '',
        NODE_EXTRA_CA_CERTS: proxy.certificateAuthority,
      };
      const ended = await network.run(join(bin, 'db-backup'), ['run'], environment);
      expect(ended).toMatchObject({ exitCode: 0 });
      // There are several connections: the first one finds out.
      expect(network.connections).toBeGreaterThan(1);
      expect(network.attemptsToNowhere).toBeLessThanOrEqual(most);
    });
  },
);
