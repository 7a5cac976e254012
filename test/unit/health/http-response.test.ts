import { describe, expect, it } from 'vitest';
import { bodyOf, headOf } from '../../../src/health/http-response.ts';

function read(text: string) {
  const received = Buffer.from(text, 'latin1');
  const head = headOf(received);
  if (typeof head === 'string') return head;
  const body = bodyOf(received, head);
  return {
    status: head.status,
    body: body === undefined ? undefined : [body.bytes.toString('latin1'), body.complete],
  };
}

describe('an HTTP/1 response', () => {
  it.each<[string, string, ReturnType<typeof read>]>([
    ['a length', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi', { status: 200, body: ['hi', true] }],
    [
      'a length that is not reached',
      'HTTP/1.1 200 OK\r\ncontent-length:  3 \r\n\r\nhi',
      { status: 200, body: ['hi', false] },
    ],
    [
      'more than its length',
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nhi',
      { status: 200, body: ['h', true] },
    ],
    ['neither length nor chunks', 'HTTP/1.0 404 Not Found\r\n\r\nhi', { status: 404, body: ['hi', false] }],
    ['no reason phrase', 'HTTP/1.1 204\r\n\r\n', { status: 204, body: ['', false] }],
    ['bare line feeds', 'HTTP/1.1 200 OK\nContent-Length: 2\n\nhi', { status: 200, body: ['hi', true] }],
    [
      'chunks',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n3;a=b\r\nabc\r\n1\r\nd\r\n0\r\n\r\n',
      { status: 200, body: ['abcd', true] },
    ],
    [
      'chunks before a length',
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n',
      { status: 200, body: ['ab', true] },
    ],
    [
      'a chunk that is not all there',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab',
      { status: 200, body: ['ab', false] },
    ],
    [
      'a chunk without a size',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n',
      { status: 200, body: undefined },
    ],
    [
      'a chunk that is too long',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n',
      { status: 200, body: undefined },
    ],
    [
      'interim responses',
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
      { status: 200, body: ['', true] },
    ],
    ['a change of protocol', 'HTTP/1.1 101 Switching Protocols\r\n\r\n', { status: 101, body: ['', false] }],
    ['a head that is not all there', 'HTTP/1.1 200 OK\r\nContent-', 'Incomplete'],
    ['the beginning of the beginning', 'HTT', 'Incomplete'],
    ['nothing', '', 'Incomplete'],
    ['another protocol', 'SSH-2.0-OpenSSH', 'NotHttp'],
    ['HTTP/2', 'HTTP/2 200\r\n\r\n', 'NotHttp'],
    ['a status that is none', 'HTTP/1.1 999 What\r\n\r\n', 'NotHttp'],
    ['a status line that is none', 'HTTP/1.1 200OK\r\n\r\n', 'NotHttp'],
  ])('with %s', (_, text, expected) => {
    expect(read(text)).toEqual(expected);
  });
});
