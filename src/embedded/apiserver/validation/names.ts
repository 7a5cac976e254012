/** The rules of apimachinery's util/validation. Each function returns the problems of a text. */

const LABEL_FORMAT = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN_FORMAT = `${LABEL_FORMAT}(\\.${LABEL_FORMAT})*`;
const NAME_FORMAT = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const VALUE_FORMAT = `(${NAME_FORMAT})?`;
const CONFIG_KEY_FORMAT = '[-._a-zA-Z0-9]+';

const LABEL = new RegExp(`^${LABEL_FORMAT}$`);
const SUBDOMAIN = new RegExp(`^${SUBDOMAIN_FORMAT}$`);
const NAME = new RegExp(`^${NAME_FORMAT}$`);
const VALUE = new RegExp(`^${VALUE_FORMAT}$`);
const CONFIG_KEY = new RegExp(`^${CONFIG_KEY_FORMAT}$`);

function tooLong(most: number, unit = 'characters'): string {
  return `must be no more than ${most} ${unit}`;
}

export function labelProblems(text: string): string[] {
  const problems = text.length > 63 ? [tooLong(63)] : [];
  if (LABEL.test(text)) return problems;
  if (SUBDOMAIN.test(text)) return [...problems, 'must not contain dots'];
  const rule =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
  return [
    ...problems,
    `${rule} (e.g. 'my-name',  or '123-abc', regex used for validation is '${LABEL_FORMAT}')`,
  ];
}

export function subdomainProblems(text: string): string[] {
  const problems = text.length > 253 ? [tooLong(253)] : [];
  if (SUBDOMAIN.test(text)) return problems;
  const rule =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
  return [...problems, `${rule} (e.g. 'example.com', regex used for validation is '${SUBDOMAIN_FORMAT}')`];
}

/** `prefix/name`, where the prefix is a subdomain: the key of a label or an annotation. */
export function qualifiedNameProblems(text: string): string[] {
  const parts = text.split('/');
  const problems: string[] = [];
  const name = parts.at(-1) ?? '';
  if (parts.length > 2) {
    const rule =
      "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
    const examples = `(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${NAME_FORMAT}')`;
    return [`${rule} ${examples} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  }
  if (parts.length === 2) {
    const prefix = parts[0] ?? '';
    if (prefix === '') problems.push('prefix part must be non-empty');
    else problems.push(...subdomainProblems(prefix).map((problem) => `prefix part ${problem}`));
  }
  if (name === '') problems.push('name part must be non-empty');
  else if (name.length > 63) problems.push(`name part ${tooLong(63)}`);
  if (NAME.test(name)) return problems;
  const rule =
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
  const examples = `(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${NAME_FORMAT}')`;
  return [...problems, `${rule} ${examples}`];
}

export function labelValueProblems(text: string): string[] {
  const problems = text.length > 63 ? [tooLong(63, 'bytes')] : [];
  if (VALUE.test(text)) return problems;
  const rule =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
  const examples = `(e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '${VALUE_FORMAT}')`;
  return [...problems, `${rule} ${examples}`];
}

export function configKeyProblems(text: string): string[] {
  const problems = text.length > 253 ? [tooLong(253)] : [];
  if (!CONFIG_KEY.test(text)) {
    const rule = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
    const examples = `(e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '${CONFIG_KEY_FORMAT}')`;
    problems.push(`${rule} ${examples}`);
  }
  if (text === '.' || text === '..') problems.push(`must not be '${text}'`);
  else if (text.startsWith('..')) problems.push("must not start with '..'");
  return problems;
}

/** The name of a port: an IANA service name (RFC 6335 §5.1). */
export function portNameProblems(text: string): string[] {
  const problems: string[] = [];
  if (text.length > 15) problems.push(tooLong(15));
  if (!/^[-a-z0-9]+$/i.test(text)) {
    problems.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  }
  if (!/[a-z]/.test(text)) problems.push('must contain at least one letter (a-z)');
  if (text.includes('--')) problems.push('must not contain consecutive hyphens');
  if (text.startsWith('-') || text.endsWith('-')) problems.push('must not begin or end with a hyphen');
  return problems;
}

/** A subdomain of at least two labels, with an optional dot at the end. */
export function fullyQualifiedProblems(text: string): string[] {
  if (text === '') return [];
  const bare = text.endsWith('.') ? text.slice(0, -1) : text;
  const problems = subdomainProblems(bare);
  if (problems.length > 0) return problems;
  return bare.includes('.') ? [] : ['should be a domain with at least two segments separated by dots'];
}
