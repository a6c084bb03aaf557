import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, test } from "node:test";
import { run } from "../../src/host/process.ts";
import { ensureLentSshd } from "../../src/vm/kernels/lent-sshd.ts";

// What a machine gets whose image has no sshd. That it serves one is shown by guest-families.test.ts.

let directory = "";
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "labyard-lent-"));
});
after(() => rm(directory, { recursive: true, force: true }));

/** Runs the archive's sshd where there is nothing else but /dev/null: no library, no loader, no shell. */
async function greetingOf(archive: string): Promise<string> {
  const root = join(directory, `${basename(archive)}.root`);
  await mkdir(root);
  const script = `cpio --extract --make-directories --quiet -D "$1" <"$2" && cd "$1/labyard" && mkdir dev && : >dev/null &&
    mount --bind /dev/null dev/null && LD_LIBRARY_PATH=/run/labyard/sshd exec chroot . /run/labyard/sshd/sshd -V`;
  const alone = ["unshare", "--user", "--map-root-user", "--mount", "--", "sh", "-c", script, "sh", root, archive];
  return (await run(alone, { allowFailure: true })).stderr;
}

test("a host without an OpenSSH server fetches one, once, and it runs on its own", { timeout: 300_000 }, async () => {
  const options = { directory, host: join(directory, "nothing"), signal: AbortSignal.timeout(240_000) };
  const archive = await ensureLentSshd(options);
  assert.match(await greetingOf(archive), /OpenSSH_\d/);
  // Nothing is fetched any more: there is no time for it.
  assert.equal(await ensureLentSshd({ ...options, signal: AbortSignal.abort() }), archive);
});
