import { openOn, startStandIn } from './dropbox-world.ts';
import { dryRunSuite } from './dry-run-suite.ts';
import { sha256 } from './store-world.ts';

const readingRoutes = new Set([
  'oauth2/token',
  'files/get_metadata',
  'files/list_folder',
  'files/list_folder/continue',
  'files/download',
  'users/get_space_usage',
]);

dryRunSuite('a Dropbox store', async () => {
  const standIn = await startStandIn();
  const { files } = standIn;
  const look = () => ({
    files: files.list().map((file) => ({ ...file, bytes: sha256(files.bytes(file.path)) })),
    folders: files.folders(),
    writes: standIn.requests.map(({ route }) => route).filter((route) => !readingRoutes.has(route)),
  });
  return { store: openOn(standIn), look };
});
