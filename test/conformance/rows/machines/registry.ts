import { inside, type Row } from "../../row.ts";
import { inner } from "./questions.ts";

/** The status of each request, in one process: what takes long in an emulated machine is to start curl. */
const statuses = (...options: string[]) =>
  `curl ${options.map(option => `-sS -o /dev/null -w '%{http_code} ' ${option} https://registry.iximiuz.com/v2/`).join(" --next ")}`;

export const registry: Row[] = [
  inside(
    "edge",
    "registryAuth",
    "someone:se:cret",
    statuses("", "-u someone:se:cret", "-u someone:wrong", "-u else:se:cret"),
    "401 200 401 401",
  ),
  inner("registryAuth", "a machine with private networks only", statuses("-u someone:se:cret"), "200"),
];

export const openRegistry: Row = inside("one", "registryAuth", "absent", statuses(""), "200");
