import { api, inside, type Row } from "../../row.ts";
import { inner, exec } from "./questions.ts";

export const users: Row[] = [
  api("users[].default", "laborant, second in the list", exec("edge", { command: "id -un" }), "laborant"),
  api("users[].default", "absent", exec("store", { command: "id -un" }), "laborant"),
  api("users[].name", "root is not listed", exec("store", { user: "root", command: "id -un" }), "root"),
  api("users[].welcome", "a text", exec("edge", { pty: true }), /^The app listens on port 8080\./m),
  api("users[].welcome", "starts with #!", exec("edge", { user: "root", pty: true }), /^computed: 42/m),
  inside(
    "edge",
    "users[].welcome",
    "is shown once",
    "ls /root/.welcome /home/laborant/.welcome 2>&1 | grep -c 'No such file'",
    "2",
  ),
  inner("users[].welcome", "'-'", "ls -A /root | grep -c welcome", "0"),
  inside(
    "edge",
    "trust between machines",
    "root and laborant, every machine",
    'for u in root laborant; do for m in store root@inner; do su $u -c "ssh -o BatchMode=yes $m hostname"; done; done',
    "store\ninner\nstore\ninner",
  ),
];
