import { domainToASCII } from 'node:url';

/** A DNS name that can be sent: lower case, punycode, with a trailing dot only if it is absolute. */
export type Hostname = string & { readonly __brand: 'Hostname' };

/** RFC 1035 §2.3.4: a label is at most 63 octets, a name 253 characters in this notation. */
const MAX_LABEL_LENGTH = 63;
const MAX_NAME_LENGTH = 253;

export type HostnameProblem =
  | 'EmptyName'
  | 'EmptyLabel'
  | 'LabelTooLong'
  | 'NameTooLong'
  | 'IllegalCharacter'
  | 'LooksLikeAnAddress';

/**
 * Reads a DNS name as people write it. International names become punycode (RFC 5891), letters become lower case. A
 * trailing dot stays: it says that no search domain may be added.
 *
 * Underscores are legal (SRV names, RFC 2782). dns-packet checks nothing and would encode a corrupt packet, so every
 * name that is sent must come from here.
 */
export function parseHostname(text: string): Hostname | HostnameProblem {
  const absolute = text.endsWith('.');
  const bare = absolute ? text.slice(0, -1) : text;
  if (bare === '') return 'EmptyName';
  const ascii = isAscii(bare) ? bare.toLowerCase() : punycode(bare);
  if (ascii === '') return 'IllegalCharacter';
  // The last check, because domainToASCII reads `０x7f.1` (a full-width zero) as an IPv4 address, as browsers do.
  if (/^[\d.]+$/.test(ascii)) return 'LooksLikeAnAddress';
  const problem = problemOf(ascii);
  return problem ?? (`${ascii}${absolute ? '.' : ''}` as Hostname);
}

/** Empty: the name has no such form. domainToASCII reads the host of a URL and would end the name at a `/` or `?`. */
function punycode(name: string): string {
  return ILLEGAL_ASCII.test(name) ? '' : domainToASCII(name);
}

/** All ASCII characters that a hostname must not have. */
const ILLEGAL_ASCII = /[\0-,/:-@[-^`{-\x7f]/;

export function isHostname(value: Hostname | HostnameProblem): value is Hostname {
  return !PROBLEMS.has(value);
}

const PROBLEMS: ReadonlySet<string> = new Set<HostnameProblem>([
  'EmptyName',
  'EmptyLabel',
  'LabelTooLong',
  'NameTooLong',
  'IllegalCharacter',
  'LooksLikeAnAddress',
]);

function isAscii(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}

function problemOf(name: string): HostnameProblem | undefined {
  if (name.length > MAX_NAME_LENGTH) return 'NameTooLong';
  for (const label of name.split('.')) {
    if (label === '') return 'EmptyLabel';
    if (label.length > MAX_LABEL_LENGTH) return 'LabelTooLong';
    if (!/^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$/.test(label)) return 'IllegalCharacter';
  }
  return undefined;
}
