import assert from "node:assert/strict";
import { test } from "node:test";
import { type AccessItem, type AccessSubject, evaluateAccess, groupsOf, mayEdit } from "./evaluate.ts";

const nothing = { administrator: false, githubHandle: undefined, studentOf: [], instructorOf: [] };
const people = {
  owner: { ...nothing, userId: "ann", githubHandle: "Ann-Dev" },
  other: { ...nothing, userId: "bob" },
  student: { ...nothing, userId: "sue", studentOf: ["kubernetes"] },
  instructor: { ...nothing, userId: "ina", instructorOf: ["kubernetes"] },
  administrator: { ...nothing, userId: "root", administrator: true },
  stranger: undefined,
} satisfies Record<string, AccessSubject | undefined>;

/** Who gets in with this list. */
const table: Array<[principals: string[], allowed: string]> = [
  [["owner"], "owner administrator"],
  [["anyone"], "owner other student instructor administrator stranger"],
  [["authenticated"], "owner other student instructor administrator"],
  [["user:bob"], "other administrator"],
  [["user:bo"], "administrator"],
  [["user:"], "administrator"],
  [["github:ann-dev"], "owner administrator"],
  [["github:ANN-DEV"], "owner administrator"],
  [["github:"], "administrator"],
  [["student:kubernetes"], "student administrator"],
  [["student:kube"], "administrator"],
  [["student:"], "administrator"],
  // Of no group, since the item names none.
  [["instructor"], "administrator"],
  [["instructor", "student:kubernetes"], "student instructor administrator"],
  [["instructor", "student:linux"], "administrator"],
  [["has-pack:all"], "administrator"],
  [["nobody"], ""],
  [["owner", "anyone", "nobody"], ""],
  [["owner", "user:bob"], "owner other administrator"],
  [["something", "owner:ann"], "administrator"],
  [[], "administrator"],
];

const lists = ["canList", "canRead", "canStart"] as const;

for (const list of lists) {
  for (const [principals, allowed] of table) {
    test(`${list} [${principals.join(", ")}] admits: ${allowed || "no one"}`, () => {
      const item: AccessItem = {
        owner: "ann",
        lists: { canList: ["nobody"], canRead: ["nobody"], canStart: ["nobody"], [list]: principals },
        anyoneMeans: "anyone",
      };
      const admitted = Object.entries(people).filter(([, person]) => evaluateAccess(item, person)[list]);
      assert.equal(admitted.map(([name]) => name).join(" "), allowed);
      // Each list stands for itself.
      for (const other of lists.filter(each => each !== list)) {
        assert.ok(Object.values(people).every(person => !evaluateAccess(item, person)[other]));
      }
    });
  }
}

test("an item is attached to the groups of all its lists", () => {
  const item = { canList: ["anyone"], canRead: ["instructor"], canStart: ["student:kubernetes", "student:linux"] };
  assert.deepEqual(groupsOf(item), ["kubernetes", "linux"]);
  assert.equal(
    evaluateAccess({ owner: "ann", lists: item, anyoneMeans: "anyone" }, people.instructor).canRead,
    true,
    "named in canStart, instructor in canRead",
  );
});

test("an installation can close itself to strangers", () => {
  const all = { canList: ["anyone"], canRead: ["anyone"], canStart: ["anyone"] };
  const item = { owner: "", lists: all, anyoneMeans: "authenticated" } as const;
  assert.equal(evaluateAccess(item, undefined).canRead, false);
  assert.equal(evaluateAccess(item, people.other).canRead, true);
});

test("a built-in playground belongs to nobody, not even to a person without an id", () => {
  const item = { owner: "", lists: { canList: ["owner"], canRead: ["owner"], canStart: ["owner"] } };
  assert.equal(evaluateAccess({ ...item, anyoneMeans: "anyone" }, { ...nothing, userId: "" }).canRead, false);
});

test("editing is for owner and administrators, built-in playgrounds for no one", () => {
  assert.deepEqual(
    Object.values(people).map(person => mayEdit({ owner: "ann" }, person)),
    [true, false, false, false, true, false],
  );
  assert.equal(mayEdit({ owner: "" }, people.administrator), false);
});
