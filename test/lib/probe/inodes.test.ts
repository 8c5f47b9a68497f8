import { expect, test } from 'vitest';
import { inodesProbe } from '../../../lib/probe/inodes.ts';
import { probeWorld } from '../../support/probe-context.ts';
import { scratch } from '../../support/scratch.ts';

const mountinfo = `27 1 254:0 / / rw,relatime - ext4 /dev/root rw
28 27 0:25 / /srv rw - ext4 /dev/sdb1 rw
29 28 0:26 / /srv/backups rw - nfs4 nas:/b rw
30 27 0:27 / /mnt/k rw - autofs systemd-1 rw
`;

test('each file system that holds something of ours, once', async () => {
  const files = { 'proc/self/mountinfo': mountinfo };
  expect(await inodesProbe.subjects(probeWorld({ files }))).toEqual([
    '/var/lib/holdfast',
    '/srv/backups',
    '/srv/ctv',
  ]);
  const toml = '[store]\nkind = "directory"\npath = "/mnt/k/backups"\n[apps.ctv]\ndatabase = "/opt/ctv.db"\n';
  expect(await inodesProbe.subjects(probeWorld({ files, toml }))).toEqual(['/var/lib/holdfast']); // and what is not mounted yet is left alone
});

test('a file system of this machine', async () => {
  const { total, free } = await inodesProbe.measure(probeWorld({ root: '/' }), scratch());
  expect(free).toBeLessThanOrEqual(total);
});

test('what is not there is not known', async () => {
  await expect(inodesProbe.measure(probeWorld({ root: '/' }), '/nowhere')).rejects.toThrow(
    'No such file or directory',
  );
});
