/** From 1, as editors count. */
export interface Position {
  line: number;
  column: number;
}

type Key = string | number;

/**
 * Where each key and each element of a TOML document stands, by its path (`["commands", 0, "uid"]`).
 *
 * The document must have been accepted by a parser: this scanner only keeps count and does not judge. A table is
 * known by its first header or key, an element of a list by its first character.
 */
export class PositionIndex {
  readonly #positions = new Map<string, Position>();

  constructor(text: string) {
    new Scanner(text, (path, position) => {
      const key = JSON.stringify(path);
      if (!this.#positions.has(key)) this.#positions.set(key, position);
    }).document();
  }

  /** The position of this path, or of the nearest thing around it that stands in the document. */
  at(path: readonly Key[]): Position | undefined {
    for (let length = path.length; length > 0; length--) {
      const found = this.#positions.get(JSON.stringify(path.slice(0, length)));
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

class Scanner {
  readonly #text: string;
  readonly #note: (path: Key[], position: Position) => void;
  #at = 0;
  #line = 1;
  #lineStart = 0;
  /** How many elements a list of tables has so far, by its path. */
  readonly #lengths = new Map<string, number>();

  constructor(text: string, note: (path: Key[], position: Position) => void) {
    this.#text = text;
    this.#note = note;
  }

  document(): void {
    let table: Key[] = [];
    for (this.#skipBlank(true); this.#at < this.#text.length; this.#skipBlank(true)) {
      if (this.#peek() === "[") table = this.#header();
      else this.#keyAndValue(table);
    }
  }

  #header(): Key[] {
    const position = this.#position();
    const isList = this.#text.startsWith("[[", this.#at);
    this.#move(isList ? 2 : 1);
    const parts = this.#dottedKey();
    this.#move(isList ? 2 : 1);
    const path: Key[] = [];
    for (const [index, { name }] of parts.entries()) {
      path.push(name);
      this.#note([...path], position);
      const key = JSON.stringify(path);
      const length = this.#lengths.get(key);
      if (isList && index === parts.length - 1) {
        this.#lengths.set(key, (length ?? 0) + 1);
        path.push(length ?? 0);
      } else if (length !== undefined) {
        // A header below a list of tables means its last element.
        path.push(length - 1);
      }
    }
    this.#note([...path], position);
    return path;
  }

  #keyAndValue(table: readonly Key[]): void {
    const path = [...table];
    for (const { name, position } of this.#dottedKey()) {
      path.push(name);
      this.#note([...path], position);
    }
    this.#move(1); // "="
    this.#skipBlank(false);
    this.#value(path);
  }

  #dottedKey(): Array<{ name: string; position: Position }> {
    const parts: Array<{ name: string; position: Position }> = [];
    for (;;) {
      this.#skipBlank(false);
      const position = this.#position();
      const quote = this.#peek();
      if (quote === '"' || quote === "'") parts.push({ name: this.#quoted(), position });
      else {
        const start = this.#at;
        while (/[^\s.=\]#]/.test(this.#peek())) this.#move(1);
        parts.push({ name: this.#text.slice(start, this.#at), position });
      }
      this.#skipBlank(false);
      if (this.#peek() !== ".") return parts;
      this.#move(1);
    }
  }

  #value(path: Key[]): void {
    const first = this.#peek();
    if (first === '"' || first === "'") this.#quoted();
    else if (first === "[") this.#list(path);
    else if (first === "{") this.#inlineTable(path);
    else while (/[^,\]}#\n\r]/.test(this.#peek())) this.#move(1);
  }

  #list(path: readonly Key[]): void {
    this.#move(1);
    for (let index = 0; ; index++) {
      this.#skipBlank(true, ",");
      if (this.#at >= this.#text.length || this.#peek() === "]") break;
      this.#note([...path, index], this.#position());
      this.#value([...path, index]);
    }
    this.#move(1);
  }

  #inlineTable(path: readonly Key[]): void {
    this.#move(1);
    for (;;) {
      this.#skipBlank(true, ",");
      if (this.#at >= this.#text.length || this.#peek() === "}") break;
      this.#keyAndValue(path);
    }
    this.#move(1);
  }

  /** Moves over a string of any of the four kinds; the name matters for keys only, which are single-line. */
  #quoted(): string {
    const quote = this.#peek();
    const start = this.#at;
    const fence = this.#text.startsWith(quote.repeat(3), start) ? quote.repeat(3) : quote;
    this.#move(fence.length);
    while (this.#at < this.#text.length && !this.#text.startsWith(fence, this.#at)) {
      this.#move(quote === '"' && this.#peek() === "\\" ? 2 : 1);
    }
    this.#move(fence.length);
    // A multi-line string may end with one or two more quotes that belong to it.
    while (fence.length === 3 && this.#peek() === quote) this.#move(1);
    const body = this.#text.slice(start + fence.length, this.#at - fence.length);
    return quote === '"' && body.includes("\\") ? unescape(body) : body;
  }

  #skipBlank(overLines: boolean, also = ""): void {
    for (;;) {
      const next = this.#peek();
      if (next === "#" && overLines) while (this.#at < this.#text.length && this.#peek() !== "\n") this.#move(1);
      else if (next === " " || next === "\t" || (overLines && (next === "\n" || next === "\r"))) this.#move(1);
      else if (next !== "" && next === also) this.#move(1);
      else return;
    }
  }

  #peek(): string {
    return this.#text[this.#at] ?? "";
  }

  #move(count: number): void {
    for (const end = Math.min(this.#at + count, this.#text.length); this.#at < end; this.#at++) {
      if (this.#text[this.#at] !== "\n") continue;
      this.#line++;
      this.#lineStart = this.#at + 1;
    }
  }

  #position(): Position {
    return { line: this.#line, column: this.#at - this.#lineStart + 1 };
  }
}

/** The escapes of a basic string that JSON shares with TOML; a key with others is found without them. */
function unescape(body: string): string {
  try {
    return String(JSON.parse(`"${body}"`));
  } catch {
    return body;
  }
}
