import { Alert, Button, Code, Group, Text } from "@mantine/core";
import { useState } from "react";

/** Something that is shown once: it has to be taken along now. */
export function SecretBox({ title, secrets, note }: { title: string; secrets: Record<string, string>; note?: string }) {
  const [copied, setCopied] = useState("");
  return (
    <Alert role="status" variant="outline" title={title} styles={{ message: { color: "var(--mantine-color-text)" } }}>
      {Object.entries(secrets).map(([name, value]) => (
        <Group key={name} gap="xs" mb="xs" wrap="nowrap" align="center">
          <Code block className="breakable" style={{ flex: 1, whiteSpace: "pre-wrap" }} aria-label={name} role="group">
            {value}
          </Code>
          <Button
            size="xs"
            variant="default"
            onClick={() =>
              void navigator.clipboard.writeText(value).then(
                () => setCopied(name),
                // Without the permission the text can still be selected.
                () => setCopied(""),
              )
            }
          >
            {copied === name ? "Copied" : `Copy ${name}`}
          </Button>
        </Group>
      ))}
      {note !== undefined && <Text size="sm">{note}</Text>}
    </Alert>
  );
}
