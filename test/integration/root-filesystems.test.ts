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
    // A second drive from the same image: XFS takes one UUID twice when told, Btrfs does not, so there it has its own.
    const wanted = `${drive("/")}\n        - source: debian-12\n          ${drive("/data")}`;
    const playground = await createPlayground(server, "small", text => text.replace("mount: /", wanted));
    const playId = await beginPlay(server, playground);
    const state = await untilState(server, playId, "ready", isReady, 2 * bootMs);
    assert.deepEqual(state.notices, []);
    const says = (command: string) => guestSays(server.client, playId, { machine: "box", user: "root", command });
    assert.equal(await says("findmnt -no FSTYPE /"), filesystem);
    const sizeMiB = Number(await says("findmnt -bno SIZE /")) / 2 ** 20;
    assert.ok(sizeMiB > 3900 && sizeMiB <= 4096, `${sizeMiB} MiB`);
    // Once in the list of mounts, from a device that is not the root's, with a life of its own.
    assert.equal(await says("findmnt -rno SOURCE,FSTYPE /data"), `/dev/vdb ${filesystem}`);
    const content = "head -c 3 /data/etc/debian_version; touch /data/mark; ls /mark 2>/dev/null || echo ' apart'";
    assert.equal(await says(content), "12. apart");
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
