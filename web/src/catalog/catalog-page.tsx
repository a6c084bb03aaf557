import { Container, Stack, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { usePageTitle } from "../app/page-title.ts";
import { queries } from "../app/queries.ts";
import { Loaded } from "./loaded.tsx";
import { PlayList } from "./play-list.tsx";
import { PlaygroundBrowser } from "./playground-browser.tsx";

/** What runs, and what can be started. */
export function CatalogPage() {
  usePageTitle("Playgrounds");
  const plays = useQuery(queries.plays());
  return (
    <Container size="lg" py="lg">
      <Stack gap={32}>
        <Title order={1} size="h2">
          Playgrounds
        </Title>
        <Section title="Your plays" id="plays">
          <Loaded query={plays}>{list => <PlayList plays={list} />}</Loaded>
        </Section>
        <Section title="Catalogue" id="catalogue">
          <PlaygroundBrowser />
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
