import { afterAll, beforeAll } from 'vitest';
import { openOn, startStandIn } from './dropbox-world.ts';
import { pages } from './pages-format.ts';
import { opened } from './plain-format.ts';
import { repositorySuite } from './repository-suite.ts';
import { largerKind, useKind } from './repository-world.ts';

beforeAll(() => useKind(largerKind()));
afterAll(() => useKind());

repositorySuite('pages in Dropbox', pages, async () => opened(openOn(await startStandIn())));
