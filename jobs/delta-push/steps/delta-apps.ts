// The apps whose row changes go somewhere.
import { OpsError } from '../../../lib/base/errors.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import type { DeltaApp } from '../../../lib/run/open-capture.ts';
import { selectedFileApps } from '../../steps/each-app.ts';

const work = {
  act: 'push the changes of',
  instead: 'PostgreSQL has logical replication of its own: create publication, create subscription',
};

/** The one that was named, else all that have a receiver. Throws OpsError `config` where there is none. */
export function deltaApps(context: JobContext, name: string | undefined): readonly DeltaApp[] {
  const apps = selectedFileApps(context, name, work).filter(
    (app): app is DeltaApp => app.delta !== undefined,
  );
  if (apps.length > 0) return apps;
  const whose =
    name === undefined
      ? `no app of ${context.config.source} has`
      : `${name} of ${context.config.source} does not have`;
  throw new OpsError('config', `cannot push changes: ${whose} a receiver for them`, {
    hint: 'write to = "https://…" in the table [apps.<name>.delta]; docs/configuration.md has its keys',
  });
}

/** The one app that a command is about. Throws OpsError `usage` where there are several and none is named. */
export function deltaApp(context: JobContext, name: string | undefined): DeltaApp {
  const [app, ...others] = deltaApps(context, name);
  if (app !== undefined && others.length === 0) return app;
  const names = [app, ...others].map((one) => one?.name).join(', ');
  throw new OpsError('usage', `cannot tell which app is meant: ${context.config.source} has ${names}`, {
    hint: 'name it with --app <name>',
  });
}
