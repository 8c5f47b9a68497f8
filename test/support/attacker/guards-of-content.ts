// The guards of what somebody else may have written: databases, the store, records, and text that is shown.
import { type Guard, looksAtNames } from './guard.ts';

export const guardsOfContent: readonly Guard[] = [
  {
    does: 'looks whether SQLite has opened what was looked at',
    file: 'lib/sqlite/opened-file.ts',
    from: 'const there = lstatSync(path, { bigint: true, throwIfNoEntry: false }); // of what is gone `open` has to say so',
    to: 'const there = undefined; if (there === undefined) return open();',
  },
  {
    does: 'looks whether the side files lie beside the database',
    file: 'lib/sqlite/opened-file.ts',
    from: 'if (dirname(real) !== dirname(path)) throw exchanged(path);',
    to: '',
  },
  {
    does: 'escapes what a terminal would obey',
    file: 'lib/base/printable.ts',
    from: 'return text.replace(unprintable, escaped);',
    to: 'return text;',
  },
  {
    does: 'escapes it in lines of ours',
    file: 'lib/base/printable.ts',
    from: 'return text.replace(unprintableInLines, escaped);',
    to: 'return text;',
  },
  {
    does: 'shows no more than a person reads',
    file: 'lib/base/printable.ts',
    from: 'if (text.length <= charactersMax) return text;',
    to: 'if (charactersMax > 0) return text;',
  },
  {
    does: 'takes only a regular file for a database',
    file: 'lib/sqlite/look.ts',
    from: 'if (!file.isFile())',
    to: 'if (file.size < 0n)',
  },
  {
    does: 'takes only regular files for what lies beside a database',
    file: 'lib/sqlite/side-files.ts',
    from: 'const flaw = status.isFile()',
    to: 'const flaw = status.size >= 0n',
  },
  {
    does: 'waits for no pipe, and follows no link, before SQLite does',
    file: 'lib/sqlite/first-bytes.ts',
    from: 'const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;',
    to: 'const flags = constants.O_RDONLY;',
  },
  {
    does: 'takes only regular files for objects',
    file: 'lib/store/directory/objects.ts',
    from: 'if (rest.length === 0 && stats.isFile()) return',
    to: 'if (rest.length === 0) return',
  },
  {
    does: 'sees only files and directories in a store',
    file: 'lib/store/directory/objects.ts',
    from: 'if (!entry.isFile() && !entry.isDirectory()) return false;',
    to: '',
  },
  {
    does: 'walks only into directories of a store',
    file: 'lib/store/directory/objects.ts',
    from: 'if (entry.isDirectory()) {',
    to: 'if ((await lstat(directory.at(entry.name))).isDirectory()) {',
  },
  {
    does: 'lists only regular files of a store',
    file: 'lib/store/directory/objects.ts',
    from: 'if (stats?.isFile() === true) found.push',
    to: 'if (stats !== undefined) found.push',
  },
  {
    does: 'takes no name with a control character out of a store',
    file: 'lib/store/name.ts',
    from: 'if (/[\\u0000-\\u001f\\u007f\\\\]/.test(name))',
    to: `if (name === '')`,
  },
  {
    does: 'reads only small objects into memory',
    file: 'lib/store/refusals.ts',
    from: 'if (sizeBytes <= readBytesMax) return;',
    to: 'if (sizeBytes >= 0) return;',
  },
  {
    does: 'quotes no record that it cannot read',
    file: 'lib/record/json-record.ts',
    from: `'it is not JSON, or it is cut short');`,
    to: '`it is not JSON: ${text}`);',
  },
  {
    does: 'quotes no marker that it cannot read',
    file: 'lib/store/mark.ts',
    from: 'its ${markerName} is not readable`',
    to: 'its ${markerName} is not readable: ${text}`',
  },
  {
    does: 'brings back only a SQLite database',
    file: 'jobs/restore/steps/undo-placement.ts',
    from: 'if (first.length === 0 || parseHeader(first) !== undefined) return;',
    to: 'if (first.length >= 0) return;',
  },
  {
    does: 'compares bytes with what their manifest says',
    file: 'lib/repository/proof.ts',
    from: 'if (manifest === undefined) return [];',
    to: 'if (manifest === undefined || file.sizeBytes >= 0) return [];',
  },
  {
    does: 'lists a backup of another size than its manifest says as damaged',
    file: 'lib/backup/catalogue.ts',
    from: 'if (manifest.sizeBytes !== file.sizeBytes) {',
    to: 'if (file.sizeBytes < 0) {',
  },
  looksAtNames('lib/sqlite/look.ts', 'type BigIntStats, lstatSync }'),
  looksAtNames('lib/sqlite/side-files.ts', 'lstatSync, statSync }'),
  looksAtNames('lib/store/directory/objects.ts', 'import { lstat, readdir } from'),
  looksAtNames('lib/store/directory/publish.ts', 'type FileHandle, lstat, open,'),
  looksAtNames('lib/store/directory/put.ts', 'import { lstat } from'),
];
