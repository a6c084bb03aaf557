import { Text } from "@mantine/core";
import type { ReactNode } from "react";
import "./rows.css";

/** Things below each other, each with what can be done to it. */
export function Rows({ label, children }: { label: string; children: ReactNode }) {
  return (
    <ul className="plain-list rows" aria-label={label}>
      {children}
    </ul>
  );
}

interface RowProps {
  title: ReactNode;
  details: ReactNode;
  /** Buttons. */
  children?: ReactNode;
}

export function Row({ title, details, children }: RowProps) {
  return (
    <li>
      <div className="rows-what">
        <Text fw={600} component="div" className="breakable">
          {title}
        </Text>
        <Text size="sm" c="dimmed" component="div" className="breakable">
          {details}
        </Text>
      </div>
      {children}
    </li>
  );
}

/** A moment in the reader's own words. */
export const momentWords = (at: string) => new Date(at).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
