import { limits } from "../limits.ts";
import { didYouMean, nearest } from "../../lib/nearest.ts";
import { shorten } from "../read/source-tree.ts";
import type { Incomplete, PortForward } from "../schema.ts";
import { forEachAt, type RuleContext } from "./context.ts";

const words = ["owner", "anyone", "authenticated", "instructor", "nobody"];
const prefixed: Readonly<Record<string, RegExp>> = {
  user: /^[A-Za-z0-9_-]{1,128}$/,
  github: /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})$/,
  student: /^[a-z0-9][a-z0-9-]{0,127}$/,
  "has-pack": /^[A-Za-z0-9_-]{1,128}$/,
};
/** Words of other systems with the principal that means the same. */
const otherWords: Readonly<Record<string, string>> = {
  everyone: "anyone",
  everybody: "anyone",
  public: "anyone",
  all: "anyone",
  "*": "anyone",
  private: "owner",
  me: "owner",
  author: "owner",
  registered: "authenticated",
  "role:registered": "authenticated",
  none: "nobody",
};

const listNames = ["canList", "canRead", "canStart"] as const;

/** The three lists of accessControl; a start takes those of the playground. */
export function checkAccessControl(context: RuleContext): void {
  if (context.options.for === "start" && context.spec.accessControl === undefined) return;
  for (const list of listNames) {
    const path = `playground.accessControl.${list}`;
    const principals = context.spec.accessControl?.[list];
    if (principals === undefined || principals.length === 0) {
      if (principals === undefined && !context.isMissing(path, undefined)) continue;
      const state = principals === undefined ? "missing" : "empty";
      context.error("manifest/access-control", path, `accessControl.${list} is ${state}; add at least "owner"`);
    }
    if (principals !== undefined && principals.length > limits.principalsMax) {
      const message = `accessControl.${list} has ${principals.length} principals, the limit is ${limits.principalsMax}`;
      context.error("manifest/access-control", path, message);
    }
    forEachAt(principals, path, (principal, at) => checkPrincipal(context, principal, at));
  }
}

function checkPrincipal(context: RuleContext, principal: string, path: string): void {
  const colon = principal.indexOf(":");
  const kind = colon < 0 ? undefined : principal.slice(0, colon);
  const rest = kind === undefined || !Object.hasOwn(prefixed, kind) ? undefined : prefixed[kind];
  const isKnown = rest === undefined ? words.includes(principal) : rest.test(principal.slice(colon + 1));
  if (!isKnown) {
    if (!context.isMissing(path, "")) return;
    const other = Object.hasOwn(otherWords, principal) ? otherWords[principal] : undefined;
    const suggestion = other ?? nearest(principal, words);
    const message = `"${shorten(principal)}" is not a principal.${didYouMean(suggestion)}`;
    context.error("manifest/access-control", path, message, {
      value: principal,
      suggestion,
      hint: `Use ${words.join(", ")}, user:<id>, github:<handle> or student:<training>.`,
    });
  } else {
    const why = whyNobody(context, principal, kind);
    if (why === undefined) return;
    const message = `"${shorten(principal)}" matches nobody here: ${why}`;
    context.warn("manifest/access-control", path, message, { value: principal });
  }
}

/** Why a well-formed principal has no effect; undefined when it may have one. */
function whyNobody({ options, spec }: RuleContext, principal: string, kind: string | undefined): string | undefined {
  if (kind === "has-pack") return "there are no packs";
  const { knownGroups } = options;
  if (kind === "student" && knownGroups !== undefined && !knownGroups.includes(principal.slice("student:".length))) {
    return "this installation has no such group";
  }
  if (principal !== "instructor") return undefined;
  const { canList, canRead, canStart } = spec.accessControl ?? {};
  const namesGroup = [canList, canRead, canStart].flat().some(each => each?.startsWith("student:"));
  return namesGroup ? undefined : 'no list names a group with "student:<name>" whose instructors it could mean';
}

/** A copy that nobody edited is as public as its base: people who only wanted to try something should know. */
export function checkIsNotPublicByAccident(context: RuleContext): void {
  const { base, for: purpose } = context.options;
  const lists = context.spec.accessControl;
  if (purpose !== "create" || base === undefined || context.manifest.title !== base.title) return;
  const given = base.playground.accessControl;
  const isCopied = listNames.every(name => JSON.stringify(lists?.[name]) === JSON.stringify(given[name]));
  const open = listNames.filter(name => given[name].includes("anyone"));
  if (!isCopied || open.length === 0) return;
  context.warn(
    "manifest/access-control",
    "playground.accessControl",
    `the copy has the access lists of "${base.name}": ${open.join(", ")} name everybody; write owner to keep it to yourself`,
  );
}

/** What stands for "unchanged" where a secret is not shown. */
export const maskedSecret = "***";

export function checkRegistryAuth(context: RuleContext): void {
  const { registryAuth } = context.spec;
  if (registryAuth === undefined || /^[^:\s\p{Cc}]{1,255}:[^\p{Cc}]{1,1024}$/u.test(registryAuth)) return;
  // The value itself is a secret, even a malformed one.
  context.error("manifest/registry-auth", "playground.registryAuth", 'registryAuth must look like "user:password"');
}

export function checkPortForwards(context: RuleContext): void {
  const { portForwards = [] } = context.spec;
  const listPath = "playground.portForwards";
  if (portForwards.length > limits.portForwardsMax) {
    const message = `a playground has at most ${limits.portForwardsMax} port forwards, this one has ${portForwards.length}`;
    context.error("manifest/port-forward", listPath, message);
  }
  forEachAt(portForwards, listPath, (forward, path, index) => {
    const label = `port forward ${index + 1}`;
    const { kind, machine } = forward;
    const refuse = (key: string, message: string, value?: string) =>
      context.error("manifest/port-forward", `${path}.${key}`, `${label} ${message}`, { value });
    if (context.isMissing(`${path}.kind`, kind)) refuse("kind", "needs a kind: local or remote");
    if (context.isMissing(`${path}.machine`, machine)) refuse("machine", "names no machine");
    if (machine !== "") context.checkMachine("manifest/port-forward", `${path}.machine`, machine, `${label} names`);
    checkPorts(context, forward, path, refuse);
    for (const key of ["localHost", "remoteHost"] as const) {
      const host = forward[key];
      if (host !== undefined && !/^[A-Za-z0-9_.:[\]-]{0,253}$/.test(host)) refuse(key, "names no host", host);
    }
  });
}

function checkPorts(
  context: RuleContext,
  forward: Incomplete<PortForward>,
  path: string,
  refuse: (key: string, message: string, value?: string) => void,
): void {
  const needed = forward.kind === "remote" ? "localPort" : "remotePort";
  for (const key of ["localPort", "remotePort"] as const) {
    const port = forward[key];
    if (port === undefined) {
      const isNeeded = key === needed && forward.kind !== undefined && context.isMissing(`${path}.${key}`, port);
      if (isNeeded) refuse(key, `needs ${key} (1-${limits.portMax})`);
    } else if (port < 1 || port > limits.portMax) {
      refuse(key, `has the ${key} ${port}; ports are 1 to ${limits.portMax}`, String(port));
    }
  }
}
