import assert from "node:assert/strict";
import { test } from "node:test";
import { type AccessSubject, evaluateAccess, mayEdit } from "./evaluate.ts";

const people = {
  owner: { userId: "ann", administrator: false, githubHandle: "Ann-Dev" },
  other: { userId: "bob", administrator: false, githubHandle: undefined },
  administrator: { userId: "root", administrator: true, githubHandle: undefined },
  stranger: undefined,
} satisfies Record<string, AccessSubject | undefined>;

/** Who gets in with this list: owner, other, administrator, stranger. */
const table: Array<[principals: string[], allowed: string]> = [
  [["owner"], "owner administrator"],
  [["anyone"], "owner other administrator stranger"],
  [["authenticated"], "owner other administrator"],
  [["user:bob"], "other administrator"],
  [["user:bo"], "administrator"],
  [["github:ann-dev"], "owner administrator"],
  [["github:"], "administrator"],
  [["student:kubernetes"], "administrator"],
  [["instructor"], "administrator"],
  [["has-pack:all"], "administrator"],
  [["nobody"], ""],
  [["owner", "anyone", "nobody"], ""],
  [["owner", "user:bob"], "owner other administrator"],
  [[], "administrator"],
];

for (const list of ["canList", "canRead", "canStart"] as const) {
  for (const [principals, allowed] of table) {
    test(`${list} [${principals.join(", ")}] admits: ${allowed || "no one"}`, () => {
      const lists = { canList: ["nobody"], canRead: ["nobody"], canStart: ["nobody"], [list]: principals };
      const admitted = Object.entries(people)
        .filter(([, person]) => evaluateAccess({ owner: "ann", lists, anyoneMeans: "anyone" }, person)[list])
        .map(([name]) => name);
      assert.equal(admitted.join(" "), allowed);
    });
  }
}

test("an installation can close itself to strangers", () => {
  const lists = { canList: ["anyone"], canRead: ["anyone"], canStart: ["anyone"] };
  const item = { owner: "", lists, anyoneMeans: "authenticated" } as const;
  assert.equal(evaluateAccess(item, undefined).canRead, false);
  assert.equal(evaluateAccess(item, people.other).canRead, true);
});

test("editing is for owner and administrators, built-in playgrounds for no one", () => {
  assert.deepEqual(
    Object.values(people).map(person => mayEdit({ owner: "ann" }, person)),
    [true, false, true, false],
  );
  assert.equal(mayEdit({ owner: "" }, people.administrator), false);
});
