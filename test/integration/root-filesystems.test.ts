import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { guestSays } from "../fixtures/guest-exec.ts";
import { bootMs, patient } from "../fixtures/patience.ts";
import { beginPlay, createPlayground, isReady, untilIn, untilState } from "../fixtures/play.ts";
import { type RealServer, startServer } from "../fixtures/server.ts";

// Machines whose root is not the ext4 that we write ourselves: made by the builder, found by the shim, alive.

let server: RealServer;
before(async () => {
  server = await startServer();
});
after(() => server?.[Symbol.asyncDispose]());

for (const filesystem of ["xfs", "btrfs"]) {
  test(`a machine boots from ${filesystem}, as large as its drive, with what its image has`, {
    timeout: patient(600_000),
  }, async () => {
    const drive = (mount: string) => `mount: ${mount}\n          filesystem: ${filesystem}\n          size: 4GiB`;
    // A second drive from the same image has the same UUID, which XFS only takes when told.
    const second = filesystem === "xfs" ? `\n        - source: debian-12\n          ${drive("/data")}` : "";
    const wanted = drive("/") + second;
    const playground = await createPlayground(server, "small", text => text.replace("mount: /", wanted));
    const playId = await beginPlay(server, playground);
    const state = await untilState(server, playId, "ready", isReady, 2 * bootMs);
    assert.deepEqual(state.notices, []);
    const says = (command: string) => guestSays(server.client, playId, { machine: "box", user: "root", command });
    assert.equal(await says("findmnt -no FSTYPE /"), filesystem);
    const sizeMiB = Number(await says("findmnt -bno SIZE /")) / 2 ** 20;
    assert.ok(sizeMiB > 3900 && sizeMiB <= 4096, `${sizeMiB} MiB`);
    if (second !== "")
      assert.equal(await says("findmnt -no FSTYPE /data && cat /data/etc/os-release | head -1 | wc -l"), "xfs\n1");
    assert.equal(await says("stat -c '%a %U' /usr/bin/sudo"), "4755 root");
    // A capability in an xattr, which a careless copy loses.
    assert.equal(
      await says(
        "sysctl -qw net.ipv4.ping_group_range='1 0'; su laborant -c 'ping -c1 -W2 127.0.0.1 >/dev/null && echo pings'",
      ),
      "pings",
    );
    assert.match(
      await says("systemctl is-system-running --wait || systemctl --failed --plain --no-legend"),
      /^running/,
    );
    assert.equal(await says("echo kept > /root/file && sync && cat /root/file"), "kept");
    await server.client.act(playId, { action: "stop" });
    await untilIn(server, playId, "STOPPED");
  });
}
