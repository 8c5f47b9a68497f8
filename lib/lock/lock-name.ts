// What a lock is called: `ctv` for an app, `ctv@delta` for one scope of its work, `@alert-send` for a scope of the
// machine's own. An app may be called ctv.delta, and none has an "@" in its name: it alone parts the two.
import { isAppName } from '../backup/name.ts';
import { OpsError } from '../base/errors.ts';

/** What is locked. No two that differ have one lock, and none of their locks excludes another. */
export interface LockSubject {
  /** The app's name; undefined for work that is about no app. */
  readonly name?: string | undefined;
  /** Work that excludes only its own kind, such as `delta`; undefined for the app's database itself. */
  readonly scope?: string | undefined;
}

/** The lock's name, which is a file's. Throws OpsError `usage` for what names neither an app nor a scope. */
export function lockName({ name = '', scope }: LockSubject): string {
  const isScope = scope !== undefined && /^[a-z][a-z0-9-]{0,62}$/.test(scope);
  const isName = isAppName(name) || (name === '' && isScope);
  if (isName && (isScope || scope === undefined)) return scope === undefined ? name : `${name}@${scope}`;
  const shown = JSON.stringify(scope === undefined ? name : `${name}@${scope}`);
  throw new OpsError('usage', `cannot lock ${shown}: it is neither an app nor a scope of its work`);
}
