// What the pre-commit hook does with staged files; `npm test` does the same with all, and more.
export default {
  '*.{ts,js,mjs}': ['prettier --write', 'eslint --no-warn-ignored'],
  '!(*.{ts,js,mjs})': 'prettier --write --ignore-unknown',
  // Types go across files, so all are read; what did not change since the last time is taken from a note.
  '*.ts': () => 'tsc --noEmit --incremental --tsBuildInfoFile node_modules/.cache/types.tsbuildinfo',
};
