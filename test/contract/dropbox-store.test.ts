import { openOn, startStandIn } from './dropbox-world.ts';
import { storeSuite } from './store-suite.ts';

storeSuite('Dropbox store', async () => {
  const standIn = await startStandIn();
  return { store: openOn(standIn), reopen: () => Promise.resolve(openOn(standIn)), cleanUp: () => undefined };
});

storeSuite('Dropbox store in a folder', async () => {
  const standIn = await startStandIn();
  const folder = '/Backups of the Pi';
  const open = () => openOn(standIn, { folder });
  return { store: open(), reopen: () => Promise.resolve(open()), cleanUp: () => undefined };
});
