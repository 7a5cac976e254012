/** After these a `/` begins a regular expression; after anything else it divides. */
const BEFORE_REGEX = /(?:^|[=([{,;:!&|?+\-*%<>~^]|\b(?:return|case|typeof|in|of))\s*$/;

/**
 * The texts of all string literals in a TypeScript source, in order. Comments and regular expressions are skipped. A
 * template gives its text if it has no `${}`; the literals inside a `${}` count like any other.
 */
export function stringLiterals(source: string): string[] {
  const scanner = new Scanner(source);
  while (!scanner.isAtEnd) scanner.step();
  return scanner.literals;
}

class Scanner {
  readonly literals: string[] = [];
  readonly #source: string;
  #position = 0;
  /** How many braces are open in each `${}` that surrounds the position. */
  readonly #openBraces: number[] = [];
  /** The code so far, with `""` for each literal. */
  #code = '';

  constructor(source: string) {
    this.#source = source;
  }

  get isAtEnd(): boolean {
    return this.#position >= this.#source.length;
  }

  step(): void {
    const character = this.#source[this.#position] ?? '';
    if (this.#isAt('//')) this.#skipTo('\n');
    else if (this.#isAt('/*')) this.#skipTo('*/', 2);
    else if (character === "'" || character === '"') this.#readQuoted(character);
    else if (character === '/' && BEFORE_REGEX.test(this.#code.slice(-20))) this.#skipRegex();
    else if (character === '`' || (character === '}' && this.#openBraces.at(-1) === 0)) this.#readTemplate();
    else this.#readCode(character);
  }

  #isAt(text: string, position = this.#position): boolean {
    return this.#source.startsWith(text, position);
  }

  #skipTo(end: string, length = 0): void {
    const index = this.#source.indexOf(end, this.#position + length);
    this.#position = index === -1 ? this.#source.length : index + length;
  }

  /** The position of the first character from `start` on that `isEnd` accepts; escapes are skipped in pairs. */
  #find(start: number, isEnd: (position: number) => boolean): number {
    let position = start;
    while (position < this.#source.length && !isEnd(position)) position += this.#isAt('\\', position) ? 2 : 1;
    return position;
  }

  #readQuoted(quote: string): void {
    const end = this.#find(this.#position + 1, (position) => this.#isAt(quote, position));
    this.literals.push(this.#source.slice(this.#position + 1, end));
    this.#endLiteralAt(end + 1);
  }

  #skipRegex(): void {
    let inClass = false;
    const end = this.#find(this.#position + 1, (position) => {
      if (this.#isAt('[', position)) inClass = true;
      if (this.#isAt(']', position)) inClass = false;
      return !inClass && this.#isAt('/', position);
    });
    this.#endLiteralAt(end + 1);
  }

  /** From a backtick, or from the end of a `${}`, to the closing backtick or the next `${`. */
  #readTemplate(): void {
    const isStart = this.#isAt('`');
    if (!isStart) this.#openBraces.pop();
    const start = this.#position + 1;
    const end = this.#find(start, (position) => this.#isAt('`', position) || this.#isAt('${', position));
    if (this.#isAt('${', end)) {
      this.#openBraces.push(0);
      this.#code += '(';
      this.#position = end + 2;
      return;
    }
    if (isStart) this.literals.push(this.#source.slice(start, end));
    this.#endLiteralAt(end + 1);
  }

  #endLiteralAt(position: number): void {
    this.#code += '""';
    this.#position = position;
  }

  #readCode(character: string): void {
    const last = this.#openBraces.length - 1;
    const change = character === '{' ? 1 : character === '}' ? -1 : 0;
    if (last >= 0) this.#openBraces[last] = (this.#openBraces[last] ?? 0) + change;
    this.#code += character;
    this.#position += 1;
  }
}
