// db-backup list: every file in the store, or below a path.
import { formatBytes, formatCount, formatInstant, formatTable } from '../../lib/base/format.ts';
import type { CommandRun } from '../../lib/run/job.ts';
import { requireStoreName } from '../../lib/store/name.ts';

export const run: CommandRun = async (context, input) => {
  const path = (input.argument(0) ?? '').replace(/^\/+|\/+$/g, '');
  const below = path === '' ? '' : requireStoreName(path);
  const store = await context.openStore();
  const all = await store.list(below);
  const files = all.filter(({ name }) => below === '' || name === below || name.startsWith(`${below}/`));
  const bytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return {
    result: { store: store.description, files },
    lines: [
      ...formatTable(
        files.map((file) => [`/${file.name}`, formatBytes(file.sizeBytes), formatInstant(file.modifiedAt)]),
      ),
      `${formatCount(files.length, 'file')}, ${formatBytes(bytes)} in ${store.description}`,
    ],
    badNews: false,
  };
};
