import type { Finding } from "./finding.ts";
import { Findings } from "./findings.ts";
import { limits } from "./limits.ts";
import { didYouMean, nearest } from "../lib/nearest.ts";
import { listOf } from "./read/reader.ts";
import { setOwn, shorten } from "./read/source-tree.ts";
import { compilePattern } from "./regex.ts";
import type { InitCondition, Manifest } from "./schema.ts";

/**
 * The value of every declared init condition for one start: what was given, else the default. Everything that is not
 * allowed is among the findings; then the play must not be started and `values` must not be used.
 */
export function resolveInitConditions(
  manifest: Manifest,
  given: Readonly<Record<string, string>>,
): { values: Record<string, string>; findings: Finding[] } {
  const findings = new Findings();
  const declared = manifest.playground.initConditions?.values ?? [];
  const keys = declared.map(condition => condition.key);
  for (const key of Object.keys(given)) {
    if (keys.includes(key)) continue;
    const known = keys.length === 0 ? "this playground has none" : `there are: ${keys.map(quote).join(", ")}`;
    const suggestion = nearest(key, keys);
    const meant = suggestion === undefined ? ` (${known})` : `.${didYouMean(suggestion)}`;
    findings.add("start/condition-value", pathOf(key), `there is no init condition ${quote(key)}${meant}`, {
      value: key,
      suggestion,
    });
  }
  const values: Record<string, string> = {};
  for (const condition of declared) {
    const value = Object.hasOwn(given, condition.key) ? (given[condition.key] ?? "") : (condition.default ?? "");
    const fault = faultOf(condition, value);
    if (fault === undefined) setOwn(values, condition.key, value);
    else findings.add("start/condition-value", pathOf(condition.key), fault, { value });
  }
  return { values, findings: findings.list() };
}

function faultOf(condition: InitCondition, value: string): string | undefined {
  const { key, options, nullable, validationRegex } = condition;
  const isChoice = options !== undefined && options.length > 0;
  if (value === "") {
    if (nullable === true) return undefined;
    return isChoice ? `${quote(key)} must be chosen: ${listOf(options)}` : `${quote(key)} needs a value`;
  }
  if (value.length > limits.initConditionValueLengthMax) {
    return `${quote(key)} has ${value.length} characters, the limit is ${limits.initConditionValueLengthMax}`;
  }
  if (value.includes("\0")) return `${quote(key)} contains a NUL character`;
  if (isChoice && !options.includes(value)) {
    return `${quote(key)} must be one of: ${options.join(", ")} (got ${quote(value)})`;
  }
  if (validationRegex === undefined) return undefined;
  const pattern = compilePattern(validationRegex);
  if ("fault" in pattern) return `${quote(key)} cannot be checked: its validationRegex ${pattern.fault}`;
  return pattern.matches(value) ? undefined : `${quote(key)} must match ${validationRegex} (got ${quote(value)})`;
}

const quote = (text: string): string => `"${shorten(text)}"`;
const pathOf = (key: string): string => `initConditions.${shorten(key)}`;
