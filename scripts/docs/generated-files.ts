import { manifestJsonSchema } from "../../src/manifest/json-schema.ts";
import { renderManifestReference } from "../../src/manifest/reference.ts";
import { renderOpenApi } from "../../src/server/open-api-document.ts";
import { renderCli } from "./cli.ts";
import { renderProblems } from "./problems.ts";

/** docs/reference/ */
export const referenceDirectory = new URL("../../docs/reference/", import.meta.url);

/** Every generated page below docs/reference with the content that the code asks for now. */
export const generatedFiles: Readonly<Record<string, () => string | Promise<string>>> = {
  "manifest.md": renderManifestReference,
  "manifest.schema.json": () => `${JSON.stringify(manifestJsonSchema(), undefined, 2)}\n`,
  "openapi.json": renderOpenApi,
  "problems.md": renderProblems,
  "cli.md": renderCli,
};
