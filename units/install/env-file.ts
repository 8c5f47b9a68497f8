// An environment file as systemd reads it (systemd.exec(5), EnvironmentFile=), so that what is checked is what runs.
import { OpsError } from '../../lib/base/errors.ts';

/** The variables of a file; later lines win. Throws OpsError `config` for a line that systemd would drop in silence. */
export function parseEnvironmentFile(text: string, path: string): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const [index, line] of text.replace(/\\\n/g, '').split('\n').entries()) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#') || trimmed.startsWith(';')) continue;
    const match = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(trimmed);
    if (match === null) throw unreadable(path, index + 1, trimmed);
    variables[match[1] ?? ''] = unquote(match[2] ?? '');
  }
  return variables;
}

function unquote(value: string): string {
  const quoted = /^(["'])(.*)\1$/s.exec(value.trim());
  if (quoted === null) return value.trim();
  return quoted[1] === '"' ? (quoted[2] ?? '').replace(/\\(["\\$`])/g, '$1') : (quoted[2] ?? '');
}

/** The line itself is not shown: it may hold a secret. */
function unreadable(path: string, line: number, text: string): OpsError {
  const isExport = /^export\s/.test(text);
  return new OpsError(
    'config',
    `cannot use ${path}: line ${line} ${isExport ? 'begins with "export"' : 'is not NAME=value'}, and systemd would leave it out`,
    { hint: isExport ? `sed -i 's/^export //' ${path}` : `correct line ${line}` },
  );
}
