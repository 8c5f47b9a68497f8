// How this process goes out into the network, whoever asks for what: all of them use fetch, which is Node's own.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { getDefaultResultOrder, setDefaultResultOrder } from 'node:dns';
import type http from 'node:http';
import { setDefaultAutoSelectFamilyAttemptTimeout, type Socket } from 'node:net';
import process from 'node:process';
import { OpsError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { ProxyConfig } from '../config/config.ts';

/**
 * A host with two address families is asked through one, and after so long through the other. A slow line, or one on which
 * the first packet is lost (it is sent again after a second), needs longer than the half second that is Node's default:
 * the family that works would be given up for the one that leads nowhere.
 */
const familyAttemptMs = 3000;

/** What fetch says when a connection stands, and Node of an attempt of several at one. */
const connectedChannel = 'undici:client:connected';
interface Connected {
  socket?: Pick<Socket, 'remoteFamily'> & { autoSelectFamilyAttemptedAddresses?: readonly string[] };
}

/**
 * Where the first family led nowhere, the one that got through is asked first from then on: the other costs a command its
 * time once, and not with every connection, of which there are several to each host.
 */
function learnFamily(message: unknown): void {
  const { socket } = message as Connected;
  const attempts = socket?.autoSelectFamilyAttemptedAddresses ?? [];
  if (attempts.length > 1) setDefaultResultOrder(socket?.remoteFamily === 'IPv6' ? 'ipv6first' : 'ipv4first');
}

/**
 * Goes through the proxy from now on, where there is one, until what is returned is called. A proxy that cannot be
 * used keeps nobody from a backup: it is told, and everything is asked directly.
 */
export function useNetwork(proxy: ProxyConfig | undefined, log: Log): () => void {
  setDefaultAutoSelectFamilyAttemptTimeout(familyAttemptMs);
  const order = getDefaultResultOrder();
  subscribe(connectedChannel, learnFamily);
  const leaveProxy = useProxy(proxy, log);
  return () => {
    leaveProxy();
    unsubscribe(connectedChannel, learnFamily);
    setDefaultResultOrder(order);
  };
}

function useProxy(proxy: ProxyConfig | undefined, log: Log): () => void {
  if (proxy === undefined) return () => undefined;
  try {
    const addresses = proxy.readAddresses();
    return goThrough({
      http_proxy: addresses.http,
      https_proxy: addresses.https,
      no_proxy: proxy.exempt,
    });
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    log.warn(`${error.message}; everything is asked directly`, { hint: error.hint });
    return () => undefined;
  }
}

function goThrough(proxies: NodeJS.ProcessEnv): () => void {
  // Node has it since 24.14 and 25.4; the one that comes with Holdfast does. An import would load all of fetch as well, in 20 ms,
  // for every command that talks to nobody.
  const { setGlobalProxyFromEnv }: Partial<typeof http> = process.getBuiltinModule('node:http');
  if (setGlobalProxyFromEnv !== undefined) return setGlobalProxyFromEnv(proxies);
  throw new OpsError('config', `cannot use a proxy: Node ${process.version} does not know how`, {
    hint: 'install the Node that comes with Holdfast: npm ci',
  });
}
