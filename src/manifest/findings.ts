import type { Finding, FindingCode, FindingSeverity } from "./finding.ts";
import { limits } from "./limits.ts";
import { type Position, shorten } from "./read/source-tree.ts";

export interface FindingExtras {
  severity?: FindingSeverity;
  value?: string | undefined;
  hint?: string | undefined;
  suggestion?: string | undefined;
  position?: Position | undefined;
}

/** What reading knows about a document besides its values. */
export interface ReadingResult {
  findings: readonly Finding[];
  positions: ReadonlyMap<string, Position>;
  unreadable: ReadonlySet<string>;
}

/** Collects what is to be said about one manifest, and knows where each path stands in the source. */
export class Findings {
  readonly #list: Finding[] = [];
  readonly #counts: Record<FindingSeverity, number> = { error: 0, warning: 0, notice: 0 };
  readonly #positions: Map<string, Position>;
  readonly #unreadable: Set<string>;

  /** Continues from what reading found, or starts with nothing. */
  constructor(earlier: Partial<ReadingResult> = {}) {
    this.#positions = new Map(earlier.positions);
    this.#unreadable = new Set(earlier.unreadable);
    for (const finding of earlier.findings ?? []) {
      this.#list.push(finding);
      this.#counts[finding.severity] += 1;
    }
  }

  /** Adds a finding; beyond the limit of its severity it only counts. */
  add(code: FindingCode, path: string, message: string, extras: FindingExtras = {}): void {
    const severity = extras.severity ?? "error";
    this.#counts[severity] += 1;
    if (this.#counts[severity] > limits.findingsMax) return;
    const position = extras.position ?? this.positionOf(path);
    this.#list.push({
      code,
      severity,
      path,
      ...(position === undefined ? {} : { line: position.line, column: position.column }),
      ...(extras.value === undefined ? {} : { value: shorten(extras.value) }),
      message,
      ...(extras.hint === undefined ? {} : { hint: extras.hint }),
      ...(extras.suggestion === undefined ? {} : { suggestion: extras.suggestion }),
    });
  }

  warn(code: FindingCode, path: string, message: string, extras: FindingExtras = {}): void {
    this.add(code, path, message, { ...extras, severity: "warning" });
  }

  setPosition(path: string, position: Position | undefined): void {
    if (position !== undefined) this.#positions.set(path, position);
  }

  /** The position of the value at a path, or of the nearest enclosing one that was written. */
  positionOf(path: string): Position | undefined {
    for (let at = path; ; at = parentPath(at)) {
      const position = this.#positions.get(at);
      if (position !== undefined || at === "") return position;
    }
  }

  /** Records that what stands at a path was written but has no usable value. */
  markUnreadable(path: string): void {
    this.#unreadable.add(path);
  }

  /** True when a path, something inside it or something around it could not be read: then it is not "missing". */
  isUnreadable(path: string): boolean {
    for (let at = path; at !== ""; at = parentPath(at)) if (this.#unreadable.has(at)) return true;
    for (const other of this.#unreadable) {
      if (other.startsWith(path) && (other[path.length] === "." || other[path.length] === "[")) return true;
    }
    return false;
  }

  get hasErrors(): boolean {
    return this.#counts.error > 0;
  }

  result(): ReadingResult {
    return { findings: this.list(), positions: this.#positions, unreadable: this.#unreadable };
  }

  /** In the order of the source; what has no line comes last, in the order it was found. */
  list(): Finding[] {
    const last = Number.MAX_SAFE_INTEGER;
    return this.#list
      .map((finding, index) => ({ finding, index }))
      .sort(
        (a, b) =>
          (a.finding.line ?? last) - (b.finding.line ?? last) ||
          (a.finding.column ?? last) - (b.finding.column ?? last) ||
          a.index - b.index,
      )
      .map(({ finding }) => finding);
  }
}

/** playground.machines[0].name → playground.machines[0] → playground.machines → playground → "" */
function parentPath(path: string): string {
  const end = Math.max(path.lastIndexOf("."), path.lastIndexOf("["));
  return end < 0 ? "" : path.slice(0, end);
}

export function childPath(path: string, key: string | number): string {
  if (typeof key === "number") return `${path}[${key}]`;
  return path === "" ? key : `${path}.${key}`;
}
