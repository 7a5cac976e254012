/** One answer of `/metrics`, without the prefix of names. */
export class MetricsReading {
  readonly #samples: readonly {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly value: number;
  }[];

  constructor(text: string) {
    this.#samples = text
      .split('\n')
      .filter((line) => line.startsWith('external_endpoints_'))
      .map((line) => {
        const [, name = '', labels = '', value = ''] =
          /^external_endpoints_(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
        const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', text = '']) => [key, text]);
        return { name, labels: Object.fromEntries(pairs), value: Number(value) };
      });
  }

  /** The sum of all samples of that name that bear these labels. */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number {
    return this.#samples
      .filter((sample) => sample.name === name)
      .filter((sample) => Object.entries(labels).every(([key, value]) => sample.labels[key] === value))
      .reduce((sum, { value }) => sum + value, 0);
  }
}
