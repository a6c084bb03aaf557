import assert from "node:assert/strict";
import { test } from "node:test";
import { only } from "../../../test/fixtures/bootable-image.ts";

test("each distribution gets its own words", () => {
  const lines = {
    "ID=debian": /^RUN apt-get update && apt-get install -y systemd systemd-sysv udev .*openssh-server/,
    "ID=ubuntu\nID_LIKE=debian": /apt-get/,
    'ID="linuxmint"\nID_LIKE="ubuntu debian"': /apt-get/,
    "ID=alpine": /^RUN apk add openrc .*openssh/,
    'ID="rhel"': /^RUN dnf install -y systemd/,
    'ID="rocky"\nID_LIKE="rhel centos fedora"': /dnf/,
    "ID=arch": /^RUN pacman -Sy --noconfirm systemd systemd-sysvcompat/,
    'ID="opensuse-leap"\nID_LIKE="suse opensuse"': /^RUN zypper --non-interactive install systemd systemd-sysvinit/,
    "ID=gentoo": /^RUN apt-get .*# Alpine: apk add/,
  };
  for (const [release, line] of Object.entries(lines)) {
    assert.match(only({ "etc/os-release": `${release}\n` }, {}).fix, line, release);
  }
});
