import type { Warning } from "../../api/contract/common.ts";
import { Problem } from "../../api/problems.ts";
import { type CheckOptions, checkManifest } from "../../manifest/check.ts";
import type { Finding } from "../../manifest/finding.ts";
import { type ParsedManifest, parseManifestBody, parseManifestJson } from "../../manifest/parse.ts";
import { problemOfFindings } from "../../manifest/problem.ts";
import type { Manifest } from "../../manifest/schema.ts";

export interface JudgedManifest {
  manifest: Manifest;
  warnings: Warning[];
}

/** Fields that replies carry and clients echo; on input they mean nothing. */
const computedFields = [
  "id",
  "owner",
  "published",
  "pageUrl",
  "userAccess",
  "createdAt",
  "updatedAt",
  "warnings",
  "safetyDisclaimerConsent",
  "asFreeTierUser",
];

/** A request body read as a manifest: parts side by side, as the official client sends them, or a whole document. */
export function readManifestBody(body: Record<string, unknown>): ParsedManifest {
  if (typeof body.playground === "object" && body.playground !== null) return parseManifestJson(body);
  return parseManifestBody(
    Object.fromEntries(Object.entries(body).filter(([field]) => !computedFields.includes(field))),
  );
}

/** The manifest merged and normalised. Throws one problem that holds all findings when there is an error. */
export function judgeManifest(parsed: ParsedManifest, options: CheckOptions): JudgedManifest {
  const { manifest, findings } = checkManifest(parsed, { knownSnapshots: [], ...options });
  const problem = problemOfFindings(findings);
  if (problem) throw problem;
  // Without errors only a base can be missing, and the callers always give one.
  if (manifest === undefined) throw new Problem("manifest/base-unknown");
  return { manifest, warnings: warningsOf(findings) };
}

/** What was accepted but deserves attention. */
function warningsOf(findings: readonly Finding[]): Warning[] {
  return findings.filter(finding => finding.severity !== "error").map(finding => ({ ...finding }));
}
