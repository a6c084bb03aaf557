import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { diskFilePlace } from "./disk-file-place.ts";

test("a disk file takes the place of a file or of nothing, and of nothing else", async t => {
  const directory = await mkdtemp(join(tmpdir(), "labyard-place-"));
  t.after(() => rm(directory, { recursive: true }));
  const path = (name: string) => join(directory, name);
  await mkdir(path("dir"));
  await writeFile(path("dir/old.img"), "old");
  await symlink("dir/old.img", path("link.img"));
  await symlink("dir", path("linked"));

  assert.equal(await diskFilePlace(path("new.img")), path("new.img"));
  assert.equal(await diskFilePlace(path("dir/old.img")), path("dir/old.img"));
  assert.equal(await diskFilePlace(path("link.img")), path("dir/old.img"), "what a link leads to, not the link");
  assert.equal(await diskFilePlace(path("linked/new.img")), path("dir/new.img"));

  // In place of a fifo or a device, which not everybody can make.
  const socket = createServer().listen(path("socket"));
  await new Promise(resolve => socket.once("listening", resolve));
  t.after(() => socket.close());
  for (const [name, why] of [
    ["", /not the name of a file/],
    [path("dir"), /is a directory/],
    [path("dir/"), /not the name of a file/],
    [path("new/"), /not the name of a file/],
    [path("missing/new.img"), /missing does not exist/],
    [path("dir/old.img/new.img"), /old\.img does not exist or is not writable/],
    [path("socket"), /no file is there already/],
    ["/dev/null", /no file is there already/],
  ] as const) {
    await assert.rejects(diskFilePlace(name), { code: "image/output-unusable", message: why });
  }
});
