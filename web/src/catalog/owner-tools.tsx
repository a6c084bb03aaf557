import { Anchor, Button, Code, Group, Paper, Stack, Text, Title } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router";
import { Dialog } from "../app/dialog.tsx";
import { labyard } from "../app/labyard.ts";
import { contentFolder, paths } from "../app/paths.ts";
import { queries, queryClient } from "../app/queries.ts";
import { ProblemAlert } from "../problem/problem-alert.tsx";
import { Loaded } from "./loaded.tsx";

/** What only the owner sees of a playground: its files, how to change it, and the way to remove it. */
export function OwnerTools({ name }: { name: string }) {
  const files = useQuery(queries.contentFiles(name));
  return (
    <Paper withBorder p="md" component="section" aria-labelledby="owner-tools-title">
      <Stack gap="sm" align="flex-start">
        <Title order={2} size="h5" id="owner-tools-title">
          This playground is yours
        </Title>
        <Text size="sm">
          To change it, dump the manifest, edit it and run{" "}
          <Code>labyard playground update {name} -f manifest.yaml</Code>
        </Text>
        <Loaded query={files}>
          {list =>
            list.length === 0 ? null : (
              <div>
                <Text size="sm">Its files:</Text>
                <ul aria-label="Content files" className="plain-list">
                  {list.map(({ path }) => (
                    <li key={path}>
                      <Anchor
                        size="sm"
                        className="breakable"
                        href={contentFolder(name) + path.split("/").map(encodeURIComponent).join("/")}
                      >
                        {path}
                      </Anchor>
                    </li>
                  ))}
                </ul>
              </div>
            )
          }
        </Loaded>
        <DeleteButton name={name} />
      </Stack>
    </Paper>
  );
}

function DeleteButton({ name }: { name: string }) {
  const [isAsking, setAsking] = useState(false);
  const navigate = useNavigate();
  const remove = useMutation({
    mutationFn: () => labyard.deletePlayground(name),
    onSuccess: async () => {
      queryClient.removeQueries({ queryKey: queries.playground(name).queryKey });
      await queryClient.invalidateQueries({ queryKey: queries.catalogue("all").queryKey.slice(0, 1) });
      await navigate(paths.catalog());
    },
  });
  return (
    <>
      <Button variant="default" size="xs" onClick={() => setAsking(true)}>
        Delete this playground
      </Button>
      <Dialog opened={isAsking} onClose={() => setAsking(false)} title={`Delete ${name}?`}>
        <Stack>
          <Text>Its manifest and its files are removed. Plays that were started from it go on.</Text>
          {remove.error !== null && <ProblemAlert error={remove.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={() => setAsking(false)}>
              Cancel
            </Button>
            <Button data-autofocus color="red.9" loading={remove.isPending} onClick={() => remove.mutate()}>
              Delete
            </Button>
          </Group>
        </Stack>
      </Dialog>
    </>
  );
}
