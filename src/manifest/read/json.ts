import type { Findings } from "../findings.ts";
import { limits } from "../limits.ts";
import type { SourceNode } from "./source-tree.ts";

/** A decoded JSON value as a source tree; undefined, with a finding, when it is too deep, too big or no JSON at all. */
export function jsonToTree(value: unknown, findings: Findings): SourceNode | undefined {
  let remaining: number = limits.valuesMax;

  const build = (current: unknown, depth: number): SourceNode => {
    if (depth > limits.nestingMax) throw new Refusal(`the document is nested deeper than ${limits.nestingMax} levels`);
    remaining -= 1;
    if (remaining < 0) throw new Refusal(`the document has more than ${limits.valuesMax} values`);
    if (current === null || current === undefined) return { type: "scalar", value: null, text: "", isText: false };
    if (typeof current === "string") return { type: "scalar", value: current, text: current, isText: true };
    if (typeof current === "number" || typeof current === "boolean") {
      return { type: "scalar", value: current, text: String(current), isText: false };
    }
    if (Array.isArray(current)) return { type: "list", items: current.map(item => build(item, depth + 1)) };
    if (typeof current !== "object") throw new Refusal(`a ${typeof current} is not a JSON value`);
    const entries = Object.entries(current).filter(([, child]) => child !== undefined);
    return { type: "map", entries: entries.map(([key, child]) => ({ key, value: build(child, depth + 1) })) };
  };

  try {
    return build(value, 0);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    findings.add("manifest/type", "", error.message);
    return undefined;
  }
}

class Refusal extends Error {}
