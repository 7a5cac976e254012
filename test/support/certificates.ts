import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './real-peer.ts';

export interface KeyPair {
  readonly certFile: string;
  readonly keyFile: string;
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** A certificate authority for a test, in a directory that the test removes. */
export class TestAuthority {
  readonly caFile: string;
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
    this.caFile = join(directory, 'ca.pem');
    const key = this.#path('ca.key');
    run(
      'openssl',
      'req',
      '-x509',
      ...NEW_KEY,
      '-keyout',
      key,
      '-out',
      this.caFile,
      '-days',
      '30',
      '-subj',
      '/CN=ca',
    );
  }

  /** A certificate for `names` (`DNS:db.example`, `IP:127.0.0.1`); negative days make an expired one. */
  issue(file: string, names: string, days: number): KeyPair {
    const [certFile, keyFile, request] = [`${file}.pem`, `${file}.key`, `${file}.csr`].map((name) =>
      this.#path(name),
    ) as [string, string, string];
    const extensions = this.#path(`${file}.ext`);
    writeFileSync(extensions, `subjectAltName=${names}\n`);
    run('openssl', 'req', ...NEW_KEY, '-keyout', keyFile, '-out', request, '-subj', `/CN=${file}`);
    const signing = [
      '-CA',
      this.caFile,
      '-CAkey',
      this.#path('ca.key'),
      '-days',
      `${days}`,
      '-extfile',
      extensions,
    ];
    run('openssl', 'x509', '-req', '-in', request, '-out', certFile, ...signing);
    return { certFile, keyFile };
  }

  #path(name: string): string {
    return join(this.#directory, name);
  }
}
