// The command by which a person takes what was found for what it should be.
import { forkWords } from '../../lib/backup/suspicion.ts';

/** Accepts what was found, by what the reasons are about; `config` is what `configOption` gives. */
export function acceptCommand(
  command: 'run' | 'upload',
  reasons: readonly string[],
  app: string,
  config = '',
): string {
  const kinds = [...new Set(reasons.map(kindOf))];
  const accept = kinds.length === 1 ? kinds[0] : "--accept '*'";
  return `db-backup ${command} ${accept} --app ${app}${config}`;
}

function kindOf(reason: string): string {
  if (reason.startsWith('integrity check: ')) return '--accept integrity';
  return reason.startsWith(forkWords) ? '--accept fork' : '--accept-shrink';
}
