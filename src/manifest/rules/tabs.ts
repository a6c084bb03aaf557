import { defaults, limits } from "../limits.ts";
import { shorten } from "../read/source-tree.ts";
import type { Incomplete, Tab, TabKind } from "../schema.ts";
import { isWebAddress } from "./card.ts";
import { forEachAt, type RuleContext, repeated } from "./context.ts";

/** Options that only one kind of tab has, with that kind. */
const optionKinds = {
  number: "http-port",
  access: "http-port",
  tls: "http-port",
  hostRewrite: "http-port",
  pathRewrite: "http-port",
  url: "web-page",
} as const satisfies Partial<Record<keyof Tab, TabKind>>;
const optionNames = Object.keys(optionKinds) as (keyof typeof optionKinds)[];

export function checkTabs(context: RuleContext): void {
  const { tabs } = context.spec;
  const path = "playground.tabs";
  if (tabs === undefined) return;
  // Where no machine may be entered there is nothing to show; clients send that as an empty list.
  const mayBeEmpty = context.machines.length > 0 && context.machines.every(machine => machine.noSSH === true);
  if ((tabs.length === 0 && !mayBeEmpty) || tabs.length > limits.tabsMax) {
    const message = `a playground has 1 to ${limits.tabsMax} tabs, this one has ${tabs.length}`;
    context.error("manifest/tab-count", path, message);
  }
  forEachAt(tabs, path, (tab, at, index) => {
    const label = labelOf(tab, index);
    checkName(context, tab, at, index);
    checkLengths(context, tab, at, index);
    checkApplies(context, tab, at, label);
    if (tab.kind !== "web-page")
      context.checkMachine("manifest/tab-machine", `${at}.machine`, tab.machine, `${label} points to`);
    if (tab.kind === "http-port") checkPort(context, tab, at, label);
    if (tab.kind === "web-page") checkUrl(context, tab, at, label);
  });
  for (const { name, index } of repeated(tabs.map(tab => tab.id))) {
    context.error("manifest/tab-id-duplicate", `${path}[${index}].id`, `two tabs have the id "${shorten(name)}"`, {
      value: name,
    });
  }
}

function labelOf(tab: Incomplete<Tab>, index: number): string {
  return tab.name === undefined
    ? `tab ${index + 1} (${tab.kind ?? "?"})`
    : `${tab.kind ?? "?"} tab "${shorten(tab.name)}"`;
}

function checkName(context: RuleContext, tab: Incomplete<Tab>, path: string, index: number): void {
  if (tab.kind !== "http-port" && tab.kind !== "web-page") return;
  if (!context.isMissing(`${path}.name`, tab.name)) return;
  context.error("manifest/tab-name-missing", `${path}.name`, `tab ${index + 1} (${tab.kind}) needs a name`);
}

function checkLengths(context: RuleContext, tab: Incomplete<Tab>, path: string, index: number): void {
  for (const [key, code, max] of [
    ["id", "manifest/tab-option", limits.tabTextLengthMax],
    ["name", "manifest/tab-option", limits.tabTextLengthMax],
    ["url", "manifest/tab-url", limits.tabAddressLengthMax],
    ["pathRewrite", "manifest/tab-path-rewrite", limits.tabAddressLengthMax],
  ] as const) {
    const length = Array.from(tab[key] ?? "").length;
    if (length <= max) continue;
    context.error(code, `${path}.${key}`, `${key} of tab ${index + 1} has ${length} characters, the limit is ${max}`);
  }
}

/** What a tab says beyond its kind is lost; said with the default it changes nothing. */
function checkApplies(context: RuleContext, tab: Incomplete<Tab>, path: string, label: string): void {
  for (const key of optionNames) {
    const value = tab[key];
    if (tab.kind === undefined || tab.kind === optionKinds[key]) continue;
    if (value === undefined || value === false || value === 0 || value === "" || value === defaults.tabAccess) continue;
    const message = `${key} has no effect on ${label}: it applies to ${optionKinds[key]} tabs`;
    context.warn("manifest/tab-option", `${path}.${key}`, message, { value: String(value) });
  }
}

function checkPort(context: RuleContext, tab: Incomplete<Tab>, path: string, label: string): void {
  const { number, hostRewrite, pathRewrite } = tab;
  if (context.isMissing(`${path}.number`, number)) {
    context.error("manifest/tab-number", `${path}.number`, `${label} needs a port number (1-${limits.portMax})`);
  } else if (number !== undefined && (number < 1 || number > limits.portMax)) {
    context.error(
      "manifest/tab-number",
      `${path}.number`,
      `${label} needs a port from 1 to ${limits.portMax}, found ${number}`,
      {
        value: String(number),
      },
    );
  }
  if (hostRewrite !== undefined && !/^[A-Za-z0-9_.-]{1,253}(?::\d{1,5})?$/.test(hostRewrite)) {
    context.error("manifest/tab-option", `${path}.hostRewrite`, `hostRewrite of ${label} must be a host name`, {
      value: hostRewrite,
    });
  }
  if (pathRewrite !== undefined && !/^\/[!-~]*$/.test(pathRewrite)) {
    const why = pathRewrite.startsWith("/") ? "must be a path as it stands in a URL" : 'must start with "/"';
    context.error("manifest/tab-path-rewrite", `${path}.pathRewrite`, `pathRewrite of ${label} ${why}`, {
      value: pathRewrite,
    });
  }
}

function checkUrl(context: RuleContext, { url }: Incomplete<Tab>, path: string, label: string): void {
  if (url === undefined ? !context.isMissing(`${path}.url`, url) : isWebAddress(url)) return;
  context.error(
    "manifest/tab-url",
    `${path}.url`,
    `${label} needs an absolute URL${url === undefined ? "" : `, found "${shorten(url)}"`}`,
    url === undefined ? {} : { value: url },
  );
}
