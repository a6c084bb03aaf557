import { isSeq, parse, parseDocument, stringify } from "yaml";
import { Exit } from "./context.ts";
import type { Playground } from "./shapes.ts";

type Fields = Record<string, unknown>;

/** What the client keeps of a manifest: known keys only, everything else is dropped without a word. */
export interface ParsedManifest {
  kind: string;
  name: string;
  title: string;
  description: string;
  cover: string;
  categories: string[];
  markdown: string;
  playground: Fields;
}

/** Only `kind` is checked here; the server judges all else. */
export function parseManifest(source: string): ParsedManifest {
  const root = (parse(source) ?? {}) as Fields;
  if (root.kind !== "playground") throw new Exit(1, `Invalid manifest kind: ${String(root.kind)}`);
  const spec = (root.playground ?? {}) as Fields;
  return {
    kind: "playground",
    name: text(root.name),
    title: text(root.title),
    description: text(root.description),
    cover: text(root.cover),
    categories: (root.categories as string[]) ?? [],
    markdown: text(root.markdown),
    playground: keep({ ...spec, machines: machinesOf(spec.machines, source) }, [
      "networks",
      "machines",
      "tabs",
      "initTasks",
      "initConditions",
      "registryAuth",
      "accessControl",
    ]),
  };
}

/** The parts of a request that come from a manifest, as create and update send them. */
export function requestParts({ title, description, categories, markdown, playground }: ParsedManifest): Fields {
  return {
    title,
    description,
    categories: categories.length === 0 ? null : categories,
    networks: playground.networks ?? null,
    machines: playground.machines ?? null,
    tabs: playground.tabs ?? null,
    initTasks: playground.initTasks ?? null,
    initConditions: playground.initConditions ?? {},
    registryAuth: playground.registryAuth ?? "",
    accessControl: playground.accessControl ?? {},
    ...(markdown === "" ? {} : { markdown }),
  };
}

/** `playground manifest`: fixed order, four blanks, empty parts left out. */
export function dumpManifest(playground: Playground, rawPlayground: Fields): string {
  const { name, base, title, description, cover, categories, markdown } = playground;
  const spec = filled(
    keep(rawPlayground, [
      "networks",
      "machines",
      "tabs",
      "initTasks",
      "initConditions",
      "registryAuth",
      "portForwards",
      "access",
    ]),
  );
  const document = {
    kind: "playground",
    name,
    ...filled({ base, title, description, cover, categories, markdown }),
    playground: { ...spec, accessControl: rawPlayground.accessControl ?? {} },
  };
  return stringify(document, { indent: 4, lineWidth: 0, aliasDuplicateObjects: false });
}

/** Scalar kernels switch to the legacy form, in which the backend is lost; numbers keep their source text. */
function machinesOf(machines: unknown, source: string): unknown {
  if (!Array.isArray(machines)) return machines;
  const node = parseDocument(source).getIn(["playground", "machines"]);
  const isLegacy = machines.some((machine: Fields) => "kernel" in machine && !isMapping(machine.kernel));
  return machines.map((machine: Fields, index) => {
    if (!isLegacy) return machine;
    const { backend: _lost, kernel, ...rest } = machine;
    const item = isSeq(node) ? node.get(index, true) : undefined;
    const literal = (item as { get?(key: string, keep: true): { source?: string } } | undefined)?.get?.("kernel", true);
    const version = literal?.source ?? (isMapping(kernel) ? text((kernel as Fields).source) : text(kernel));
    return { ...rest, ...(version === "" ? {} : { kernel: { source: version } }) };
  });
}

const text = (value: unknown): string =>
  typeof value === "string" ? value : value === null || value === undefined ? "" : JSON.stringify(value);
const isMapping = (value: unknown) => typeof value === "object" && value !== null;

function keep(from: Fields, keys: readonly string[]): Fields {
  return Object.fromEntries(keys.filter(key => from[key] !== undefined).map(key => [key, from[key]]));
}

function filled(fields: Fields): Fields {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => {
      if (value === undefined || value === null || value === "") return false;
      if (Array.isArray(value)) return value.length > 0;
      return typeof value !== "object" || Object.keys(value).length > 0;
    }),
  );
}
