import { Anchor, Container, Paper, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { Link, useParams } from "react-router";
import type { PlaygroundJson } from "../../../src/api/contract/playgrounds.ts";
import { Waiting } from "../app/frame.tsx";
import { usePageTitle } from "../app/page-title.ts";
import { contentFolder, paths } from "../app/paths.ts";
import { queries } from "../app/queries.ts";
import { ProblemAlert } from "../problem/problem-alert.tsx";
import { Cover } from "./cover.tsx";
import { MachineTable } from "./machine-table.tsx";
import { ManifestViewer } from "./manifest-viewer.tsx";
import { mayChange, originWord } from "./origin-words.ts";
import { OwnerTools } from "./owner-tools.tsx";
import { Categories } from "./playground-card.tsx";
import { StartForm } from "./start-form.tsx";

const Markdown = lazy(async () => ({ default: (await import("../markdown/markdown.tsx")).Markdown }));

/** One playground: what it is, what it is made of, and what a start wants to know. */
export function PlaygroundPage() {
  const { name = "" } = useParams();
  const playground = useQuery(queries.playground(name));
  usePageTitle(playground.data?.title || name);
  return (
    <Container size="sm" py="lg">
      <Anchor component={Link} to={paths.catalog()} size="sm">
        All playgrounds
      </Anchor>
      {playground.isPending && <Waiting />}
      {playground.error !== null && (
        <>
          <Title order={1} size="h2" my="md">
            This playground cannot be shown
          </Title>
          <ProblemAlert error={playground.error} />
        </>
      )}
      {playground.data !== undefined && <Details playground={playground.data} />}
    </Container>
  );
}

function Details({ playground }: { playground: PlaygroundJson }) {
  const { name, owner, base, title, description, categories, cover, markdown, machines = [], userAccess } = playground;
  const me = useQuery(queries.me());
  return (
    <Stack mt="xs">
      <Cover src={cover} />
      <Title order={1} size="h2" className="breakable">
        {title || name}
      </Title>
      {description !== "" && <Text className="breakable">{description}</Text>}
      <Text size="sm" c="dimmed" className="breakable">
        {originWord(owner, me.data)} · {name}
        {base === "" ? "" : ` · made from ${base}`}
      </Text>
      <Categories categories={categories} />
      <Paper withBorder p="md">
        <StartForm playground={playground} />
      </Paper>
      {machines.length > 0 && <MachineTable machines={machines} />}
      {markdown !== undefined && markdown !== "" && (
        <Suspense fallback={<Waiting />}>
          <Markdown text={markdown} files={contentFolder(name)} />
        </Suspense>
      )}
      {userAccess.canRead && <ManifestViewer name={name} />}
      {mayChange(owner, me.data) && <OwnerTools name={name} />}
    </Stack>
  );
}
