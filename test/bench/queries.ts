// The queries that an export of service days cannot do without, and nothing else:
//   node queries.ts <configuration>
import Database from 'better-sqlite3';
import { readFileSync } from 'node:fs';
import { parse } from 'smol-toml';
import { z } from 'zod';

const config = z
  .object({
    apps: z.object({
      tagtracker: z.object({
        database: z.string(),
        export: z.object({ days: z.string(), document: z.string() }),
      }),
    }),
  })
  .parse(parse(readFileSync(process.argv[2] ?? '', 'utf8')));
const { database: path, export: queries } = config.apps.tagtracker;
const database = new Database(path, { readonly: true });
const document = database.prepare(queries.document).pluck();
for (const day of database.prepare(queries.days).pluck().all()) document.get({ day });
database.close();
