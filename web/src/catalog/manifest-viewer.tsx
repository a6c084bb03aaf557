import { Button, Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { queries } from "../app/queries.ts";
import { Loaded } from "./loaded.tsx";
import "./manifest-viewer.css";

/** The manifest as the command line dumps it, fetched when somebody wants to see it. */
export function ManifestViewer({ name }: { name: string }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details className="manifest" onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>Manifest</summary>
      {isOpen && <ManifestText name={name} />}
    </details>
  );
}

function ManifestText({ name }: { name: string }) {
  const manifest = useQuery(queries.manifest(name));
  const [copied, setCopied] = useState("");
  return (
    <Loaded query={manifest}>
      {text => (
        <Stack gap="xs" mt="xs">
          <Group>
            <Button
              variant="default"
              size="xs"
              onClick={() =>
                void copy(text).then(
                  () => setCopied("Copied"),
                  () => setCopied("The browser did not allow it: select the text and copy it yourself"),
                )
              }
            >
              Copy
            </Button>
            <Text size="sm" c="dimmed" role="status">
              {copied}
            </Text>
          </Group>
          <pre className="output manifest-text" tabIndex={0} aria-label="Manifest as YAML">
            {text}
          </pre>
        </Stack>
      )}
    </Loaded>
  );
}

/** Over plain http from another machine there is no clipboard; then this rejects. */
async function copy(text: string): Promise<void> {
  await navigator.clipboard.writeText(text);
}
