// Which app is served.
import { OpsError } from '../../../lib/base/errors.ts';
import type { FileApp } from '../../../lib/config/config.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import type { ServedApp } from '../../../lib/run/open-serving.ts';
import { selectedFileApps } from '../../steps/each-app.ts';

const work = {
  act: 'serve the changes of',
  instead: 'PostgreSQL has logical replication of its own: create publication, create subscription',
};

/** Throws OpsError `config` where none is served, `usage` where it is not said which of several. */
export function servedApp(context: Pick<JobContext, 'config'>, name: string | undefined): ServedApp {
  const [only, ...others] = selectedFileApps(context as JobContext, name, work).filter(isServed);
  if (only === undefined)
    throw new OpsError(
      'config',
      `cannot find an app to serve: ${name ?? 'none'} has a serve in its configuration`,
      {
        hint: 'write [apps.<name>.serve] (docs/configuration.md); etc/examples/herdlinx has a sample',
      },
    );
  if (others.length === 0) return only;
  const names = [only, ...others].map((app) => app.name).join(', ');
  throw new OpsError('usage', 'cannot choose an app: several are served', {
    hint: `--app with one of ${names}`,
  });
}

function isServed(app: FileApp): app is ServedApp {
  return app.serve !== undefined;
}
