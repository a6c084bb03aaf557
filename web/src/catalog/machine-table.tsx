import { Code, Paper, Text } from "@mantine/core";
import type { PlaygroundJson } from "../../../src/api/contract/playgrounds.ts";
import "./machine-table.css";

type Machine = NonNullable<PlaygroundJson["machines"]>[number];

/** What a play consists of. Who may only start the playground sees names and sizes. */
export function MachineTable({ machines }: { machines: Machine[] }) {
  return (
    <Paper withBorder component="ul" className="plain-list machine-table" aria-label="Machines">
      {machines.map(machine => (
        <li key={machine.name}>
          <Text fw={600} className="breakable">
            {machine.name}
          </Text>
          <Text size="sm" c="dimmed" className="breakable">
            {detailsOf(machine).join(" · ")}
          </Text>
          {imagesOf(machine).map(image => (
            <Code key={image} className="breakable">
              {image}
            </Code>
          ))}
        </li>
      ))}
    </Paper>
  );
}

function detailsOf({ resources, network, users = [], noSSH }: Machine): string[] {
  const user = users.find(each => each.default) ?? users[0];
  return [
    resources?.cpuCount === undefined ? "" : `${resources.cpuCount} vCPU`,
    resources?.ramSize ?? "",
    (network?.interfaces ?? [])
      .map(({ network: name, address }) => [name, address].filter(Boolean).join(" "))
      .join(", "),
    user === undefined ? "" : `you are ${user.name}`,
    noSSH === true ? "no terminal" : "",
  ].filter(Boolean);
}

const imagesOf = ({ drives = [] }: Machine) => [...new Set(drives.flatMap(({ source }) => (source ? [source] : [])))];
