import assert from "node:assert/strict";
import { test } from "node:test";
import { readBtrfsArguments, readXfsArguments } from "./mkfs-foreign-args.ts";

const uuid = "00112233-4455-6677-8899-AABBCCDDEEFF";

test("what shapes an Xfs goes to its mkfs, the UUID in place of ours", () => {
  const given = [
    "-f",
    "-q",
    "-K",
    "-Llab",
    "-m",
    `reflink=0,uuid=${uuid},rmapbt=1`,
    "-i",
    "size=1024",
    "-s",
    "size=4k",
  ];
  assert.deepEqual(readXfsArguments(given), {
    settings: {
      uuid: uuid.toLowerCase(),
      args: ["-L", "lab", "-m", "reflink=0", "-m", "rmapbt=1", "-i", "size=1024", "-s", "size=4k"],
    },
    problems: [],
  });
});

test("what shapes a Btrfs goes to its mkfs, by short and long names", () => {
  const short = ["-f", "-L", "lab", "-U", uuid, "-m", "single", "-n16k", "-O", "^no-holes,extref"];
  const long = ["--force", "--label=lab", "--uuid", uuid, "--metadata", "single"];
  long.push("--nodesize=16k", "--features", "^no-holes,extref");
  const expected = {
    settings: {
      uuid: uuid.toLowerCase(),
      args: ["-L", "lab", "-m", "single", "-n", "16k", "-O", "^no-holes,extref"],
    },
    problems: [],
  };
  assert.deepEqual(readBtrfsArguments(short), expected);
  assert.deepEqual(readBtrfsArguments(long), expected);
  // A value is never taken for an option.
  assert.deepEqual(readBtrfsArguments(["-L", "--rootdir"]).settings.args, ["-L", "--rootdir"]);
});

test("everything else is refused by its name, with the place of the option", () => {
  const cases: Array<[read: typeof readXfsArguments, args: string[], index: number, named: RegExp]> = [
    [readXfsArguments, ["-p", "/etc/passwd"], 0, /"-p"/],
    [readXfsArguments, ["-q", "-d", "name=/dev/sda"], 1, /"-d"/],
    [readXfsArguments, ["-l", "logdev=/dev/sda"], 0, /"-l"/],
    [readXfsArguments, ["-r", "rtdev=/dev/sda"], 0, /"-r"/],
    [readXfsArguments, ["-c", "options=/etc/x"], 0, /"-c"/],
    [readXfsArguments, ["-m", "reflink=1,crc=0"], 0, /"-m crc=0"/],
    [readXfsArguments, ["-m", "uuid=generate"], 0, /UUID/],
    [readXfsArguments, ["-m", `uuid=${"0".repeat(32)}`], 0, /UUID/],
    [readXfsArguments, ["-i", "size=512,constructor=1"], 0, /"-i constructor=1"/],
    [readXfsArguments, ["-b", "size=64k"], 0, /"-b size=64k"/],
    [readXfsArguments, ["-b"], 0, /"-b" needs a value/],
    [readXfsArguments, ["-L", "thirteen byte"], 0, /more than 12 bytes/],
    [readXfsArguments, ["constructor"], 0, /"constructor"/],
    [readBtrfsArguments, ["-r", "/etc"], 0, /"-r"/],
    [readBtrfsArguments, ["-K", "--rootdir=/etc"], 1, /"--rootdir=\/etc"/],
    [readBtrfsArguments, ["--rootdir", "/etc"], 0, /"--rootdir"/],
    [readBtrfsArguments, ["--shrink"], 0, /"--shrink"/],
    [readBtrfsArguments, ["-d", "raid0"], 0, /"-d raid0"/],
    [readBtrfsArguments, ["-O", "extref,zoned"], 0, /"-O extref,zoned"/],
    [readBtrfsArguments, ["--force=yes"], 0, /"--force=yes"/],
    [readBtrfsArguments, ["--label=a\nb"], 0, /control character/],
    [readBtrfsArguments, ["-U", "random"], 0, /UUID/],
    [readBtrfsArguments, ["/dev/sda"], 0, /"\/dev\/sda"/],
    [readBtrfsArguments, ["constructor"], 0, /"constructor"/],
  ];
  for (const [read, args, index, named] of cases) {
    const { problems, settings } = read(args);
    assert.equal(problems[0]?.index, index, args.join(" "));
    assert.match(problems[0]?.message ?? "", named);
    assert.ok(!settings.args.some(argument => /^\/|=\/|zero/.test(argument)), args.join(" "));
  }
});
