import { limits } from "../limits.ts";
import { shorten } from "../read/source-tree.ts";
import { compilePattern } from "../regex.ts";
import type { Incomplete, InitCondition } from "../schema.ts";
import { forEachAt, type RuleContext, repeated } from "./context.ts";

type Condition = Incomplete<InitCondition>;

export function checkInitConditions(context: RuleContext): void {
  const { values } = context.spec.initConditions ?? {};
  const path = "playground.initConditions.values";
  if (values === undefined) return;
  if (values.length > limits.initConditionsMax) {
    const message = `a playground has at most ${limits.initConditionsMax} init conditions, this one has ${values.length}`;
    context.error("manifest/init-condition-key", path, message);
  }
  forEachAt(values, path, (condition, at, index) => {
    checkKey(context, condition, at, index);
    checkOptions(context, condition, at);
    checkPattern(context, condition, at);
  });
  for (const { name, index } of repeated(values.map(condition => condition.key))) {
    const message = `init condition "${shorten(name)}" is declared twice`;
    context.error("manifest/init-condition-key", `${path}[${index}].key`, message, { value: name });
  }
}

function checkKey(context: RuleContext, { key }: Condition, path: string, index: number): void {
  if (context.isMissing(`${path}.key`, key)) {
    context.error("manifest/init-condition-key", `${path}.key`, `init condition ${index + 1} has no key`);
  } else if (key !== undefined && Array.from(key).length > limits.initConditionKeyLengthMax) {
    const message = `the key "${shorten(key)}" has more than ${limits.initConditionKeyLengthMax} characters`;
    context.error("manifest/init-condition-key", `${path}.key`, message, { value: key });
  }
}

function checkOptions(context: RuleContext, condition: Condition, path: string): void {
  const { options, default: preset, placeholder = "" } = condition;
  const label = `init condition "${shorten(condition.key ?? "?")}"`;
  if (placeholder.length > limits.initConditionValueLengthMax) {
    const message = `the placeholder of ${label} has more than ${limits.initConditionValueLengthMax} characters`;
    context.error("manifest/init-condition-options", `${path}.placeholder`, message);
  }
  if (options !== undefined && options.length > limits.initConditionOptionsMax) {
    const message = `${label} has ${options.length} options, the limit is ${limits.initConditionOptionsMax}`;
    context.error("manifest/init-condition-options", `${path}.options`, message);
  }
  forEachAt(options, `${path}.options`, (option, at) => {
    // An item that could not be read stands as "" as well, and has been reported.
    if (option === "" && context.isMissing(at, option)) {
      context.error("manifest/init-condition-options", at, `${label} has an empty option`, {
        hint: "Write nullable: true to allow an empty value.",
      });
    }
    if (option.length > limits.initConditionValueLengthMax) {
      const message = `an option of ${label} has more than ${limits.initConditionValueLengthMax} characters`;
      context.error("manifest/init-condition-options", at, message, { value: option });
    }
  });
  for (const { name, index } of repeated(options ?? [])) {
    const message = `${label} has the option "${shorten(name)}" twice`;
    context.error("manifest/init-condition-options", `${path}.options[${index}]`, message, { value: name });
  }
  if (preset === undefined) return;
  if (options !== undefined && options.length > 0 && !options.includes(preset)) {
    const message = `default "${shorten(preset)}" is not among the options: ${shorten(options.join(", "), 200)}`;
    context.error("manifest/init-condition-options", `${path}.default`, message, { value: preset });
  } else if (preset.length > limits.initConditionValueLengthMax) {
    const message = `the default of ${label} has more than ${limits.initConditionValueLengthMax} characters`;
    context.error("manifest/init-condition-options", `${path}.default`, message);
  }
}

function checkPattern(context: RuleContext, condition: Condition, path: string): void {
  const { validationRegex: pattern, default: preset } = condition;
  if (pattern === undefined) return;
  const compiled = compilePattern(pattern);
  if ("fault" in compiled) {
    const message = `validationRegex of "${shorten(condition.key ?? "?")}" ${compiled.fault}`;
    context.error("manifest/init-condition-regex", `${path}.validationRegex`, message, { value: pattern });
  } else if (preset !== undefined && !compiled.matches(preset)) {
    const message = `default "${shorten(preset)}" does not match validationRegex ${shorten(pattern)}: it must be changed at every start`;
    context.warn("manifest/init-condition-regex", `${path}.default`, message, { value: preset });
  }
}
