// What a process may be called in a message: its program and its script, never more, because a command line may
// hold secrets.

const lengthMax = 60;
const interpreterPattern =
  /^(python|pypy|node|nodejs|bun|deno|ruby|perl|php|java|sh|bash|dash|zsh|ksh|env|tsx)[\d.]*$/;
const scriptPattern = /^[^\s=]+\.(py|js|mjs|cjs|ts|mts|cts|rb|pl|php|sh|jar)$/;
const modulePattern = /^[A-Za-z_][\w.]*$/;

/** `gunicorn`, `python3 app.py`: from the text of `/proc/<pid>/cmdline`, at most 60 characters; '' from an empty one. */
export function processName(commandLine: string): string {
  const [program = '', ...args] = commandLine.split('\0');
  // A program may overwrite its command line with a title; only the title's first word is a name.
  const name = lastPart(program.trim().split(/\s/, 1)[0] ?? '').replace(/[:,;]+$/, '');
  const script = interpreterPattern.test(name) ? scriptName(args) : undefined;
  return printable(script === undefined ? name : `${name} ${script}`);
}

/** The script an interpreter runs, when it can be told from an option's value or from code on the command line. */
function scriptName(args: readonly string[]): string | undefined {
  const first = args[0] ?? '';
  if (first === '-m') return modulePattern.test(args[1] ?? '') ? args[1] : undefined;
  if (first !== '' && !first.startsWith('-') && !/[\s=]/.test(first)) return lastPart(first);
  for (const arg of args) {
    if (/^-(c|e|p|r|-eval|-print)$/.test(arg)) return undefined;
    if (scriptPattern.test(arg)) return lastPart(arg);
  }
  return undefined;
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function printable(text: string): string {
  const clean = text.replace(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, '?');
  return clean.length <= lengthMax ? clean : `${clean.slice(0, lengthMax - 1)}…`;
}
