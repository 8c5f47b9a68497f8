// The stand-in as a process of its own:
//   node test/stand-ins/dropbox/serve.ts --port 0 --directory /tmp/dropbox --bandwidth '100 Mbit/s' --latency 50 --tls
// It prints one line of JSON when it is ready, and runs until it is stopped by a signal.
import { parseArgs } from 'node:util';
import { DropboxStandIn, type StandInOptions } from './stand-in.ts';
import { TlsProxy } from './tls-proxy.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string' },
    directory: { type: 'string' },
    /** '100 Mbit/s', '12 MB/s', or bytes a second. */
    bandwidth: { type: 'string' },
    /** Milliseconds. */
    latency: { type: 'string' },
    /** Bytes. */
    quota: { type: 'string' },
    scopes: { type: 'string' },
    /** Also serves the real host names through a proxy, for clients that speak only TLS. */
    tls: { type: 'boolean' },
  },
});

const standIn = await DropboxStandIn.start(options());
const proxy = values.tls === true ? await TlsProxy.start(standIn) : undefined;
const tls = proxy === undefined ? {} : { proxy: proxy.url, certificateAuthority: proxy.certificateAuthority };
// Before anybody knows that we are here: a signal may follow at once.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop());
console.log(JSON.stringify({ url: standIn.url, environment: standIn.environment, ...tls }));

async function stop(): Promise<void> {
  await proxy?.[Symbol.asyncDispose]();
  await standIn[Symbol.asyncDispose]();
}

function options(): StandInOptions {
  const { port, directory, bandwidth, latency, quota, scopes } = values;
  return {
    ...(port === undefined ? {} : { port: Number(port) }),
    ...(directory === undefined ? {} : { directory }),
    ...(bandwidth === undefined ? {} : { bandwidthBytesPerSecond: bytesPerSecond(bandwidth) }),
    ...(latency === undefined ? {} : { latencyMs: Number(latency) }),
    ...(quota === undefined ? {} : { quotaBytes: Number(quota) }),
    ...(scopes === undefined ? {} : { scopes: scopes.split(/[ ,]/) }),
  };
}

function bytesPerSecond(text: string): number {
  const match = /^([\d.]+)\s*(?:([kMG]?)(bit|B)\/s)?$/.exec(text);
  if (match === null) throw new Error(`not a bandwidth: ${text}`);
  const factor = { '': 1, k: 1e3, M: 1e6, G: 1e9 }[match[2] ?? ''] ?? 1;
  return (Number(match[1]) * factor) / (match[3] === 'bit' ? 8 : 1);
}
