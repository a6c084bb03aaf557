import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { parse } from "yaml";
import { ends, eventually, matching, says, type Step } from "../step.ts";

const exec = promisify(execFile);

/** Ports of this host that are free now. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise(resolve => server.close(resolve));
  return port;
}

export async function localSite(text: string): Promise<AsyncDisposable & { port: number }> {
  const server = createServer((_request, response) => void response.end(`${text}\n`));
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
}

/**
 * Asks in the guest, which has no curl: bash opens the connection. Only as far as the text: the protocol cannot pass on
 * that one side has ended.
 */
const guestGet = (port: number, text: string) =>
  `exec 3<>/dev/tcp/127.0.0.1/${port}; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; grep -m1 "${text}" <&3`;

export const tunnels: Step[] = [
  {
    id: "D1",
    what: "ssh -- echo hi; ssh -- 'exit 7'",
    expected: "hi; status 7",
    async run(world) {
      assert.equal(await says(world, ["ssh", world.playId, "--", "echo", "hi"]), "hi");
      await ends(world.labctl, ["ssh", world.playId, "--", "exit 7"], { exitCode: 7 });
      return `hi, 7, as ${await says(world, ["ssh", world.playId, "--", "id", "-un"])}`;
    },
  },
  {
    id: "D2",
    what: "cp f ID:f; cp ID:f g",
    expected: "the same bytes",
    async run({ labctl, playId }) {
      const directory = await mkdtemp(join(tmpdir(), "labyard-cp-"));
      try {
        const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251));
        await writeFile(join(directory, "f"), bytes);
        await ends(labctl, ["cp", join(directory, "f"), `${playId}:f`]);
        await ends(labctl, ["cp", `${playId}:f`, join(directory, "g")]);
        assert.ok(bytes.equals(await readFile(join(directory, "g"))));
        return `${bytes.length} bytes`;
      } finally {
        await rm(directory, { recursive: true });
      }
    },
  },
  {
    id: "D3",
    what: "port-forward -L, 200 connections at once",
    expected: "the machine's site at a local port, 200 times",
    async run({ labctl, playId, changeMs }) {
      const port = await freePort();
      const running = labctl.start(["port-forward", playId, "-L", `${port}:8000`]);
      const get = async () => (await fetch(`http://127.0.0.1:${port}/x`)).text();
      try {
        await eventually(changeMs, async () => assert.equal(await get(), "site of m1 /x\n"));
        const answers = await Promise.all(Array.from({ length: 200 }, get));
        assert.deepEqual(new Set(answers), new Set(["site of m1 /x\n"]));
        return `${answers.length} answers`;
      } finally {
        await running.stop();
      }
    },
  },
  {
    id: "D4",
    what: "port-forward --list; --remove; --restore",
    expected: "the saved forwards, one line each",
    async run({ labctl, playId, changeMs }) {
      const listed = (await ends(labctl, ["port-forward", playId, "--list"])).stderr;
      const [, index, port] = /\[(\d+)\] m1 \(local\): 127\.0\.0\.1:(\d+) -> 8000/.exec(listed) ?? [];
      assert.ok(index, listed);
      const running = labctl.start(["port-forward", playId, "--restore"]);
      try {
        await eventually(changeMs, async () => {
          assert.equal(await (await fetch(`http://127.0.0.1:${port}/r`)).text(), "site of m1 /r\n");
        });
      } finally {
        await running.stop();
      }
      await ends(labctl, ["port-forward", playId, "--remove", index]);
      const { stderr } = await ends(labctl, ["port-forward", playId, "--list"]);
      assert.doesNotMatch(stderr, /-> 8000/);
      return matching(listed, /\[\d+\] m1 \(local\).*8000/);
    },
  },
  {
    id: "D5",
    what: "port-forward -R 9000:…",
    expected: "the guest reads a site of this host",
    async run(world) {
      await using site = await localSite("from the laptop");
      const running = world.labctl.start(["port-forward", world.playId, "-R", `9000:127.0.0.1:${site.port}`]);
      try {
        return await eventually(world.changeMs, async () => {
          const said = await says(world, ["ssh", world.playId, "--", guestGet(9000, "from the laptop")]);
          return matching(said, /from the laptop/);
        });
      } finally {
        await running.stop();
      }
    },
  },
  {
    id: "D6",
    what: "ssh-proxy, then the system's ssh",
    expected: "exit 0",
    async run({ labctl, playId, home, changeMs }) {
      const port = await freePort();
      const running = labctl.start(["ssh-proxy", playId, "--address", `127.0.0.1:${port}`]);
      const options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "BatchMode=yes"];
      const args = ["-i", join(home, ".ssh/iximiuz_labs_user"), "-p", String(port), ...options.flatMap(o => ["-o", o])];
      try {
        return await eventually(changeMs, async () => {
          const { stdout } = await exec("ssh", [...args, "laborant@127.0.0.1", "hostname"]);
          return matching(stdout, /^m1$/m);
        });
      } finally {
        await running.stop();
      }
    },
  },
  {
    id: "D7",
    what: "ide code",
    expected: "the editor is called with a remote URI that ssh reaches",
    async run({ labctl, playId, changeMs }) {
      const directory = await mkdtemp(join(tmpdir(), "labyard-ide-"));
      await mkdir(join(directory, "bin"));
      await writeFile(join(directory, "bin/code"), `#!/bin/sh\necho "$@" >${directory}/called\n`, { mode: 0o755 });
      const running = labctl.start(["ide", "code", playId], { env: { PATH: `${directory}/bin:${process.env.PATH}` } });
      try {
        return await eventually(changeMs, async () =>
          matching(await readFile(join(directory, "called"), "utf8"), /ssh/),
        );
      } finally {
        await running.stop();
        await rm(directory, { recursive: true });
      }
    },
  },
  {
    id: "D8",
    what: "port-forward -R to a port that is taken",
    expected: "exit 1, status 409",
    async run({ labctl, playId }) {
      const { stderr } = await ends(labctl, ["port-forward", playId, "-R", "8000:127.0.0.1:1"], { exitCode: 1 });
      return matching(stderr, /status 409/);
    },
  },
  {
    id: "D9",
    what: "port-forward -L to a closed port and to the site",
    expected: "one connection ends, the other forward goes on",
    async run({ labctl, playId, changeMs }) {
      const [closed, open] = [await freePort(), await freePort()];
      const running = labctl.start(["port-forward", playId, "-L", `${closed}:9`, "-L", `${open}:8000`]);
      try {
        await eventually(changeMs, async () => {
          assert.equal(await (await fetch(`http://127.0.0.1:${open}/c`)).text(), "site of m1 /c\n");
        });
        await assert.rejects(fetch(`http://127.0.0.1:${closed}/`));
        assert.equal(await (await fetch(`http://127.0.0.1:${open}/d`)).text(), "site of m1 /d\n");
        return "closed; still open";
      } finally {
        await running.stop();
      }
    },
  },
  {
    id: "D10",
    what: "kube-proxy",
    expected: "the machine's kubeconfig with its server at a local port, and that port open",
    async run(world) {
      const { labctl, playId, changeMs } = world;
      // No cluster runs here: the site stands where its API would be, on another port.
      const config = "clusters: [{name: lab, cluster: {server: 'https://172.16.0.2:6443'}}]";
      await says(world, ["ssh", playId, "--", `mkdir -p ~/.kube && echo "${config}" >~/.kube/config`]);
      const port = await freePort();
      const running = labctl.start(["kube-proxy", playId, "--address", `127.0.0.1:${port}:8000`]);
      try {
        return await eventually(changeMs, async () => {
          assert.equal(await (await fetch(`http://127.0.0.1:${port}/version`)).text(), "site of m1 /version\n");
          // Among hints how to use it.
          const [, file = ""] = /^\s+(\/\S+\/kubeconfig)$/m.exec(running.stdout()) ?? [];
          const { clusters } = parse(await readFile(file, "utf8")) as { clusters: Array<{ cluster: object }> };
          const cluster = { server: `https://127.0.0.1:${port}`, "tls-server-name": "172.16.0.2" };
          assert.deepEqual(clusters[0]?.cluster, cluster);
          return `…${file.slice(-20)}`;
        });
      } finally {
        await running.stop();
      }
    },
  },
];
