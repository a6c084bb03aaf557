import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ends, matching, says, type Step } from "../step.ts";

const demo = () => readFile(join(import.meta.dirname, "../demo.yaml"), "utf8");

export const catalogue: Step[] = [
  {
    id: "B1",
    what: "playground catalog -q",
    expected: "names in order, flexbox among them",
    async run(world) {
      const names = (await says(world, ["playground", "catalog", "-q"])).split("\n");
      assert.deepEqual(names, names.toSorted());
      assert.ok(names.includes("flexbox"), names.join());
      return names.join(" ");
    },
  },
  {
    id: "B2",
    what: "playground create demo --base flexbox -f demo.yaml",
    expected: "prints demo-<8 hex>",
    async run(world) {
      const args = ["playground", "create", "demo", "--base", "flexbox", "-f", "-", "-q"];
      world.playground = await says(world, args, { stdin: await demo() });
      return matching(world.playground, /^demo-[0-9a-f]{8}$/);
    },
  },
  {
    id: "B3",
    what: "playground manifest, update -f dump, manifest again",
    expected: "keys in order, and no difference",
    async run(world) {
      const { playground } = world;
      const dump = await says(world, ["playground", "manifest", playground]);
      const keys = [...dump.matchAll(/^(\w+):/gm)].map(([, key]) => key);
      assert.deepEqual(keys, ["kind", "name", "base", "title", "description", "categories", "playground"]);
      assert.equal(await says(world, ["playground", "update", playground, "-f", "-"], { stdin: dump }), playground);
      assert.equal(await says(world, ["playground", "manifest", playground]), dump);
      return `${dump.split("\n").length} lines, the same twice`;
    },
  },
  {
    id: "B4",
    what: "playground catalog -q -f my-custom",
    expected: "lists the new playground",
    async run(world) {
      const names = await says(world, ["playground", "catalog", "-q", "-f", "my-custom"]);
      return matching(names, new RegExp(`^${world.playground}$`, "m"));
    },
  },
  {
    id: "B5",
    what: "playground update with kind: x",
    expected: "exit 1 by the client itself",
    async run({ labctl, playground }) {
      const stdin = (await demo()).replace(/^kind:.*/m, "kind: x");
      const { stderr } = await ends(labctl, ["playground", "update", playground, "-f", "-"], { stdin, exitCode: 1 });
      assert.doesNotMatch(stderr, /request failed/);
      return matching(stderr, /kind/i);
    },
  },
  {
    id: "B6",
    what: "playground create without accessControl",
    expected: 'exit 1, status 400 with {"error": …}',
    async run({ labctl }) {
      const stdin = (await demo()).replace(/^ +accessControl:[^]*/m, "").replace("name: demo", "name: bad");
      const args = ["playground", "create", "bad", "--base", "flexbox", "-f", "-"];
      const { stderr } = await ends(labctl, args, { stdin, exitCode: 1 });
      return matching(stderr, /request failed with status 400: \{"error":"[^"]+/i);
    },
  },
  {
    id: "B7",
    what: "playground create copy --base <built-in>, then remove -f",
    expected: "the server takes its own dump back",
    async run(world) {
      const name = await says(world, ["playground", "create", "copy", "--base", "debian-12", "-q"]);
      await ends(world.labctl, ["playground", "remove", name, "-f"]);
      return matching(name, /^copy-[0-9a-f]{8}$/);
    },
  },
  {
    id: "B8",
    what: "playground update --dir, twice",
    expected: "the files of the folder are kept, and gone when they are gone",
    async run(world) {
      const directory = await mkdtemp(join(tmpdir(), "labyard-update-"));
      try {
        const dump = await says(world, ["playground", "manifest", world.playground]);
        await writeFile(join(directory, "manifest.yaml"), `${dump}\n`);
        await mkdir(join(directory, "__static__"));
        await writeFile(join(directory, "solution.md"), "# How it is done\n");
        await writeFile(join(directory, "__static__/bytes.bin"), Buffer.from([0, 255, 10, 13, 0]));
        const update = () => says(world, ["playground", "update", world.playground, "--dir", directory, "--force"]);
        const files = async () => {
          const path = `/content/v2/files?kind=playground&name=${world.playground}`;
          const found = JSON.parse(await says(world, ["api", path])) as Array<{ path: string }>;
          return found.map(file => file.path).toSorted();
        };
        assert.match(await update(), new RegExp(world.playground));
        assert.deepEqual(await files(), ["__static__/bytes.bin", "solution.md"]);
        await rm(join(directory, "__static__"), { recursive: true });
        await update();
        assert.deepEqual(await files(), ["solution.md"]);
        assert.equal(await says(world, ["playground", "manifest", world.playground]), dump);
        return "2 files, then 1";
      } finally {
        await rm(directory, { recursive: true });
      }
    },
  },
];

export const removal: Step[] = [
  {
    id: "F8",
    what: "playground remove -f; playground manifest",
    expected: "exit 0; then exit 1, not found",
    async run({ labctl, playground }) {
      await ends(labctl, ["playground", "remove", playground, "-f"]);
      const { stderr } = await ends(labctl, ["playground", "manifest", playground], { exitCode: 1 });
      return matching(stderr, /not found/i);
    },
  },
];
