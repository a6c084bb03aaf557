import { guestExec } from "../../../fixtures/guest-exec.ts";
import { shellQuote } from "../../../../src/provisioning/shell-quote.ts";
import { inside, type ApiQuestion, type Row } from "../../row.ts";

/** Nobody gets a shell on a noSSH machine from outside, so another machine of the play looks into it. */
export const inner = (field: string, written: string, command: string, expected: Row["expected"]): Row =>
  inside("edge", field, written, `ssh -o BatchMode=yes inner ${shellQuote(command)}`, expected);

export const exec =
  (machine: string, options: { user?: string; command?: string; pty?: boolean }): ApiQuestion =>
  async ({ server, playId }) => {
    const { pty, ...body } = options;
    const { stdout, stderr } = await guestExec(server.client, playId, {
      machine,
      ...body,
      ...(pty ? { pty: { cols: 100, rows: 30 }, input: "echo e$((40+2))d; exit\n" } : {}),
    });
    return (stdout + stderr).trim();
  };

export const tabs: ApiQuestion = async ({ server, playId }) => {
  const { tabs: found } = await server.client.getPlay(playId);
  return found.map(tab => `${tab.kind} ${tab.id} "${tab.name}"`).join("\n");
};

export const notices: ApiQuestion = async ({ server, playId }) =>
  (await server.client.getPlayState(playId)).notices.map(({ code, message }) => `${code}: ${message}`).join("\n");
