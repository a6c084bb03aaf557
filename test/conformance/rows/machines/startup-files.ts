import { createHash } from "node:crypto";
import { inside, type Row } from "../../row.ts";

const stat = (path: string) => `stat -c '%U:%G %a' ${path}`;

export const startupFiles: Row[] = [
  inside(
    "edge",
    "startupFiles[].append",
    "true, to ~/.bashrc",
    `tail -1 /home/laborant/.bashrc; ${stat("/home/laborant/.bashrc")}; [ $(wc -l </home/laborant/.bashrc) -gt 5 ] && echo kept`,
    "alias k=kubectl\nlaborant:laborant 644\nkept",
  ),
  inside(
    "edge",
    "startupFiles[].append",
    "true, no newline before",
    "cat /opt/list",
    "no newline at the end\nsecond line",
  ),
  inside(
    "edge",
    "startupFiles[].append",
    "true, to /etc/hosts",
    "getent hosts printer; grep -c store.lan /etc/hosts",
    /^10\.31\.0\.99 +printer\n1$/,
  ),
  inside(
    "edge",
    "startupFiles[].owner",
    "laborant",
    `${stat("/home/laborant/.config/app/settings")}; ${stat("/home/laborant/.config")}; ${stat("/home/laborant/.config/app")}`,
    "laborant:laborant 600\nlaborant:laborant 755\nlaborant:laborant 755",
  ),
  inside("edge", "startupFiles[].owner", "1234:5678", "stat -c '%u:%g' /opt/numbers", "1234:5678"),
  inside("edge", "startupFiles[].owner", "laborant:adm", stat("/opt/group"), "laborant:adm 644"),
  inside("edge", "startupFiles[].owner", "1001 (the number alone)", stat("/opt/bytes"), "laborant:laborant 644"),
  inside("edge", "startupFiles[].owner", "absent", stat("/etc/motd"), "root:root 644"),
  inside("edge", "startupFiles[].mode", '"0755"', "stat -c %a /opt/numbers", "755"),
  inside(
    "edge",
    "startupFiles[].content",
    "control characters, CR, quotes, no end of line",
    "sha256sum </opt/bytes | cut -c1-16",
    createDigest("\x01\x7f\té 漢 \r\n$(id) `id` 'quote' no end"),
  ),
  inside("edge", "startupFiles[].content", "empty", "wc -c </opt/group", "0"),
  inside("edge", "startupFiles[].content", "replaces a file", "cat /etc/motd", "replaced"),
  inside("edge", "startupFiles[].path", "through a link of the image", "cat /srv/through-link", "linked"),
  inside(
    "store",
    "startupFiles[].path",
    "through a link with ../../../ of a data drive",
    "cat /srv/outside; ls /srv/site/escape/outside",
    "stayed inside\n/srv/site/escape/outside",
  ),
  inside(
    "store",
    "startupFiles[].path",
    "below the mount of another drive",
    "cat /data/below/deep/file; umount /data/below/deep && ls -A /data/below/deep; mount /data/below/deep",
    "on the drive",
  ),
];

function createDigest(content: string): string {
  return createHash("sha256").update(content).digest("hex").slice(0, 16);
}
