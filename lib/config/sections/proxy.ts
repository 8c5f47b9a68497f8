// The proxy that the environment names, for all that goes out: every program on a machine finds it there, so there is
// no key of ours for it.
import { OpsError } from '../../base/errors.ts';
import type { ProxyConfig } from '../config.ts';
import { type Environment, nonEmpty } from '../environment.ts';

/** What is on this machine is asked directly: a health check of an app is nobody else's business. */
const loopback = ['localhost', '127.0.0.1', '[::1]'];

const inTheClear = ['http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY'];
const throughTls = ['https_proxy', 'HTTPS_PROXY', ...inTheClear.slice(2), ...inTheClear.slice(0, 2)];

/** Undefined where there is none, or none is to be used for anything. A mistake in it is told where it is read. */
export function proxyConfig(environment: Environment): ProxyConfig | undefined {
  const exempt = (nonEmpty(environment.no_proxy) ?? nonEmpty(environment.NO_PROXY) ?? '')
    .split(/[\s,]+/)
    .filter((entry) => entry !== '');
  const [http, https] = [nameIn(environment, inTheClear), nameIn(environment, throughTls)];
  if (https === undefined || exempt.includes('*')) return undefined;
  return {
    exempt: [...loopback, ...exempt].join(','),
    readAddresses: () => ({
      http: http === undefined ? undefined : addressIn(environment, http),
      https: addressIn(environment, https),
    }),
  };
}

/** The first of the variables that is set: lower case goes first, as with every other program. */
function nameIn(environment: Environment, names: readonly string[]): string | undefined {
  return names.find((name) => nonEmpty(environment[name]) !== undefined);
}

function addressIn(environment: Environment, name: string): string {
  const text = (environment[name] ?? '').trim();
  const url = URL.parse(text.includes('://') ? text : `http://${text}`);
  if (url !== null && ['http:', 'https:'].includes(url.protocol)) return url.href;
  // What it holds is not shown: there may be a password in it.
  throw new OpsError('config', `cannot use ${name}: it is not the address of an HTTP proxy`, {
    hint: `for example ${name}=http://proxy.example:3128`,
  });
}

/**
 * The proxy that leads to `to`, with its user and password; undefined where it is asked directly, and where the proxy cannot be
 * used, which whoever set up the network has told.
 */
export function proxyFor(proxy: ProxyConfig | undefined, to: URL): URL | undefined {
  if (proxy === undefined || isExempt(proxy.exempt, to)) return undefined;
  try {
    const { http, https } = proxy.readAddresses();
    const address = to.protocol === 'https:' ? https : http;
    return address === undefined ? undefined : new URL(address);
  } catch (error) {
    if (error instanceof OpsError) return undefined;
    throw error;
  }
}

function isExempt(exempt: string, { protocol, hostname, port }: URL): boolean {
  const asked = hostname.replace(/^\[|\]$/g, '');
  const own = port || (protocol === 'https:' ? '443' : '80');
  return exempt
    .toLowerCase()
    .split(',')
    .some((entry) => {
      const [, name = entry, of = own] = /^([^:]*|\[.*\]):(\d+)$/.exec(entry) ?? [];
      const host = name.replace(/^\*?\./, '').replace(/^\[|\]$/g, '');
      return of === own && (asked === host || asked.endsWith(`.${host}`));
    });
}
