import { describe, expect, it } from 'vitest';
import { readConfigMapReference } from '../../../src/config/config-map-reference.ts';

describe('readConfigMapReference', () => {
  it.each([
    ['shop/targets', 'shop', { kind: 'name', name: 'targets' }],
    ['shop/targets.v2/list.yaml', 'shop', { kind: 'name', name: 'targets.v2', key: 'list.yaml' }],
    ['shop/?app=list', 'shop', { kind: 'selector', labelSelector: 'app=list' }],
    [
      'shop/?example.org/list=yes,tier in (a,b)',
      'shop',
      { kind: 'selector', labelSelector: 'example.org/list=yes,tier in (a,b)' },
    ],
  ])('reads %s', (text, namespace, choice) => {
    expect(readConfigMapReference(text)).toEqual({ ok: true, reference: { text, namespace, choice } });
  });

  it.each([
    ['', 'expected NAMESPACE/NAME'],
    ['targets', 'expected NAMESPACE/NAME'],
    ['shop/', 'expected NAMESPACE/NAME'],
    ['/targets', '"" is not a namespace name'],
    ['Shop/targets', '"Shop" is not a namespace name'],
    ['shop/Targets', '"Targets" is not a ConfigMap name'],
    ['shop/targets/', '"" is not a ConfigMap key'],
    ['shop/targets/a/b', '"a/b" is not a ConfigMap key'],
    ['shop/targets/a b', '"a b" is not a ConfigMap key'],
    ['shop/?', 'a label selector is missing'],
  ])('rejects %j', (text, why) => {
    const read = readConfigMapReference(text);
    expect(read.ok ? '' : read.message).toContain(why);
  });
});
