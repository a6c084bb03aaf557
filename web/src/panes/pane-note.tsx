import { Text } from "@mantine/core";
import type { ReactNode } from "react";

/** What a pane says instead of showing something. */
export function PaneNote({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="pane">
      <div className="pane-note">
        <Text fw={600} mb={4}>
          {title}
        </Text>
        {children}
      </div>
    </div>
  );
}
