// Every route: how it is called, who may call it, and what answers.
import { accountRoutes } from './account-routes.ts';
import { argumentTypes, type RouteName } from './arguments.ts';
import { batchRoutes } from './batch-routes.ts';
import { changeRoutes } from './change-routes.ts';
import { listingRoutes } from './listing-routes.ts';
import { readRoutes } from './read-routes.ts';
import type { Handler } from './service.ts';
import type { StoneType } from './stone.ts';
import { uploadRoutes } from './upload-routes.ts';

export interface Route {
  name: string;
  style: 'rpc' | 'upload' | 'download';
  auth: 'user' | 'app' | 'none';
  scope: string | undefined;
  argument: StoneType | null;
  /** Changes the namespace, which has one writer at a time. */
  commits: boolean;
  handler: Handler;
}

const handlers: Record<RouteName, Handler> = {
  ...uploadRoutes,
  ...batchRoutes,
  ...readRoutes,
  ...listingRoutes,
  ...changeRoutes,
  ...accountRoutes,
};

const uploads = new Set([
  'files/upload',
  'files/upload_session/start',
  'files/upload_session/append',
  'files/upload_session/append_v2',
  'files/upload_session/append_batch',
  'files/upload_session/finish',
]);

const readsMetadata = /^files\/(get_metadata|list_folder.*|list_revisions)$/;

/** One path of the namespace changes: of two at the same time, one may be told to come later. */
const commits =
  /^files\/(upload|upload_session\/finish.*|delete_.*|permanently_delete|copy_v2|move_v2|create_folder_v2|restore)$/;

const routes = new Map<string, Route>(
  Object.entries(handlers).map(([name, handler]) => {
    const style = name === 'files/download' ? 'download' : uploads.has(name) ? 'upload' : 'rpc';
    const auth = name === 'files/list_folder/longpoll' ? 'none' : name === 'check/app' ? 'app' : 'user';
    const argument = argumentTypes[name as RouteName];
    const changes = commits.test(name) && !name.endsWith('/check');
    return [name, { name, style, auth, scope: scopeOf(name), argument, commits: changes, handler }];
  }),
);

export function routeNamed(name: string): Route | undefined {
  return routes.get(name);
}

function scopeOf(name: string): string | undefined {
  if (name === 'files/download') return 'files.content.read';
  if (name === 'files/permanently_delete') return 'files.permanent_delete';
  if (readsMetadata.test(name)) return 'files.metadata.read';
  if (name.startsWith('files/')) return 'files.content.write';
  return name.startsWith('users/') || name === 'check/user' ? 'account_info.read' : undefined;
}
