// The command by which a person takes what was found for what it should be.

/** Accepts what was found, by what the reasons are about; `config` is what `configOption` gives. */
export function acceptCommand(
  command: 'run' | 'upload',
  reasons: readonly string[],
  app: string,
  config = '',
): string {
  const checks = reasons.filter((reason) => reason.startsWith('integrity check: ')).length;
  const accept =
    checks === 0 ? '--accept-shrink' : checks === reasons.length ? '--accept integrity' : "--accept '*'";
  return `db-backup ${command} ${accept} --app ${app}${config}`;
}
