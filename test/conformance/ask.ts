import { Problem } from "../../src/api/problems.ts";
import { guestFacts } from "../fixtures/guest-exec.ts";
import { patient } from "../fixtures/patience.ts";
import { playOf } from "./plays.ts";
import type { GuestQuestion, Result, Row, Stage, World } from "./row.ts";

const guestTimeoutMs = patient(300_000);

/** Asks all rows of a stage at once. A question that fails is a failed row, never the end of the table. */
export async function askStage(stage: Stage, world: World): Promise<Result[]> {
  try {
    await stage.reach?.(world);
  } catch (error) {
    return stage.rows.map(row => result(row, `not reached: ${explain(error)}`, false));
  }
  const playId = stage.play === undefined ? "" : playOf(stage.play, world);
  const reached = { ...world, playId };
  const answers = askGuests(stage.rows, reached);
  const results = await Promise.all(
    stage.rows.map(async row => {
      try {
        const found = typeof row.ask === "function" ? await row.ask(reached) : await answers(row);
        return result(row, found, matches(found, row.expected));
      } catch (error) {
        return result(row, explain(error), false);
      }
    }),
  );
  await stage.leave?.(reached);
  return results;
}

/** One connection a machine and user carries all its questions: under emulation each one costs a good part of a second. */
function askGuests(rows: readonly Row[], { server, playId }: World): (row: Row) => Promise<string> {
  const asked = rows.flatMap((row, index) => (typeof row.ask === "function" ? [] : [{ index, question: row.ask }]));
  const groups = Map.groupBy(asked, ({ question }) => `${question.user ?? "root"}@${question.machine}`);
  const answers = new Map(
    [...groups].map(([key, members]) => {
      const { machine, user = "root" } = (members[0] as { question: GuestQuestion }).question;
      const commands = Object.fromEntries(members.map(({ index, question }) => [`row ${index}`, question.command]));
      const facts = guestFacts<string>(server.client, playId, { machine, user, timeoutMs: guestTimeoutMs }, commands);
      facts.catch(() => {
        // Each row that waits for it tells.
      });
      return [key, facts];
    }),
  );
  return async row => {
    const question = row.ask as GuestQuestion;
    const facts = await answers.get(`${question.user ?? "root"}@${question.machine}`);
    return facts?.[`row ${rows.indexOf(row)}`] ?? "";
  };
}

const matches = (found: string, expected: Row["expected"]) =>
  typeof expected === "string" ? found === expected : expected.test(found);

const result = ({ field, written }: Row, found: string, passed: boolean): Result => ({ field, written, found, passed });

function explain(error: unknown): string {
  if (error instanceof Problem) return `${error.code}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}
