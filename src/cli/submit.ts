import { Problem } from "../api/problems.ts";
import type { CliContext } from "./context.ts";
import { printFindings } from "./findings.ts";
import { readInput } from "./manifest-file.ts";

/**
 * Reads and checks a manifest file and returns what the server takes: its parts side by side.
 *
 * Checked here as well because only here the lines are known; what depends on the installation (bases, images) is
 * the server's to judge. Errors are printed with their places, then `cli/manifest-invalid` is thrown.
 */
export async function submittableManifest(
  context: CliContext,
  file: string,
  purpose: "create" | "update" | "start",
): Promise<Record<string, unknown>> {
  const { checkManifest } = await import("../manifest/check.ts");
  const { parseManifestYaml } = await import("../manifest/parse.ts");
  const { manifestToRequestBody } = await import("../manifest/playground-json.ts");
  const parsed = parseManifestYaml(await readInput(context, file));
  const { findings } = checkManifest(parsed, { for: purpose });
  printFindings(context, file, findings);
  const errors = findings.filter(finding => finding.severity === "error").length;
  if (errors > 0 || parsed.input === undefined) {
    throw new Problem("cli/manifest-invalid", {
      message: `${file} has ${errors} ${errors === 1 ? "error" : "errors"}`,
    });
  }
  return manifestToRequestBody(parsed.input);
}
