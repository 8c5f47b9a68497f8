// The name of what is watched: one job's command, for all apps or for one. It is what people type and what a systemd
// unit is called: `db-backup`, `db-backup@ctv`, `restore-drill`.
import { fnv1a } from '../base/fnv1a.ts';

/** One command of one job, as far as its name goes. */
export interface CheckedCommand {
  job: string;
  command: string;
  /** The one app it was told to work on; undefined for all of them. */
  app: string | undefined;
}

/** `db-backup` (for its command `run`), `db-backup-verify`, `restore-drill@ctv`. */
export function checkName({ job, command, app }: CheckedCommand): string {
  const name = command === 'run' ? job : `${job}-${command}`;
  return app === undefined ? name : `${name}@${app}`;
}

/** What the names of health checks begin with: `health:disk-space@srv`. */
export const healthPrefix = 'health:';

/** Whether good news of `check` is good news of `other` too: itself, or the same for a single app. */
export function covers(check: string, other: string): boolean {
  return other === check || other.startsWith(`${check}@`);
}

/** The check for all apps, and the one app where it is about one: `db-backup@ctv` as `db-backup` and `ctv`. */
export function appOf(check: string): { all: string; app: string | undefined } {
  const at = check.indexOf('@');
  return at < 0 ? { all: check, app: undefined } : { all: check.slice(0, at), app: check.slice(at + 1) };
}

/** Whether a text can be a check's name. */
export function isCheckName(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}(@[A-Za-z0-9][A-Za-z0-9._-]{0,99})?$/.test(text);
}

/** Sixteen hex digits that stand for a check of an installation. */
export function fingerprint(installation: string, check: string): string {
  return fnv1a(`${installation}\0${check}`, 64);
}

/** The short form of it that people type. */
export function incidentId(installation: string, check: string): string {
  return fingerprint(installation, check).slice(0, 6);
}
