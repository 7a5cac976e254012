import { domainToASCII } from 'node:url';

/** A DNS name that can be put on the wire: lower case, punycode, no trailing dot unless absolute. */
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
 * Reads a DNS name as a person writes it: international names become punycode (RFC 5891), the case is
 * folded, a trailing dot is kept because it says that no search domain may be added.
 *
 * Underscores are legal (SRV names, RFC 2782). dns-packet checks none of this and would encode a corrupt
 * packet, so every name that reaches the wire has come through here.
 */
export function parseHostname(text: string): Hostname | HostnameProblem {
  const absolute = text.endsWith('.');
  const bare = absolute ? text.slice(0, -1) : text;
  if (bare === '') return 'EmptyName';
  // domainToASCII would turn `1.2.3` or `0x7f.1` into an IPv4 address, as browsers do.
  if (/^[\d.]+$/.test(bare)) return 'LooksLikeAnAddress';
  const ascii = isAscii(bare) ? bare.toLowerCase() : domainToASCII(bare);
  if (ascii === '') return 'IllegalCharacter';
  const problem = problemOf(ascii);
  return problem ?? (`${ascii}${absolute ? '.' : ''}` as Hostname);
}

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
