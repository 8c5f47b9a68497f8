// The pages of docs/commands, made from what the commands themselves say.
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Job } from '../../lib/run/job.ts';
import { helpTexts } from '../../lib/run/options.ts';
import { holdfastVersion } from '../../lib/run/version.ts';

const jobsFolder = resolve(import.meta.dirname, '../../jobs');

/** Every job there is, in the order of their names. */
export async function allJobs(): Promise<Job[]> {
  const files = readdirSync(jobsFolder).filter((name) => name.endsWith('.ts'));
  return Promise.all(
    files.sort().map(async (file) => {
      const module = (await import(pathToFileURL(join(jobsFolder, file)).href)) as Record<string, Job>;
      const [job] = Object.values(module);
      if (job === undefined) throw new Error(`jobs/${file} exports no job`);
      return job;
    }),
  );
}

/** One page a job. */
export async function commandPages(): Promise<{ name: string; text: string }[]> {
  return (await allJobs()).map((job) => ({ name: job.name, text: page(job) }));
}

function page(job: Job): string {
  const sections = helpTexts(job, holdfastVersion()).map(({ name, text }) => {
    const title = name === undefined ? `# ${job.name}` : `## ${job.name} ${name}`;
    return `${title}\n\n\`\`\`text\n${text.trimEnd()}\n\`\`\`\n`;
  });
  return `${sections.join('\n')}\nThis page is what \`${job.name} --help\` prints; \`npm run docs\` writes it.\n`;
}
