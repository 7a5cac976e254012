import type * as z from 'zod';
import { DEFAULT_GUARDS, type Guards } from '../model/guards.ts';
import { type Cidr, familyOf, parseCidr, parseIpAddress } from '../model/ip-address.ts';
import { networkAddress } from './cidr.ts';
import { listOf, type RuleProblem, ruledText, section } from './field.ts';
import { quoted } from './problem.ts';
import { parsePercentage } from './quantities.ts';

const MAX_RANGES = 256;

function shareField(description: string, standard: string) {
  return ruledText(
    {
      description,
      default: standard,
      expected: 'a percentage such as "50%"',
      maxLength: 8,
      fromNumber: (percent) => `${percent}%`,
      pattern: '^([0-9]|[1-9][0-9]|100)%$',
    },
    (text) => {
      if (parsePercentage(text) !== undefined) return undefined;
      const message = `${quoted(text)} is no whole percentage from 0% to 100%`;
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
      'The share of all published addresses that one decision may turn unready. Above it nothing is drained.',
      `${DEFAULT_GUARDS.maxDrainPercent}%`,
    ).optional(),
    maxDeletes: shareField(
      'The share of owned Services that one list may delete. Above it nothing is deleted.',
      `${DEFAULT_GUARDS.maxDeletesPercent}%`,
    ).optional(),
    allowedCIDRs: rangesField(
      'Only addresses in these ranges are published. Empty: every address that is not denied.',
    ).optional(),
    deniedCIDRs: rangesField(
      'Addresses in these ranges are never published, nor are loopback, link-local and unspecified ones.',
    ).optional(),
  },
  { id: 'Guards', description: 'The bounds that hold over all targets together.' },
);

function rangeRule(text: string): RuleProblem | undefined {
  const [start = '', prefix = ''] = text.split('/');
  const address = parseIpAddress(start);
  if (address === undefined || parseCidr(text) === undefined) {
    const message = `${quoted(text)} is no range of addresses`;
    if (address === undefined || text.includes('/')) return { message };
    return { message, hint: `one address is written ${address}/${familyOf(address) === 'IPv4' ? 32 : 128}` };
  }
  // `10.1.2.3/8` may mean the range or the address: a guard that means something else guards nothing.
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

function percent(text: string | undefined, standard: number): number {
  return text === undefined ? standard : (parsePercentage(text) ?? standard);
}

function ranges(texts: readonly string[] | undefined): Cidr[] {
  return (texts ?? []).map((text) => {
    const range = parseCidr(text);
    if (range === undefined) throw new Error(`a range came through unchecked: ${text}`);
    return range;
  });
}
