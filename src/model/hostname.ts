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
  const ascii = isAscii(bare) ? bare.toLowerCase() : punycode(bare);
  if (ascii === '') return 'IllegalCharacter';
  // Looked at last: domainToASCII makes an IPv4 address of `０x7f.1` (a full-width zero), as browsers do.
  if (/^[\d.]+$/.test(ascii)) return 'LooksLikeAnAddress';
  const problem = problemOf(ascii);
  return problem ?? (`${ascii}${absolute ? '.' : ''}` as Hostname);
}

/** Empty when the name has no such form. domainToASCII reads a URL's host: it would end the name at a `/` or `?`. */
function punycode(name: string): string {
  return ILLEGAL_ASCII.test(name) ? '' : domainToASCII(name);
}

/** All of ASCII but what a hostname may have. */
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
