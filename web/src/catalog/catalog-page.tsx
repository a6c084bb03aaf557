import { Code, Container, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { PlaygroundJson } from "../../../src/api/contract/playgrounds.ts";
import { Waiting } from "../app/frame.tsx";
import { usePageTitle } from "../app/page-title.ts";
import { queries } from "../app/queries.ts";
import { ProblemAlert } from "../problem/problem-alert.tsx";
import { PlayList } from "./play-list.tsx";
import { PlaygroundCard } from "./playground-card.tsx";

/** What runs, and what can be started. */
export function CatalogPage() {
  usePageTitle("Playgrounds");
  const plays = useQuery(queries.plays());
  const mine = useQuery(queries.playgrounds("my-custom"));
  const builtIn = useQuery(queries.playgrounds());
  return (
    <Container size="lg" py="lg">
      <Stack gap={32}>
        <Title order={1} size="h2">
          Playgrounds
        </Title>
        <Section title="Your plays" id="plays">
          <Loaded query={plays}>{list => <PlayList plays={list} />}</Loaded>
        </Section>
        <Section title="Your playgrounds" id="mine">
          <Loaded query={mine}>
            {list => (
              <Cards
                playgrounds={list}
                empty={
                  <Text c="dimmed">
                    None yet. Write a manifest and run{" "}
                    <Code>labyard playground create my-lab --base flexbox -f my-lab.yaml</Code>; it appears here.
                  </Text>
                }
              />
            )}
          </Loaded>
        </Section>
        <Section title="Built in" id="built-in">
          <Loaded query={builtIn}>
            {list => <Cards playgrounds={list} empty={<Text c="dimmed">This server came without any.</Text>} />}
          </Loaded>
        </Section>
      </Stack>
    </Container>
  );
}

function Section({ title, id, children }: { title: string; id: string; children: ReactNode }) {
  return (
    <section aria-labelledby={`${id}-title`}>
      <Title order={2} size="h4" mb="sm" id={`${id}-title`}>
        {title}
      </Title>
      {children}
    </section>
  );
}

function Loaded<T>({ query, children }: { query: UseQueryResult<T>; children: (data: T) => ReactNode }) {
  if (query.data !== undefined) return children(query.data);
  if (query.error !== null) return <ProblemAlert error={query.error} onRetry={() => void query.refetch()} />;
  return <Waiting />;
}

function Cards({ playgrounds, empty }: { playgrounds: PlaygroundJson[]; empty: ReactNode }) {
  if (playgrounds.length === 0) return empty;
  return (
    <SimpleGrid cols={{ base: 1, sm: 2, md: 3 }}>
      {playgrounds.map(playground => (
        <PlaygroundCard key={playground.name} playground={playground} />
      ))}
    </SimpleGrid>
  );
}
