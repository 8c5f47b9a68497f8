// The apps that documents are made of.
import { OpsError } from '../../../lib/base/errors.ts';
import type { FileApp } from '../../../lib/config/config.ts';
import type { ExportConfig } from '../../../lib/config/export-config.ts';
import type { JobContext } from '../../../lib/run/context.ts';
import { requireFileApp, selectedApp, selectedFileApps } from '../../steps/each-app.ts';

export type ExportedApp = FileApp & { readonly export: ExportConfig };

const work = {
  act: 'make documents of',
  instead: 'a query of PostgreSQL makes them: select json_agg(t) from t',
};

/** The one that was named, else all that have an export. Throws OpsError `usage` and `config` where there is none. */
export function exportedApps(context: JobContext, name: string | undefined): ExportedApp[] {
  const apps = selectedFileApps(context, name, work).filter(isExported);
  if (apps.length > 0) return apps;
  throw withoutExport(name ?? `any app of ${context.config.source}`);
}

/** The one app that is meant. */
export function exportedApp(context: JobContext, name: string | undefined): ExportedApp {
  const [only, ...others] = exportedApps(context, name);
  if (only !== undefined && others.length === 0) return only;
  const app = requireFileApp(selectedApp(context, name), work);
  if (isExported(app)) return app;
  throw withoutExport(app.name);
}

/** The same, where it has service days. */
export function appWithDays(context: JobContext, name: string | undefined): ExportedApp {
  const app = exportedApp(context, name);
  if (app.export.days !== undefined) return app;
  throw new OpsError('config', `cannot freeze a day of ${app.name}: its export has no service days`, {
    hint: `write days = "SELECT …" in [apps.${app.name}.export]; docs/configuration.md has every key`,
  });
}

function isExported(app: FileApp): app is ExportedApp {
  return app.export !== undefined;
}

function withoutExport(what: string): OpsError {
  return new OpsError('config', `cannot make documents of ${what}: it has no export`, {
    hint: 'write [apps.<name>.export] with directory = "/path"; docs/configuration.md has every key',
  });
}
