// What helps a person type the commands: a man page of each, and its completion in each shell, where the shells of Debian look.
import { shellWord } from '../../lib/base/shell-word.ts';
import { manPage } from '../../lib/run/man-page.ts';
import { holdfastVersion } from '../../lib/run/version.ts';
import { allJobs } from './all-jobs.ts';
import { type Files, ours, ownPlace } from './wanted.ts';

/** Where a shell finds what completes a command, of an installation that no package manager knows. */
const completions: Record<string, (name: string) => string> = {
  bash: (name) => `/usr/local/share/bash-completion/completions/${name}`,
  zsh: (name) => `/usr/local/share/zsh/site-functions/_${name}`,
  // It looks below /usr/local only where XDG_DATA_DIRS says so; this is its administrator's place.
  fish: (name) => `/etc/fish/completions/${name}.fish`,
};

/** All of them, for whatever shells may come. */
export function typingFiles(): Files {
  const [version = ''] = holdfastVersion().split('+'); // a commit that changes no page is no reason to write it anew
  const names = allJobs.map(({ name }) => name);
  return new Map(
    allJobs.flatMap((job): [string, string][] => {
      const others = names.filter((name) => name !== job.name);
      return [
        [`/usr/local/share/man/man1/${job.name}.1`, manPage(job, { version, place: ownPlace, others })],
        ...Object.entries(completions).map(([shell, place]): [string, string] => [
          place(job.name),
          completionText(shell, job.name),
        ]),
      ];
    }),
  );
}

/** It asks this checkout, and not whatever program of that name is found. */
function completionText(shell: string, name: string): string {
  return ours('etc/completion', shell)
    .replaceAll('@COMMAND@', name)
    .replaceAll('@PROGRAM@', () => shellWord(`${ownPlace}/bin/${name}`));
}
