// db-backup init: makes the store on purpose: an empty directory on a new disk, one with other files in it, or another store.
import type { JobContext } from '../../lib/run/context.ts';
import type { Outcome, Steps } from '../../lib/run/job.ts';

interface Initialised {
  store: string;
  id: string | undefined;
}

export async function run(context: JobContext): Promise<Outcome<Initialised>> {
  const { description: store, id } = await context.openStore();
  context.noteLeft(`${store} is the store from now on`);
  return { result: { store, id }, findings: [] };
}

export function text({ store, id }: Initialised): string[] {
  return [`${store} is the store from now on, by the id ${id ?? 'that the next backup gives it'}`];
}

export const plan: Steps<Record<string, never>, Initialised> = {
  async run(context) {
    const { description: store, id } = await context.openStore();
    return { result: { store, id }, findings: [] };
  },
  text: ({ store }) => [`the store to use from now on would be: ${store}`],
};
