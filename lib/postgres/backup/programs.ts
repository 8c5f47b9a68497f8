// PostgreSQL's own programs, of the very major version that the server has: an older one refuses it, and what a newer one writes
// the server's own cannot read.
import type { CommandRunner } from '../../base/command.ts';
import { OpsError } from '../../base/errors.ts';

/** Where each is: an absolute path, or a name that PATH finds. */
export interface Programs {
  readonly dump: string;
  readonly restore: string;
}

/** Where Debian, Red Hat and the sources put them; last, whatever PATH has. */
const folders = (major: number) => [
  `/usr/lib/postgresql/${major}/bin/`,
  `/usr/pgsql-${major}/bin/`,
  '/usr/local/pgsql/bin/',
  '',
];

/** Throws OpsError `missing` where there are none of that version; `act` is what they are for. */
export async function findPrograms(major: number, act: string, run: CommandRunner): Promise<Programs> {
  const others = new Set<number>();
  for (const folder of folders(major)) {
    const programs = { dump: `${folder}pg_dump`, restore: `${folder}pg_restore` };
    const found = await Promise.all([majorOf(programs.dump, run), majorOf(programs.restore, run)]);
    if (found.every((each) => each === major)) return programs;
    for (const each of found) if (each !== undefined) others.add(each);
  }
  const there = others.size === 0 ? 'none' : `only those of PostgreSQL ${[...others].join(' and ')}`;
  throw new OpsError(
    'missing',
    `cannot ${act}: the server is PostgreSQL ${major}, and of its pg_dump and pg_restore there is ${there} here`,
    {
      hint: `sudo apt install postgresql-client-${major}; a system that has only other versions gets it from https://apt.postgresql.org`,
    },
  );
}

async function majorOf(program: string, run: CommandRunner): Promise<number | undefined> {
  try {
    const { stdout } = await run(program, ['--version'], { timeoutMs: 10_000 });
    const digits = /\(PostgreSQL\) (\d+)/.exec(stdout)?.[1];
    return digits === undefined ? undefined : Number(digits);
  } catch (error) {
    if (error instanceof OpsError) return undefined;
    throw error;
  }
}
