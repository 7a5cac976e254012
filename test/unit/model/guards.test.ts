import { describe, expect, test } from 'vitest';
import { apiRefusalOf, DEFAULT_GUARDS, refusalOf } from '../../../src/model/guards.ts';
import { parseCidr, parseIpAddress } from '../../../src/model/ip-address.ts';

function address(text: string) {
  return parseIpAddress(text) ?? expect.unreachable(text);
}

function cidrs(...texts: string[]) {
  return texts.map((text) => parseCidr(text) ?? expect.unreachable(text));
}

describe('apiRefusalOf and refusalOf, for addresses that the API rejects', () => {
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
    if (reason !== undefined) expect(refusalOf(address(text), OPEN)?.reason).toBe(reason);
  });
});

const OPEN = { ...DEFAULT_GUARDS, allowedCidrs: cidrs('0.0.0.0/0', '::/0') };

describe('refusalOf, for addresses that nothing can connect to', () => {
  test.each([
    ['223.255.255.255', undefined],
    ['224.0.1.0', 'MulticastAddress'],
    ['239.255.255.255', 'MulticastAddress'],
    ['240.0.0.1', undefined],
    ['fec0::1', undefined],
    ['ff05::1', 'MulticastAddress'],
  ])('%s: %s', (text, reason) => {
    expect(refusalOf(address(text), OPEN)?.reason).toBe(reason);
  });

  test("refuses an address of the cluster's own Services, even an allowed one", () => {
    const guards = { ...OPEN, serviceCidrs: cidrs('10.96.0.0/12', 'fd00:10:96::/112') };
    expect(refusalOf(address('10.96.0.10'), guards)).toEqual({
      reason: 'ClusterServiceAddress',
      message: "it is in 10.96.0.0/12, a range of the cluster's own Services",
    });
    expect(refusalOf(address('fd00:10:96::a'), guards)?.reason).toBe('ClusterServiceAddress');
    expect(refusalOf(address('10.112.0.1'), guards)).toBeUndefined();
  });
});

test('refusalOf refuses denied addresses first, then addresses outside the allowed ranges', () => {
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
