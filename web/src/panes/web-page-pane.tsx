import { Anchor, Text } from "@mantine/core";
import type { PlayTab } from "../../../src/api/contract/plays.ts";
import { OpenIcon } from "../app/icons.tsx";
import { PaneNote } from "./pane-note.tsx";

/** A page of somebody else: without access to anything of ours, and with the host's name in sight. */
export function WebPagePane({ tab }: { tab: PlayTab }) {
  const url = tab.url !== undefined && URL.canParse(tab.url) ? new URL(tab.url) : undefined;
  if (url === undefined || !["https:", "http:"].includes(url.protocol)) {
    return <PaneNote title="The address of this tab cannot be opened" />;
  }
  const link = (
    <Anchor href={url.href} target="_blank" rel="noopener noreferrer" size="sm" className="icon-link">
      Open in a new window <OpenIcon />
    </Anchor>
  );
  if (url.protocol === "http:") {
    return <PaneNote title={`${url.host} does not use https, so it is not shown inside this page`}>{link}</PaneNote>;
  }
  return (
    <div className="pane">
      <div className="pane-bar">
        <Text size="sm" className="pane-bar-text">
          {url.host}
          <Text span c="dimmed" size="sm">
            {" "}
            · stays empty if the site does not allow to be shown here
          </Text>
        </Text>
        {link}
      </div>
      <iframe
        className="pane-frame"
        title={tab.name}
        src={url.href}
        sandbox="allow-scripts allow-forms allow-popups allow-popups-to-escape-sandbox"
        referrerPolicy="no-referrer"
      />
    </div>
  );
}
