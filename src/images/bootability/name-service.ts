import { posix } from "node:path";
import type { Check } from "./finding.ts";
import { reinstallLine } from "./distribution.ts";
import { type ImageView, targetOf } from "./image-view.ts";
import { libraryDirectories } from "./library-directories.ts";
import { usesMusl } from "./program-fault.ts";

const configuration = "/etc/nsswitch.conf";
const resolved = ["/usr/lib/systemd/systemd-resolved", "/lib/systemd/systemd-resolved"];
/** Since this version the C library has "files" and "dns" in itself; its file stopped carrying the version then. */
const firstWithoutModules = 34;

interface Source {
  database: string;
  /** Services of which one has to be asked. */
  good: readonly string[];
  /** What goes wrong otherwise. */
  without: string;
  mended: string;
}

const sources: readonly Source[] = [
  ...["passwd", "group"].map(database => ({
    database,
    good: ["files", "compat", "db"],
    without: `what is in /etc/${database} does not exist for programs`,
    mended: "files",
  })),
  {
    database: "hosts",
    good: ["files", "db", "resolve"],
    without: "programs do not look into /etc/hosts, where the machines of a play are",
    mended: "files dns",
  },
  {
    database: "hosts",
    good: ["dns", "resolve"],
    without: "programs do not ask the resolver for names of hosts",
    mended: "files dns",
  },
];

/** Whether programs find users, groups and names of hosts where the image and the platform have them. */
export const checkNameService: Check = function* (image) {
  // musl looks into the files and asks the resolver, whatever is configured.
  if (usesMusl(image)) return;
  const told = new Set<string>();
  for (const { database, good, without, mended } of sources) {
    const line = image.lines(configuration).find(each => each.startsWith(`${database}:`));
    // Without a line the library has a default, which asks what is right.
    const asked = (line === undefined ? mended : line.slice(database.length + 1).replaceAll(/\[[^\]]*\]|#.*$/g, " "))
      .split(/\s+/)
      .filter(service => good.includes(service));
    const missing = asked.map(service => missingModule(image, service));
    if (missing.includes(undefined)) continue;
    const [path] = missing;
    // One module serves several databases.
    if (path !== undefined && told.has(path)) continue;
    if (path !== undefined) told.add(path);
    yield {
      code: "boot/nsswitch",
      severity: "warning",
      message: `${without}: ${path === undefined ? `${configuration} says "${line}"` : `${path} does not exist`}`,
      path: path ?? configuration,
      fix:
        path === undefined
          ? `RUN sed -i 's/^${database}:.*/${database}: ${mended}/' ${configuration}`
          : reinstallLine(image.family, "library"),
    };
  }
};

/** The file that the service needs and the image lacks. */
function missingModule(image: ImageView, service: string): string | undefined {
  if (service === "resolve" && image.firstOf(...resolved) === undefined) return resolved[0];
  const version = oldVersionOf(image);
  const isBuiltIn =
    (service === "files" || service === "dns") && (version ?? firstWithoutModules) >= firstWithoutModules;
  if (isBuiltIn) return undefined;
  const candidates = libraryDirectories.map(directory => `${directory}/libnss_${service}.so.2`);
  return image.firstOf(...candidates) === undefined
    ? candidates.find(path => image.exists(posix.dirname(path)))
    : undefined;
}

/** Older C libraries are files of their own name, "libc-2.31.so", with a link to them. */
function oldVersionOf(image: ImageView): number | undefined {
  for (const directory of libraryDirectories) {
    const [, minor] = /(?:^|\/)libc-2\.(\d+)\.so$/.exec(targetOf(image.entry(`${directory}/libc.so.6`)) ?? "") ?? [];
    if (minor !== undefined) return Number(minor);
  }
  return undefined;
}
