// How the files are called in which an export keeps what it knows, below the state directory. docs/formats.md.

/** Which of them. */
export type ExportNote = 'documents' | 'frozen' | 'phases' | 'parity' | 'shipped';

/** Relative to the state directory. */
export function exportNoteName(app: string, what: ExportNote): string {
  return `export/${app}.${what}.json`;
}
