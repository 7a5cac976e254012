import { describe, expect, it } from 'vitest';
import { proxyFor } from '../../../src/io/proxy-environment.ts';

const API = 'https://api.prod.example:6443';
const HTTPS_PROXY = 'http://proxy.example:3128';

describe('proxyFor', () => {
  it.each([
    [{ HTTPS_PROXY }, API, HTTPS_PROXY],
    [{ https_proxy: HTTPS_PROXY }, API, HTTPS_PROXY],
    [{ HTTP_PROXY: HTTPS_PROXY }, API, undefined],
    [{ HTTP_PROXY: HTTPS_PROXY }, 'http://api.example', HTTPS_PROXY],
    [{ HTTPS_PROXY: 'proxy.example:3128' }, API, 'http://proxy.example:3128/'],
    [{ HTTPS_PROXY: 'socks5://proxy.example' }, API, 'socks5://proxy.example'],
    [{}, API, undefined],
    [{ HTTPS_PROXY }, 'https://127.0.0.1:6443', undefined],
    [{ HTTPS_PROXY }, 'https://localhost:6443', undefined],
    [{ HTTPS_PROXY }, 'https://[::1]:6443', undefined],
  ])('with %j for %s gives %s', (environment, url, proxy) => {
    expect(proxyFor(url, environment)).toBe(proxy);
  });

  it.each([
    ['*', API],
    ['api.prod.example', API],
    ['prod.example', API],
    ['.prod.example', API],
    ['*.prod.example', API],
    ['other, PROD.example ,', API],
    ['api.prod.example:6443', API],
    ['10.0.0.1', 'https://10.0.0.1'],
    ['10.0.0.0/8', 'https://10.96.0.1:443'],
    ['10.0.0.1:443', 'https://10.0.0.1'],
    ['fd00::/8', 'https://[fd00::1]:443'],
    ['fd00::1', 'https://[fd00::1]:443'],
    ['[fd00::1]:443', 'https://[fd00::1]'],
  ])('gives none with NO_PROXY="%s" for %s', (noProxy, url) => {
    expect(proxyFor(url, { HTTPS_PROXY, NO_PROXY: noProxy })).toBeUndefined();
  });

  it.each([
    ['.api.prod.example', API],
    ['xprod.example', API],
    ['od.example', API],
    ['api.prod.example:443', API],
    ['10.0.0.0/8', 'https://11.0.0.1'],
    ['10.0.0.0/8', 'https://ten.example'],
    ['fd00::/8', 'https://10.0.0.1'],
  ])('gives the proxy with NO_PROXY="%s" for %s', (noProxy, url) => {
    expect(proxyFor(url, { HTTPS_PROXY, NO_PROXY: noProxy })).toBe(HTTPS_PROXY);
  });

  it('throws for a variable without a usable address', () => {
    expect(() => proxyFor(API, { HTTPS_PROXY: 'ftp://proxy' })).toThrow(
      'HTTPS_PROXY is "ftp://proxy", which is not the address of a proxy; use http://HOST:PORT',
    );
  });
});
