// `[explorer]`: Datasette over the history, and over copies of the apps' databases.
import { z } from 'zod';
import type { ExplorerConfig } from '../explorer-config.ts';
import { absolutePath } from './values.ts';

/** How ops.db is called there: an app of that name, or a prefix, would be taken for it. */
const history = 'ops';

export const explorerTable = z.strictObject({
  program: absolutePath
    .default('/opt/datasette/venv/bin/datasette')
    .describe('datasette itself, in the virtual environment that it was installed to'),
  port: z
    .int('must be a whole number')
    .min(1024, 'must be at least 1024: it runs without rights')
    .max(65_535, 'must be at most 65535')
    .default(8001)
    .describe('where it listens, on 127.0.0.1 alone'),
  base_url: z
    .string()
    .regex(/^\/([A-Za-z0-9._~-]+\/)*$/, 'must begin and end with a slash, such as "/explorer/"')
    .refine(
      (path) => !path.startsWith(`/${history}/`),
      `must not begin with /${history}/, where the history is`,
    )
    .default('/')
    .describe('the path below which a proxy shows it'),
  apps: z
    .array(
      z
        .string()
        .refine((name) => name.toLowerCase() !== history, `must not be ${history}, which is the history`),
    )
    .default([])
    .describe('whose databases are shown: each nightly run leaves a copy of them for it'),
  query_seconds: z
    .number()
    .min(0.1, 'must be at least 0.1')
    .max(600, 'must be at most 600')
    .default(3)
    .describe('how long a query may take'),
  rows_max: z
    .int('must be a whole number')
    .min(1000, 'must be at least 1000')
    .max(100_000, 'must be at most 100000')
    .default(1000)
    .describe('how many rows a query may answer with'),
});

export function explorerConfig(table: z.infer<typeof explorerTable> | undefined): ExplorerConfig | undefined {
  if (table === undefined) return undefined;
  const { program, port, base_url: baseUrl, apps, query_seconds: seconds, rows_max: rowsMax } = table;
  return { program, port, baseUrl, apps, queryTimeoutMs: Math.round(seconds * 1000), rowsMax };
}

/** What is wrong with it beside the apps that there are. */
export function explorerProblems(
  { apps, base_url: prefix }: z.infer<typeof explorerTable>,
  guarded: readonly string[],
): { path: string[]; message: string }[] {
  return [
    ...apps
      .filter((name) => !guarded.includes(name))
      .map((name) => ({
        path: ['apps'],
        message: `names ${JSON.stringify(name)}, which is no app with a SQLite database`,
      })),
    ...apps
      .filter((name) => prefix.startsWith(`/${name}/`))
      .map((name) => ({
        path: ['base_url'],
        message: `must not begin with /${name}/, where the database of ${name} is`,
      })),
  ];
}
