import { expect, it } from 'vitest';
import { parseHostname } from '../../../src/model/hostname.ts';

it.each([
  ['db.corp.example', 'db.corp.example'],
  ['DB.Corp.Example.', 'db.corp.example.'],
  ['_pg._tcp.corp.example', '_pg._tcp.corp.example'],
  ['bücher.example', 'xn--bcher-kva.example'],
  ['BÜCHER.example', 'xn--bcher-kva.example'],
  ['пример.рф', 'xn--e1afmkfd.xn--p1ai'],
  ['_sip._tcp.bücher.example', '_sip._tcp.xn--bcher-kva.example'],
  ['faß.example', 'xn--fa-hia.example'],
  ['ＤＢ.example', 'db.example'],
  [`${'x'.repeat(63)}.example`, `${'x'.repeat(63)}.example`],
])('parseHostname reads %s as %s', (text, expected) => {
  expect(parseHostname(text)).toBe(expected);
});

it.each([
  ['', 'EmptyName'],
  ['.', 'EmptyName'],
  ['a..b', 'EmptyLabel'],
  ['.a', 'EmptyLabel'],
  [`${'x'.repeat(64)}.example`, 'LabelTooLong'],
  [`${'x'.repeat(60)}.`.repeat(5), 'NameTooLong'],
  [`${'ü'.repeat(60)}.example`, 'LabelTooLong'],
  ['-a.example', 'IllegalCharacter'],
  ['a-.example', 'IllegalCharacter'],
  ['*.example', 'IllegalCharacter'],
  ['a b.example', 'IllegalCharacter'],
  ['10.0.0.1', 'LooksLikeAnAddress'],
  ['10', 'LooksLikeAnAddress'],
  // A URL parser would take these for the end of the name, or for an address.
  ['bü/x.example', 'IllegalCharacter'],
  ['bü?x.example', 'IllegalCharacter'],
  ['bü#x.example', 'IllegalCharacter'],
  ['bü\\x.example', 'IllegalCharacter'],
  ['b\tü.example', 'IllegalCharacter'],
  ['bü%2e.example', 'IllegalCharacter'],
  ['bü:8080', 'IllegalCharacter'],
  ['x@bü.example', 'IllegalCharacter'],
  ['１０.0.0.1', 'LooksLikeAnAddress'],
  ['0x7f.１', 'LooksLikeAnAddress'],
  ['xn--ü.example', 'IllegalCharacter'],
])('parseHostname rejects %j: %s', (text, problem) => {
  expect(parseHostname(text)).toBe(problem);
});
