// Where each command line of README and the runbook is tried: typed in the world of its section, on a machine that boots, or nowhere,
// for a reason.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type CommandLine, commandLines, isCommandLine, looksTyped, ourWords } from './command-lines.ts';
import { elsewhere, type Part, parts } from './sections.ts';

const project = resolve(import.meta.dirname, '../../..');

/** What is tried nowhere, and why. */
export const nowhere: Readonly<Record<string, string>> = {
  'npm ci && npm run demo': 'is a step of .ci/run, half a minute long',
  'npm ci && npm test': 'is what runs this',
  'npm test': 'is what runs this',
  'npm run test:all': 'is what runs this',
  'systemctl stop': 'is named, and stops nothing',
  'apt install python3-zstandard': 'no machine of a test has a way to a mirror',
  'apt install age': 'no machine of a test has a way to a mirror',
  'sudo apt install postgresql-client-15': 'no machine of a test has a way to a mirror',
  'curl -sI https://api.dropboxapi.com': 'no machine of a test has a way to Dropbox',
  'ssh pi': 'the name of a machine that is elsewhere',
  'ssh -t': 'is named, and goes nowhere',
  'tailscale up --ssh': 'Tailscale is a service of others',
  'tailscale serve --bg 8001': 'Tailscale is a service of others',
  'sudo tailscale serve --bg 8001': 'Tailscale is a service of others',
  'tailscale serve': 'Tailscale is a service of others',
  'tailscale funnel': 'Tailscale is a service of others, and this is not to be typed',
  'sudo python3 -m venv /opt/datasette/venv':
    'Datasette comes from a registry: test/e2e/explorer installs it',
  'sudo /opt/datasette/venv/bin/pip install -r /opt/holdfast/etc/datasette/0.65/requirements.txt':
    'Datasette comes from a registry: test/e2e/explorer installs it',
  'sudo systemctl edit db-backup@ctv': 'opens an editor',
  'sudo systemctl edit datasette': 'opens an editor',
  'sudo systemctl edit restore-standby@ctv': 'opens an editor',
  'sudo crontab -e': 'opens an editor',
  'crontab -e': 'opens an editor',
  'chmod 600': 'is named without the file',
  'rm /etc/machine-id && systemd-machine-id-setup': 'makes another machine of the one that is tested',
  'timedatectl set-time': 'is named without the time',
  "echo '[explorer]' | sudo tee -a /etc/holdfast/holdfast.toml": 'wants Datasette: test/e2e/explorer',
  'cd /opt/holdfast && sudo npm run units -- install --app bags':
    'no machine of a test has a PostgreSQL server: test/e2e/traitortrack',
  'sudo systemctl start db-backup@bags':
    'no machine of a test has a PostgreSQL server: test/e2e/traitortrack',
  ...Object.fromEntries(
    [
      ...['npm run units -- install --services', 'sudo npm run units -- install --services'],
      ...['sudo systemctl restart delta-serve@<name>', 'sudo systemctl restart delta-pull@<name>'],
    ].map((line) => [
      line,
      'is for who has such services: test/system/first-night installs them, and kills them',
    ]),
  ),
  'iotop -ao': 'shows what is written until somebody has seen enough',
  'ps -eo stat,comm | grep ^D': 'ends with what the disks of the machine that tests do just then',
  ...Object.fromEntries(
    [
      'db-backup remove <its name>',
      'restore run latest --identity <file>',
      'sudo restore standby --app ctv --identity <file>',
      'sudo install -m 600 key.txt /etc/holdfast/identity.key',
    ].map((line) => [line, 'wants a damaged backup, or sealed ones: test/jobs has both']),
  ),
  'df -h': 'asks every mount of the machine, also those of other tests that never answer',
  'vcgencmd get_throttled': 'only a Raspberry Pi has it',
  'smartctl -a': 'is named without the disk',
  ...Object.fromEntries(
    [
      'restore plan',
      'db-backup remove',
      'restore run',
      'restore download',
      'db-backup download',
      'delta-receive correct',
      'delta-serve key',
    ].map((line) => [line, 'is named, and not what it is to do']),
  ),
  '*/2 * * * * root /opt/holdfast/bin/alert-send -q': 'is a line for cron',
  '/opt/holdfast/bin/alert-send spool --job %i': 'is a line of a unit: %i is given by systemd',
  ...Object.fromEntries(
    [
      'man restore',
      'man db-backup',
      'autoload -U compinit && compinit',
      'sed "s|@PROGRAM@|$PWD/bin/restore|; s|@COMMAND@|restore|g" etc/completion/bash',
    ].map((line) => [
      line,
      'test/e2e/completion types in shells, and reads the pages, that the installer has set up',
    ]),
  ),
  'litestream restore': 'is a program of others, named without its database',
};

/** What looks as if it were typed, and is what somebody says, or a query. */
export const sayings: readonly string[] = [
  'sudo -i',
  'it has 2 names (hard links)',
  'another file was put in its place meanwhile',
  'proxy_set_header Host $host;',
  'integrity check:',
  'idle in transaction',
  'select pg_terminate_backend(<pid>)',
  "select relname, pg_size_pretty(pg_total_relation_size(oid)) from pg_class where relkind = 'r' order by pg_total_relation_size(oid) desc limit 20",
  'local all bags scram-sha-256',
  'host all bags 127.0.0.1/32 scram-sha-256',
  'cannot determine last wal position, clearing generation',
  'database is locked',
  'test upload backup info list-backups list download',
  'uninstall --services',
];

/** What only a machine with a service manager knows, or what changes one. */
const ofMachine =
  /\b(systemctl|journalctl|systemd-\w+|timedatectl|npm run units|git clone|sudoedit|userdel|mount|umount|dmesg|last)\b|holdfast\/etc|^cd \/(?:opt| )|\/opt\/holdfast\/bin|\/usr\/local\/bin|tee -a|\/etc\/(ssh|machine-id)|credentials/;

/** The command lines of README and the runbook, in order. */
export function triedLines(): CommandLine[] {
  return ['README.md', 'docs/operations.md'].flatMap((page) =>
    commandLines(page, readFileSync(join(project, page), 'utf8')).filter(
      ({ text, isBlock }) => isBlock || isCommandLine(text) || looksTyped(text),
    ),
  );
}

export function isOnMachine({ page, text }: CommandLine): boolean {
  return (
    page === 'README.md' ||
    (ourWords(text).length === 0 && ofMachine.test(text)) ||
    /health-check doctor|&&.*systemctl|systemctl.*&&/.test(text)
  );
}

/** What is typed in a world, part by part. */
export function partsWithLines(): { part: Part; lines: CommandLine[] }[] {
  const found = [...parts, elsewhere].map((part) => ({ part, lines: [] as CommandLine[] }));
  let current = found.at(-1);
  let section = '';
  for (const line of triedLines().filter(({ page }) => page !== 'README.md')) {
    const isNew = section !== line.section;
    ({ section } = line);
    const next = found.find(
      ({ part: { sections, from } }) =>
        sections.includes(section) && (from === undefined ? isNew : from === line.text),
    );
    if (next !== undefined || isNew) current = next ?? found.at(-1);
    if (!(line.text in nowhere) && !sayings.includes(line.text) && !isOnMachine(line))
      current?.lines.push(line);
  }
  return found.filter(({ lines }) => lines.length > 0);
}
