// What a page has people type: every line of its blocks for a shell, and the command lines in its sentences and tables.
import { jobs } from '../typed-world.ts';

export interface CommandLine {
  page: string;
  number: number;
  /** The heading that it stands below. */
  section: string;
  /** Without the comment behind it. */
  text: string;
  isBlock: boolean;
}

/** Programs of others that pages name with arguments. */
const others = new Set(
  (
    'age apt autoload bash cat cd chmod cp crontab curl df dmesg docker echo etc/rescue/rebuild.py export findmnt flock fuser git grep install ' +
    'iotop journalctl last litestream ls man mkdir mount mv npm npx openssl pg_restore ps psql python3 rm sed sh smartctl sqlite3 ssh ' +
    'ssh-keygen sudoedit systemctl systemd-analyze systemd-tmpfiles tailscale timedatectl umount userdel vcgencmd */2'
  ).split(' '),
);

/** In the order of the page. */
export function commandLines(page: string, text: string): CommandLine[] {
  const headings = [...text.matchAll(/^#+ (.*)$/gm)];
  const numberAt = (at: number) => text.slice(0, at).split('\n').length;
  const line = (at: number, typed: string, isBlock: boolean): CommandLine => ({
    page,
    number: numberAt(at),
    section: headings.findLast(({ index }) => index < at)?.[1] ?? '',
    text: typed.replace(/(^|\s)#\s.*$/, '').trim(),
    isBlock,
  });
  const blocks = [...text.matchAll(/^ *```sh\n([^]*?)^ *```/gm)].flatMap(
    ({ 0: whole, 1: block = '', index }) => {
      const from = index + whole.indexOf('\n') + 1;
      return [...block.matchAll(/[^\n]+/g)].map((one) => line(from + one.index, one[0], true));
    },
  );
  const prose = text.replaceAll(/^ *```[^]*?^ *```/gm, (block) => block.replaceAll(/[^\n]/g, ' '));
  const spans = [...prose.matchAll(/`([^`\n]+(?:\n[^`\n]+)?)`/g)]
    .map(({ 1: span = '', index }) => line(index, span.replace(/\n */, ' ').replaceAll('\\|', '|'), false))
    .filter(({ text: span }) => / /.test(span));
  return [...blocks, ...spans].sort((a, b) => a.number - b.number).filter(({ text: typed }) => typed !== '');
}

/** Whether a span is typed, and not only said: it begins with a program, and goes on. */
export function isCommandLine(text: string): boolean {
  return ourWords(text).length > 0 || others.has(programOf(text));
}

/** A span that looks as if it were typed: a word in small letters, and more behind it. */
export function looksTyped(text: string): boolean {
  return /^[a-z][\w./-]* [^=]/.test(text) && !/^[\w.-]+ = /.test(text);
}

/** Who is started first: behind `sudo`, and variables that are set. */
function programOf(text: string): string {
  return wordsOf(text).find((word) => !isBefore(word)) ?? '';
}

/** The commands of which a line is made: what stands between `&&`, `|` and `;`. */
export function commandsOf(text: string): string[] {
  return text.split(/ && | \| |; | &$/).map((command) => command.trim());
}

/** From the name of a job on: what stands before it, such as sudo, is not ours. Empty where it is another program's. */
export function ourWords(text: string): string[] {
  const words = wordsOf(text).map((word) => word.replace(/^(?:\/opt\/holdfast\/)?bin\//, ''));
  const at = words.findIndex((word) => word in jobs);
  return at < 0 || !words.slice(0, at).every(isBefore) ? [] : words.slice(at);
}

/** As a shell takes a line apart, with the quotes left around a word. */
export function wordsOf(text: string): string[] {
  return text.match(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g) ?? [];
}

function isBefore(word: string): boolean {
  return /^(sudo|-u|'#\d+'|postgres|nohup|root|[A-Z_]+=.*|\*(\/\d+)?)$/.test(word);
}
