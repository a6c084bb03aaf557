import assert from "node:assert/strict";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parseImageSource } from "../catalogue.ts";
import { localImageNames, readRecipe, recipesDirectory } from "./recipe.ts";

test("every folder of images/ is a valid recipe that the catalogue knows", async () => {
  const names = await localImageNames();
  assert.ok(names.includes("debian-12"));
  for (const name of names) {
    assert.deepEqual(parseImageSource(name), { kind: "local", name });
    const recipe = await readRecipe(name);
    assert.ok(recipe.packages.includes("openssh-server"), "the platform's channel is the image's own sshd");
    assert.ok(recipe.packages.every(word => /^[a-z0-9][a-z0-9.+-]+$/.test(word)));
    assert.ok(recipe.maskedUnits.every(unit => /^[\w@.-]+\.(service|timer|socket|target)$/.test(unit)));
    assert.ok(recipe.customizeScript.includes("@MASKED_UNITS@"));
  }
});

test("the digest changes with what goes into the image, and with nothing else", async t => {
  const directory = await mkdtemp(join(tmpdir(), "labyard-recipe-"));
  t.after(() => rm(directory, { recursive: true }));
  await cp(join(recipesDirectory, "debian-12"), join(directory, "debian-12"), { recursive: true });
  const digest = async () => (await readRecipe("debian-12", directory)).digest;
  const original = await digest();
  assert.equal(original, (await readRecipe("debian-12")).digest);
  await writeFile(join(directory, "debian-12", "README.md"), "other words");
  assert.equal(await digest(), original);
  await writeFile(join(directory, "debian-12", "files", "etc", "hostname"), "other\n");
  const changed = await digest();
  assert.notEqual(changed, original);
  await writeFile(join(directory, "debian-12", "packages.txt"), "systemd\n");
  assert.notEqual(await digest(), changed);
});
