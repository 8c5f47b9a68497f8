// The pages of docs/commands, made from what the commands themselves say.
import type { Job } from '../../lib/run/job.ts';
import { helpTexts } from '../../lib/run/options.ts';
import { holdfastVersion } from '../../lib/run/version.ts';
import { allJobs } from '../../units/install/all-jobs.ts';

/** One page a job. */
export function commandPages(): { name: string; text: string }[] {
  return allJobs.map((job) => ({ name: job.name, text: page(job) }));
}

function page(job: Job): string {
  const sections = helpTexts(job, holdfastVersion()).map(({ name, text }) => {
    const title = name === undefined ? `# ${job.name}` : `## ${job.name} ${name}`;
    return `${title}\n\n\`\`\`text\n${text.trimEnd()}\n\`\`\`\n`;
  });
  return `${sections.join('\n')}\nThis page is what \`${job.name} --help\` prints; \`npm run docs\` writes it.\n`;
}
