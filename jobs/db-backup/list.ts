// db-backup list: every file in the store, or below a path.
import { formatBytes, formatCount, formatWallTime, zoneWords } from '../../lib/base/format.ts';
import { formatTable } from '../../lib/base/table.ts';
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, View } from '../../lib/run/job.ts';
import type { Options } from '../../lib/run/parameter.ts';
import { requireStoreName } from '../../lib/store/name.ts';
import type { Stored } from '../../lib/store/store.ts';
import type * as parameters from './parameters.ts';

interface StoreListing {
  store: string;
  files: Stored[];
}

export async function run(
  context: JobContext,
  options: Options<typeof parameters.list>,
): Promise<Outcome<StoreListing>> {
  const path = (options.path ?? '').replace(/^\/+|\/+$/g, '');
  const below = path === '' ? '' : requireStoreName(path);
  const store = await context.openStore();
  const all = await store.list(below);
  const files = all
    .filter(({ name }) => below === '' || name === below || name.startsWith(`${below}/`))
    .map(({ name, sizeBytes, modifiedAt, contentHash }) => ({ name, sizeBytes, modifiedAt, contentHash }));
  return { result: { store: store.description, files }, findings: [] };
}

export function text({ store, files }: StoreListing, view: View): string[] {
  const { timeZone } = view;
  const bytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return [
    ...formatTable(
      files.map((file) => [
        `/${file.name}`,
        formatBytes(file.sizeBytes),
        formatWallTime(file.modifiedAt, timeZone),
      ]),
      view,
    ),
    `${formatCount(files.length, 'file')}, ${formatBytes(bytes)} in ${store}, ${zoneWords(timeZone)}`,
  ];
}
