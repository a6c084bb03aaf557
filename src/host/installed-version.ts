import { readFileSync } from "node:fs";

/** Of Labyard, as its package.json says. */
export function installedVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  return version;
}
