// CHANGELOG.md, made from docs/changes: a folder a release, a file a change.
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const kinds = ['Security', 'Added', 'Changed', 'Fixed', 'Removed'];
const head =
  '# Changes\n\nWhat changed for those who run Holdfast, the newest first. `npm run release` writes this page from\n' +
  '[docs/changes](docs/changes/README.md).\n';

export interface Change {
  kind: string;
  /** In Markdown: one sentence, and after an empty line what else there is to know. */
  text: string;
}

/** What a fragment says. Throws where its first line is not a kind and one sentence. */
export function parseChange(name: string, fragment: string): Change {
  const [, kind, text] =
    new RegExp(`^(${kinds.join('|')}): ([A-Z\`][^\n]*\\.)\n(?:\n\\S[^]*)?$`).exec(fragment) ?? [];
  if (kind === undefined || text === undefined)
    throw new Error(`${name}: begin with one of ${kinds.join(', ')}, a colon and one sentence`);
  return { kind, text: fragment.slice(kind.length + 2).trimEnd() };
}

/** The changes that wait for a release, by their kind and file name. */
export function unreleased(root: string): Change[] {
  return changesIn(join(root, 'docs/changes/unreleased'));
}

/** The versions that were released, the newest first. */
export function releases(root: string): { version: string; date: string; folder: string }[] {
  return readdirSync(join(root, 'docs/changes'))
    .flatMap((folder) => {
      const [, version, date] = /^(\d+\.\d+\.\d+)_(\d{4}-\d\d-\d\d)$/.exec(folder) ?? [];
      return version === undefined || date === undefined ? [] : [{ version, date, folder }];
    })
    .sort((one, other) => compare(other.version, one.version));
}

/** The whole text of CHANGELOG.md. */
export function changelog(root: string): string {
  const sections = releases(root).map(({ version, date, folder }) => {
    const changes = changesIn(join(root, 'docs/changes', folder));
    const parts = kinds.map((kind) => {
      const items = changes.filter((change) => change.kind === kind).map(({ text }) => item(text));
      return items.length === 0 ? '' : `\n### ${kind}\n\n${items.join('\n')}\n`;
    });
    return `\n## ${version} (${date})\n${parts.join('')}`;
  });
  return head + sections.join('');
}

/** Makes a release of what waits for one: moves the fragments, writes CHANGELOG.md, sets the version. */
export function release(root: string, version: string, date: string): void {
  if (!/^\d+\.\d+\.\d+$/.test(version)) throw new Error(`not a version: ${version}`);
  if (compare(version, releases(root)[0]?.version ?? '') <= 0)
    throw new Error(`${version} does not follow the last release`);
  if (unreleased(root).length === 0) throw new Error('nothing to release: docs/changes/unreleased is empty');
  renameSync(join(root, 'docs/changes/unreleased'), join(root, `docs/changes/${version}_${date}`));
  writeFileSync(join(root, 'CHANGELOG.md'), changelog(root));
  for (const name of ['package.json', 'package-lock.json']) {
    const value = JSON.parse(readFileSync(join(root, name), 'utf8')) as PackageFile;
    for (const place of [value, value.packages?.['']]) if (place !== undefined) place.version = version;
    writeFileSync(join(root, name), `${JSON.stringify(value, null, 2)}\n`);
  }
}

interface PackageFile {
  version: string;
  packages?: Record<'', { version: string }>;
}

function compare(one: string, other: string): number {
  return one.localeCompare(other, 'en', { numeric: true });
}

function changesIn(folder: string): Change[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((name) => parseChange(name, readFileSync(join(folder, name), 'utf8')));
}

function item(text: string): string {
  return `- ${text.replaceAll(/\n(?=.)/g, '\n  ')}`;
}
