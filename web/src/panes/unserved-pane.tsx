import { Code, Text } from "@mantine/core";
import type { PlayTab } from "../../../src/api/contract/plays.ts";
import { PaneNote } from "./pane-note.tsx";

const names = { ide: "browser IDE", kexp: "Kubernetes explorer" };

/** Kinds of tabs that manifests may have and this release does not serve. */
export function UnservedPane({ tab }: { tab: PlayTab }) {
  const name = tab.kind === "kexp" ? names.kexp : names.ide;
  return (
    <PaneNote title={`This release of Labyard has no ${name} yet`}>
      <Text c="dimmed">
        The tab is part of the manifest and will work once it has.
        {tab.machine !== undefined && (
          <>
            {" "}
            Until then, use a terminal tab or <Code>labyard ssh</Code> to reach {tab.machine}.
          </>
        )}
      </Text>
    </PaneNote>
  );
}
