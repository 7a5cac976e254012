import type * as z from 'zod';
import { DEFAULT_GUARDS, type Guards } from '../model/guards.ts';
import { type Cidr, familyOf, parseCidr, parseIpAddress } from '../model/ip-address.ts';
import { networkAddress } from './cidr.ts';
import { listOf, type RuleProblem, ruledText, section } from './field.ts';
import { quoted } from './problem.ts';
import { parsePercentage } from './quantities.ts';

const MAX_RANGES = 256;

function shareField(description: string, defaultValue: string) {
  return ruledText(
    {
      description,
      default: defaultValue,
      expected: 'a percentage such as "50%"',
      maxLength: 8,
      fromNumber: (percent) => `${percent}%`,
      pattern: '^([0-9]|[1-9][0-9]|100)%$',
    },
    (text) => {
      if (parsePercentage(text) !== undefined) return undefined;
      const message = `${quoted(text)} is not a whole percentage from 0% to 100%`;
      return /^\d{1,2}$/.test(text) ? { message, hint: `write ${text}%` } : { message };
    },
  );
}

function rangesField(description: string) {
  const range = ruledText(
    { description: 'ADDRESS/PREFIX.', expected: 'a range such as 10.0.0.0/8', maxLength: 64 },
    rangeRule,
  );
  return listOf(range, { description, default: [], max: MAX_RANGES, of: 'ranges' });
}

export const guardsSchema = section(
  {
    maxDrain: shareField(
      'Largest share of all published addresses that one decision may make not ready. Above it no address is drained.',
      `${DEFAULT_GUARDS.maxDrainPercent}%`,
    ).optional(),
    maxDeletes: shareField(
      'Largest share of the Services that the list published which may be deleted within ten minutes, rounded down; one may go as long as the list names another. Above it no Service is deleted.',
      `${DEFAULT_GUARDS.maxDeletesPercent}%`,
    ).optional(),
    allowedCIDRs: rangesField(
      'Address ranges that may be published. Empty: every address that is not denied.',
    ).optional(),
    deniedCIDRs: rangesField(
      'Address ranges that are never published. Loopback, link-local and unspecified addresses never are either.',
    ).optional(),
  },
  { id: 'Guards', description: 'Limits that apply to all targets together.' },
);

function rangeRule(text: string): RuleProblem | undefined {
  const [start = '', prefix = ''] = text.split('/');
  const address = parseIpAddress(start);
  if (address === undefined || parseCidr(text) === undefined) {
    const message = `${quoted(text)} is not an address range`;
    if (address === undefined || text.includes('/')) return { message };
    return {
      message,
      hint: `write ${address}/${familyOf(address) === 'IPv4' ? 32 : 128} for a single address`,
    };
  }
  // `10.1.2.3/8` may mean the range or the address. Reject it: a misread guard protects nothing.
  const network = networkAddress(address, Number(prefix));
  if (network === address) return undefined;
  const message = `${quoted(text)} is an address inside a range`;
  return { message, hint: `write ${network}/${prefix} for the range` };
}

export function guardsFrom(written: z.infer<typeof guardsSchema>): Guards {
  return {
    maxDrainPercent: percent(written.maxDrain, DEFAULT_GUARDS.maxDrainPercent),
    maxDeletesPercent: percent(written.maxDeletes, DEFAULT_GUARDS.maxDeletesPercent),
    allowedCidrs: ranges(written.allowedCIDRs),
    deniedCidrs: ranges(written.deniedCIDRs),
  };
}

function percent(text: string | undefined, defaultValue: number): number {
  return text === undefined ? defaultValue : (parsePercentage(text) ?? defaultValue);
}

function ranges(texts: readonly string[] | undefined): Cidr[] {
  return (texts ?? []).map((text) => {
    const range = parseCidr(text);
    if (range === undefined) throw new Error(`the schema accepted an invalid range: ${text}`);
    return range;
  });
}
