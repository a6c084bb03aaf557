import type { BootFinding, Check } from "./finding.ts";
import { installLine } from "./distribution.ts";
import { type ImageView, targetOf } from "./image-view.ts";
import { usesMusl } from "./program-fault.ts";

const zones = "/usr/share/zoneinfo";
const localTime = "/etc/localtime";
/** In the order in which later ones win. */
const languageFiles = ["/etc/environment", "/etc/default/locale", "/etc/locale.conf"];
const locales = "/usr/lib/locale";

/** The time zone and the language that an image is set to, and need data that small images leave out. */
export const checkRegion: Check = function* (image) {
  yield* checkTimeZone(image);
  yield* checkLanguage(image);
};

function* checkTimeZone(image: ImageView): Generator<BootFinding> {
  const set = [
    ...environment(image, /^(?:export\s+)?(TZ)=(.*)$/).map(({ path, name }) => ({
      path,
      name: name.replace(/^:/, ""),
    })),
    { path: localTime, name: targetOf(image.entry(localTime))?.replace(/^.*\/zoneinfo\//, "") ?? "" },
    { path: "/etc/timezone", name: image.lines("/etc/timezone")[0] ?? "" },
  ];
  // Rules such as "CET-1CEST" need no data, and all that is lost of UTC is its name.
  const lost = set.find(({ path, name }) => {
    if (
      !/^[A-Z][A-Za-z_]+(\/[A-Za-z0-9_+-]+)+$/.test(name) ||
      /(^|\/)(UTC|UCT|Zulu|Universal|GMT|Greenwich)$/.test(name)
    )
      return false;
    const isLinked = (path === localTime || path === "/etc/timezone") && image.exists(localTime);
    return !isLinked && !image.exists(`${zones}/${name}`);
  });
  if (lost === undefined) return;
  yield {
    code: "boot/time-zone",
    severity: "info",
    message: `${lost.path} sets the time zone ${lost.name}, for which the image has no data: programs show UTC`,
    path: lost.path,
    fix: installLine(image.family, "zones"),
  };
}

/** musl has no such data, and C and POSIX need none. */
function* checkLanguage(image: ImageView): Generator<BootFinding> {
  if (usesMusl(image)) return;
  const set = environment(image, /^(?:export\s+)?(LANG|LC_ALL)=(.*)$/).at(-1);
  // Only names as distributions make them: they stand in a line that somebody is to run.
  const [, language, codes = ""] = /^([a-z]{2,3}_[A-Z]{2})\.([A-Za-z0-9-]{1,20})$/.exec(set?.name ?? "") ?? [];
  if (set === undefined || language === undefined) return;
  const normal = codes.toLowerCase().replaceAll("-", "");
  const known = [`${locales}/locale-archive`, `${locales}/${set.name}`, `${locales}/${language}.${normal}`];
  if (image.firstOf(...known) !== undefined) return;
  const make = `localedef -i ${language} -f ${codes.toUpperCase()} ${set.name}`;
  const short = language.slice(0, language.indexOf("_"));
  const fixes = {
    debian: `${installLine("debian", "locales")} && ${make}`,
    fedora: `RUN dnf install -y glibc-langpack-${short}`,
    suse: `${installLine("suse", "locales")} && ${make}`,
    arch: `RUN echo '${set.name} ${codes.toUpperCase()}' >> /etc/locale.gen && locale-gen`,
    alpine: `RUN sed -i 's/${set.name}/C.UTF-8/' ${set.path}`,
    other: `RUN sed -i 's/${set.name}/C.UTF-8/' ${set.path}`,
  };
  yield {
    code: "boot/language",
    severity: "info",
    message: `${set.path} sets the language ${set.name}, for which the image has no data: programs complain and use C`,
    path: set.path,
    fix: fixes[image.family],
  };
}

/** What these files set, by a pattern whose second group is the value. */
function environment(image: ImageView, pattern: RegExp): Array<{ path: string; name: string }> {
  return languageFiles.flatMap(path =>
    image.lines(path).flatMap(line => {
      const [, , value] = pattern.exec(line) ?? [];
      return value === undefined ? [] : [{ path, name: value.trim().replace(/^(["'])(.*)\1$/, "$2") }];
    }),
  );
}
