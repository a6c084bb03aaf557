import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDefaultMirrors, parseIndexTargets } from "./debian-archive.ts";

test("a Debian host's own mirrors are taken, security apart", () => {
  const text = `Other|jammy|http://other.example/ubuntu/
Debian|bookworm-security|http://mirror.example/debian-security/
Debian|bookworm|http://mirror.example/debian/
`;
  assert.deepEqual(parseIndexTargets(text), {
    archive: "http://mirror.example/debian/",
    security: "http://mirror.example/debian-security/",
  });
  assert.equal(parseIndexTargets("Other|jammy|http://other.example/ubuntu/\n"), undefined);
  assert.deepEqual(parseIndexTargets("Debian|trixie|http://mirror.example/debian/"), {
    archive: "http://mirror.example/debian/",
  });
});

test("other hosts take what builds the default image", () => {
  const script = `    my $mirror    = 'http://mirror.example/debian';
    my $secmirror = 'http://security.example/debian-security';`;
  assert.deepEqual(parseDefaultMirrors(script), {
    archive: "http://mirror.example/debian",
    security: "http://security.example/debian-security",
  });
  assert.equal(parseDefaultMirrors("my $mirror = shift;"), undefined);
});
