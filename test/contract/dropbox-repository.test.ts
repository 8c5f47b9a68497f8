import { openOn, startStandIn } from './dropbox-world.ts';
import { opened, plain } from './plain-format.ts';
import { repositorySuite } from './repository-suite.ts';

repositorySuite('plain in Dropbox', plain, async () => opened(openOn(await startStandIn())));
