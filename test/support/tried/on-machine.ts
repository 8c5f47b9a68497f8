// What README and the runbook have typed on a machine with a service manager: as scripts for a shell there, which go on after a line
// that does not end as it should, and say so.
import type { CommandLine } from './command-lines.ts';
import { isOnMachine, nowhere, sayings, triedLines } from './places.ts';

/** What a word in angle brackets stands for there. */
const values: Readonly<Record<string, string>> = {
  'this repository': '/src',
  app: 'ctv',
  name: 'ctv',
  service: 'flaskapp.service',
  unit: 'db-backup@ctv.service',
  timer: 'db-backup@ctv.timer',
  'the old timer': 'ctv-db-sync.timer',
  where: '/mnt/away',
  path: '/mnt/away',
};

/** How a line ends that does not end with 0. */
const exits: Readonly<Record<string, string>> = {
  // The sample keeps copies in a directory.
  'sudo db-backup link': '78',
  // What is well there depends on the machine that tests.
  'sudo health-check': '[0-3]|75', // its timer may be asking just then
  'sudo health-check doctor': '[0-3]',
  'health-check doctor': '[0-3]',
  // A unit that is not at work now; one that is not there.
  'systemctl status db-backup@ctv': '3',
  'systemctl status holdfast-state': '3',
  'systemctl status <unit>': '3',
  'systemctl status datasette': '4',
  'systemctl status delta-receive': '4',
  // Nothing is found where nothing was killed.
  'journalctl -k -g "Killed process"': '[01]',
};

/** What is typed into what a line starts. */
const inputs: Readonly<Record<string, string>> = {
  "sudo sh -c 'umask 077; cat > /etc/holdfast/credentials/ntfy-topic'": 'a-topic-that-nobody-guesses',
  "sudo sh -c 'umask 077; cat > /etc/holdfast/credentials/slack-webhook-url'":
    'https://hooks.slack.com/services/T/B/x',
  'sudo install -m 600 /dev/stdin /etc/holdfast/credentials/app-bags-postgres-url':
    'postgresql://bags:password@127.0.0.1:5432/bags',
};

/** What there is when a line is typed. */
const before: Readonly<Record<string, string>> = {
  'umount -l <where>': 'mkdir -p /mnt/away && mount -t tmpfs tmpfs /mnt/away',
  'umount -l <path>': 'mount -t tmpfs tmpfs /mnt/away',
  'systemctl disable --now <the old timer>':
    "printf '[Timer]\\nOnCalendar=daily\\n[Install]\\nWantedBy=timers.target\\n' >/etc/systemd/system/ctv-db-sync.timer",
  // By then the reader has gone back to the older script.
  'sudo systemctl disable --now db-backup@ctv.timer':
    'cd /opt/holdfast && npm run units -- install --app ctv >/dev/null 2>&1',
};

/** Who leaves the runbook with it gone has read the rest before. */
const last = 'Taking Holdfast off';

/** README's block for somebody who only has a path. */
export function useIt(): string {
  return script(lines().filter(({ section }) => section === 'Use it'));
}

/** README's five minutes. */
export function fiveMinutes(): string {
  return script(lines().filter(({ page, section }) => page === 'README.md' && section !== 'Use it'));
}

/** All that the runbook says of units, and at last how they are taken off. */
export function runbook(): string {
  const all = lines().filter(({ page }) => page !== 'README.md');
  const seen = new Set<string>();
  const isNew = (line: CommandLine) => !seen.has(typedLine(line)) && seen.add(typedLine(line));
  const once = all.filter((line) => isNew(line) || line.isBlock);
  return script([
    ...once.filter(({ section }) => section !== last),
    ...all.filter(({ section }) => section === last),
  ]);
}

function lines(): CommandLine[] {
  return triedLines().filter(
    (line) => isOnMachine(line) && !(line.text in nowhere) && !sayings.includes(line.text),
  );
}

/** All in one shell: where a line goes, the next one is. */
function script(typed: readonly CommandLine[]): string {
  return typed.map(tried).join('\n');
}

function tried({ page, number, text }: CommandLine): string {
  const line = withValues(text);
  const exit = exits[text] ?? '0';
  const wrong = `printf '%s\\n' ${quoted(`${page}:${number}: ${text}`)} "ended with $code, not ${exit}:"; cat "$HOME/said"`;
  return `${before[text] ?? ':'}
code=0; { ${line}
} >"$HOME/said" 2>&1 <<< ${quoted(inputs[text] ?? '')} || code=$?
case $code in ${exit}) ;; *) ${wrong} ;; esac`;
}

function withValues(text: string): string {
  return text.replaceAll(/<([a-z ]+)>/g, (whole, name: string) => values[name] ?? whole);
}

/** The same line is typed once, whoever has to type sudo. */
function typedLine({ text }: CommandLine): string {
  return withValues(text)
    .replace(/^cd \/opt\/holdfast && /, '')
    .replace(/^sudo /, '');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
