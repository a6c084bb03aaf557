import { accessProblems } from "../../src/api/problems/access.ts";
import { buildProblems } from "../../src/api/problems/build.ts";
import { cliProblems } from "../../src/api/problems/cli.ts";
import { contentProblems } from "../../src/api/problems/content.ts";
import { drivesProblems } from "../../src/api/problems/drives.ts";
import { hostProblems } from "../../src/api/problems/host.ts";
import { imagesProblems } from "../../src/api/problems/images.ts";
import { manifestProblems } from "../../src/api/problems/manifest.ts";
import { networkProblems } from "../../src/api/problems/network.ts";
import { playgroundProblems } from "../../src/api/problems/playground.ts";
import { provisioningProblems } from "../../src/api/problems/provisioning.ts";
import { serverProblems } from "../../src/api/problems/server.ts";
import { type NoticeSpec, notices } from "../../src/api/problems/notices.ts";
import type { ProblemOwner, ProblemTable } from "../../src/api/problems/spec.ts";
import { startProblems } from "../../src/api/problems/start.ts";
import { vmProblems } from "../../src/api/problems/vm.ts";
import { cell } from "./markdown.ts";

/** The tables of the catalogue in the order in which a play meets them. */
export const problemRooms: ReadonlyArray<{ title: string; table: ProblemTable }> = [
  { title: "Manifest", table: manifestProblems },
  { title: "Start values", table: startProblems },
  { title: "Images", table: imagesProblems },
  { title: "Build scripts", table: buildProblems },
  { title: "Drives", table: drivesProblems },
  { title: "Network", table: networkProblems },
  { title: "Machines and kernels", table: vmProblems },
  { title: "Provisioning and init tasks", table: provisioningProblems },
  { title: "Terminals, commands and ports", table: accessProblems },
  { title: "Plays", table: playgroundProblems },
  { title: "Content files", table: contentProblems },
  { title: "Server", table: serverProblems },
  { title: "Command line", table: cliProblems },
  { title: "Host", table: hostProblems },
];

const owners: Record<ProblemOwner, string> = {
  author: "whoever wrote the manifest or built the image",
  user: "whoever uses the play or the command",
  operator: "whoever runs this host",
  bug: "us: please report it",
};

/** docs/reference/problems.md: every failure that has a code, with who can do something about it. */
export function renderProblems(): string {
  return `# Problems

<!-- Generated from src/api/problems by scripts/generate-docs.ts; run npm run docs after a change. -->

A failure that a person can meet has a code. The HTTP API answers with the status of the table and a JSON body
\`{error, code, owner, hint?, where?, details?}\`; the command line prints the same. The title below is what \`error\` says
where nothing more exact is known; usually the message names the values in question. *Owner* is who can do something
about it:

${Object.entries(owners)
  .map(([owner, meaning]) => `- \`${owner}\`: ${meaning}`)
  .join("\n")}

${problemRooms.map(renderRoom).join("\n")}
${renderNotices()}`;
}

function renderRoom({ title, table }: (typeof problemRooms)[number]): string {
  const rows = Object.entries(table).map(
    ([code, spec]) =>
      `| \`${code}\` | ${spec.owner} | ${spec.status} | ${cell(spec.title)} | ${cell(spec.hint ?? "")} |`,
  );
  return `## ${title}

| Code | Owner | Status | Title | What to do |
| --- | --- | --- | --- | --- |
${rows.join("\n")}
`;
}

/** What has a code although nothing failed. */
function renderNotices(): string {
  const rows = Object.entries<NoticeSpec>(notices).map(
    ([code, { owner, title, hint }]) => `| \`${code}\` | ${owner} | ${cell(title)} | ${cell(hint)} |`,
  );
  return `## Notices

Not failures: the notes of a play, the warnings of a start and the findings about an image may also have these codes. *Owner*
is who can change it. Findings about how an image boots (\`boot/…\`) are listed in [bootability.md](bootability.md); a
finding about a manifest that is only a warning has its code above.

| Code | Owner | Meaning | What to do |
| --- | --- | --- | --- |
${rows.join("\n")}
`;
}
