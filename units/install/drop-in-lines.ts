// The lines that drop-ins are made of, written as systemd reads them.
import type { Credential } from './secret-files.ts';

/** Root needs its rights over files, and side files of the database must be given to the app's user. */
export const asRoot = [
  '# Asked for with --user root.',
  'User=root',
  'Group=root',
  'PrivateUsers=no',
  'CapabilityBoundingSet=CAP_DAC_OVERRIDE CAP_CHOWN CAP_FOWNER',
  'SystemCallFilter=@chown',
];

/** A file outside /etc is not there unless it is bound. */
export function configLines(path: string | undefined): string[] {
  if (path === undefined) return [];
  const name = `Environment=${quote(`HOLDFAST_CONFIG=${path}`)}`;
  return path.startsWith('/etc/') ? [name] : [name, `BindReadOnlyPaths=${quote(`-${path}`)}`];
}

export function credentialLines(credentials: readonly Credential[]): string[] {
  return credentials.map(({ name, path }) => `LoadCredential=${name}:${escape(path)}`);
}

/** Where a file is gone by then the rest still works, and tells of it: a blank one, which no reader takes for a secret. */
export function optional(credentials: readonly Credential[]): string[] {
  return credentials.map(({ name }) => String.raw`SetCredential=${name}:\x20`);
}

/** `%` is systemd's own. */
export function escape(text: string): string {
  return text.replaceAll('%', '%%');
}

export function quote(text: string): string {
  return `"${escape(text).replace(/["\\]/g, String.raw`\$&`)}"`;
}

export function lines(all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}
