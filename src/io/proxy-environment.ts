import { BlockList, isIP } from 'node:net';

/**
 * The proxy for a URL, by the rules of client-go and kubectl (golang.org/x/net/http/httpproxy): `HTTPS_PROXY` for
 * https, `HTTP_PROXY` for http, in upper or lower case. Never for this machine itself, nor for hosts in `NO_PROXY`.
 * Throws if the variable holds no usable address.
 */
export function proxyFor(
  url: string,
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const { protocol, hostname, port } = new URL(url);
  const variable = protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const proxy = variableIn(variable, environment);
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  if (proxy === '' || isThisMachine(host)) return undefined;
  const exceptions = variableIn('NO_PROXY', environment)
    .split(',')
    .map((each) => each.trim().toLowerCase());
  const isExcepted = exceptions.some((each) =>
    excepts(each, host, port || (protocol === 'https:' ? '443' : '80')),
  );
  return isExcepted ? undefined : asUrl(variable, proxy);
}

function variableIn(name: string, environment: Readonly<Record<string, string | undefined>>): string {
  return environment[name] || environment[name.toLowerCase()] || '';
}

function asUrl(variable: string, text: string): string {
  const url = URL.parse(text.includes('://') ? text : `http://${text}`);
  if (url !== null && /^(https?|socks5h?):$/.test(url.protocol) && url.hostname !== '') {
    return text.includes('://') ? text : url.href;
  }
  throw new Error(`${variable} is "${text}", which is not the address of a proxy; use http://HOST:PORT`);
}

function isThisMachine(host: string): boolean {
  return host === 'localhost' || (isIP(host) !== 0 && LOOPBACK.check(host, familyOf(host)));
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/**
 * One entry of `NO_PROXY`: `*`, an address or range of addresses, a domain with its subdomains, or `.domain` for the
 * subdomains only.
 */
function excepts(entry: string, host: string, port: string): boolean {
  if (entry === '') return false;
  if (entry === '*') return true;
  const range = /^([0-9a-f:.]+)\/(\d{1,3})$/.exec(entry);
  if (range !== null) return isWithin(host, range[1] ?? '', Number(range[2]));
  const [, name = entry, onlyPort] = /^(?:\[?([^\]]*?)\]?):(\d+)$/.exec(isIP(entry) === 6 ? '' : entry) ?? [];
  if (onlyPort !== undefined && onlyPort !== port) return false;
  if (isIP(name) !== 0) return name === host;
  const below = name.startsWith('*.') ? name.slice(1) : name;
  return below.startsWith('.') ? host.endsWith(below) : host === below || host.endsWith(`.${below}`);
}

function isWithin(host: string, network: string, bits: number): boolean {
  const family = familyOf(network);
  if (isIP(host) === 0 || isIP(network) !== isIP(host) || bits > (family === 'ipv4' ? 32 : 128)) return false;
  const range = new BlockList();
  range.addSubnet(network, bits, family);
  return range.check(host, family);
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}
