import { describe, expect, test } from 'vitest';
import { apiRefusalOf, DEFAULT_GUARDS, refusalOf } from '../../../src/target/guards.ts';
import { parseCidr, parseIpAddress } from '../../../src/target/ip-address.ts';

function address(text: string) {
  return parseIpAddress(text) ?? expect.unreachable(text);
}

function cidrs(...texts: string[]) {
  return texts.map((text) => parseCidr(text) ?? expect.unreachable(text));
}

describe('What the API refuses is refused whatever the guards say', () => {
  test.each([
    ['127.0.0.0', 'LoopbackAddress'],
    ['127.255.255.255', 'LoopbackAddress'],
    ['126.255.255.255', undefined],
    ['128.0.0.0', undefined],
    ['::1', 'LoopbackAddress'],
    ['::2', undefined],
    ['0.0.0.0', 'UnspecifiedAddress'],
    ['0.0.0.1', undefined],
    ['::', 'UnspecifiedAddress'],
    ['169.254.0.0', 'LinkLocalAddress'],
    ['169.253.255.255', undefined],
    ['169.255.0.0', undefined],
    ['fe80::', 'LinkLocalAddress'],
    ['febf:ffff::1', 'LinkLocalAddress'],
    ['fe7f::1', undefined],
    ['fec0::1', undefined],
    ['224.0.0.255', 'LinkLocalMulticastAddress'],
    ['224.0.1.0', undefined],
    ['ff02::fb', 'LinkLocalMulticastAddress'],
    ['ff12::1', 'LinkLocalMulticastAddress'],
    ['ff05::1', undefined],
  ])('%s: %s', (text, reason) => {
    expect(apiRefusalOf(address(text))?.reason).toBe(reason);
    const open = { ...DEFAULT_GUARDS, allowedCidrs: cidrs('0.0.0.0/0', '::/0') };
    expect(refusalOf(address(text), open)?.reason).toBe(reason);
  });
});

test('Denied ranges win over allowed ones; with allowed ranges nothing else may pass', () => {
  const guards = {
    ...DEFAULT_GUARDS,
    allowedCidrs: cidrs('10.0.0.0/8', 'fd00::/8'),
    deniedCidrs: cidrs('10.1.0.0/16'),
  };
  expect(refusalOf(address('10.2.0.1'), guards)).toBeUndefined();
  expect(refusalOf(address('fd12::1'), guards)).toBeUndefined();
  expect(refusalOf(address('10.1.0.1'), guards)).toEqual({
    reason: 'AddressDenied',
    message: 'guards.deniedCIDRs has 10.1.0.0/16',
  });
  expect(refusalOf(address('192.0.2.1'), guards)).toEqual({
    reason: 'AddressNotAllowed',
    message: 'it is in none of guards.allowedCIDRs (10.0.0.0/8, fd00::/8)',
  });
  expect(refusalOf(address('192.0.2.1'), DEFAULT_GUARDS)).toBeUndefined();
});
