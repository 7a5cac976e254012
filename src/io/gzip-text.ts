import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { Compressor } from '../state/config-map-state.ts';

/** The limit of the text, because a damaged or hostile one must not fill the memory. */
const MAX_TEXT_BYTES = 64 * 1024 * 1024;

/** gzip in base64, where only text is allowed. */
export const gzipText: Compressor = {
  compress: async (text) => (await promisify(gzip)(text)).toString('base64'),
  decompress: async (text) => {
    const bytes = await promisify(gunzip)(Buffer.from(text, 'base64'), { maxOutputLength: MAX_TEXT_BYTES });
    return bytes.toString('utf8');
  },
};
