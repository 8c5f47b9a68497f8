// npm run docs: writes docs/commands from the real --help. A test fails while a page is stale.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { commandPages } from './command-pages.ts';

const folder = resolve(import.meta.dirname, '../../docs/commands');
mkdirSync(folder, { recursive: true });
for (const { name, text } of commandPages()) writeFileSync(join(folder, `${name}.md`), text);
