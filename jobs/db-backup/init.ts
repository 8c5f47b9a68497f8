// db-backup init: makes the store on purpose: an empty directory on a new disk, one with other files in it, or another store.
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, Steps } from '../../lib/run/job.ts';

interface Initialised {
  store: string;
}

export async function run(context: JobContext): Promise<Outcome<Initialised>> {
  const { description } = await context.openStore();
  context.noteLeft(`${description} is the store from now on`);
  return { result: { store: description }, findings: [] };
}

export function text({ store }: Initialised): string[] {
  return [`${store} is the store from now on`];
}

export const plan: Steps<Record<string, never>, Initialised> = {
  async run(context) {
    return { result: { store: (await context.openStore()).description }, findings: [] };
  },
  text: ({ store }) => [`the store to use from now on would be: ${store}`],
};
