// A dump and its proof in a process of its own: the directory of the socket, the port, and where the dump goes.
import { postgresSource } from '../../lib/postgres/backup/postgres-source.ts';
import { runCommand } from '../../lib/process/run-command.ts';

const [host = '', port = '', path = ''] = process.argv.slice(2);
const target = {
  ...{ host, port: Number(port), user: 'app', database: 'traitortrack', sslmode: 'prefer' as const },
  ...{ rootCertificate: undefined, readPassword: () => undefined },
};
const source = postgresSource({ readTarget: () => target, run: runCommand });
const started = performance.now();
const report = await source.copy(await source.look(), path, { now: new Date() });
const dumped = performance.now();
const { facts, integrity } = await source.measure(path);
const said = [...integrity.problems, ...(report.disagreements?.(facts) ?? [])];
console.log(`dump ${Math.round(dumped - started)} ms, proof ${Math.round(performance.now() - dumped)} ms`);
if (said.length > 0) throw new Error(said.join('\n'));
