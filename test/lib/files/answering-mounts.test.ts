import { expect, test } from 'vitest';
import { mountsThatMayHang } from '../../../lib/files/answering-mounts.ts';

test('what something else than the kernel serves may hang, and is known by place, kind and device', () => {
  const lines = `21 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw
22 21 0:20 / /proc rw - proc proc rw
30 22 0:30 / /proc/sys/fs/binfmt_misc rw,relatime shared:13 - autofs systemd-1 rw,fd=29
31 21 0:31 / /run/user/1000/gvfs rw - fuse.gvfsd-fuse gvfsd-fuse rw,user_id=1000
40 21 0:40 / /mnt/nas rw,relatime shared:20 - nfs4 nas:/volume1/my\\040copies rw,vers=4.2
41 21 0:41 / /mnt/two\\040words rw master:1 - cifs //nas/share rw
42 21 0:42 / /mnt/k\\134drive rw - autofs systemd-1 rw
43 21 0:43 / /mnt/dropbox rw - fuse.rclone remote: rw
44 21 8:17 / /mnt/usb rw - fuseblk /dev/sdb1 rw
45 21 0:45 / /srv/tmp rw - tmpfs nfs rw
46 21 0:46 / /host rw - 9p host rw
`;
  const found = mountsThatMayHang(lines).map(({ point, type, source }) => `${point} ${type} ${source}`);
  expect(found).toEqual([
    '/mnt/nas nfs4 nas:/volume1/my copies',
    '/mnt/two words cifs //nas/share',
    '/mnt/k\\drive autofs systemd-1',
    '/mnt/dropbox fuse.rclone remote:',
    '/mnt/usb fuseblk /dev/sdb1',
    '/host 9p host',
  ]);
  expect(mountsThatMayHang(lines)[0]).toMatchObject({ id: '40', device: '0:40' });
  expect(mountsThatMayHang('')).toEqual([]);
});
