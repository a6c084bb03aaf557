import { printable } from "../../lib/printable.ts";
import type { BootFinding } from "./finding.ts";

/** An image may have a hundred thousand accounts, each with the same fault. */
const maxOfOneKind = 20;
const maxLength = 2000;

/**
 * Findings as they may be kept and shown, the first of each kind, each message with the path that proves it: names in
 * them are the image's, which may be hostile.
 */
export function presentable(findings: readonly BootFinding[]): BootFinding[] {
  const counts = new Map<string, number>();
  for (const { code } of findings) counts.set(code, (counts.get(code) ?? 0) + 1);
  const shown = new Map<string, number>();
  return findings.flatMap(finding => {
    const { code, message, path, fix } = finding;
    const nth = (shown.get(code) ?? 0) + 1;
    shown.set(code, nth);
    if (nth > maxOfOneKind) return [];
    const others = nth === maxOfOneKind ? (counts.get(code) ?? 0) - nth : 0;
    const more = others === 0 ? "" : `; and ${others} more of this kind`;
    const place = message.includes(path) ? "" : ` (${plain(path)})`;
    return [{ ...finding, message: `${plain(message)}${place}${more}`, path: plain(path), fix: plain(fix) }];
  });
}

/** No more than somebody would read. */
function plain(text: string): string {
  return printable(text.length > maxLength ? `${text.slice(0, maxLength)}…` : text);
}
