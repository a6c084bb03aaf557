import { Button, Code, Group, SimpleGrid, Stack, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";
import { useSearchParams } from "react-router";
import type { PlaygroundJson } from "../../../src/api/contract/playgrounds.ts";
import { queries } from "../app/queries.ts";
import { categoriesOf, isView, matchesSearch, type View, views } from "./catalogue-view.ts";
import { Loaded } from "./loaded.tsx";
import { PlaygroundCard } from "./playground-card.tsx";

/** The catalogue: one part of it, narrowed by category and words. What is chosen stands in the address. */
export function PlaygroundBrowser() {
  const [choice, setChoice] = useSearchParams();
  const chosen = choice.get("show");
  const view: View = isView(chosen) ? chosen : "all";
  const category = choice.get("category") ?? "";
  const search = choice.get("q") ?? "";
  const list = useQuery(queries.catalogue(view));

  const choose = (change: Record<string, string>) => {
    // The rendered choice lags behind the address while the page is busy: two quick changes would lose the first.
    const next = new URLSearchParams(window.location.search);
    for (const [key, value] of Object.entries(change)) {
      if (value === "") next.delete(key);
      else next.set(key, value);
    }
    setChoice(next, { replace: true });
  };
  // Typed characters must not wait for the address either. A link that leads here with other words is followed.
  const [words, setWords] = useState(search);
  useEffect(() => setWords(new URLSearchParams(window.location.search).get("q") ?? ""), [search]);
  return (
    <Stack>
      <Group justify="space-between" align="flex-start">
        <Choices
          label="Show"
          options={Object.entries(views)}
          chosen={view}
          onChoose={key => choose({ show: key === "all" ? "" : key, category: "" })}
        />
        <TextInput
          type="search"
          aria-label="Search playgrounds"
          placeholder="Search"
          value={words}
          maxLength={100}
          onChange={event => {
            setWords(event.currentTarget.value);
            choose({ q: event.currentTarget.value });
          }}
        />
      </Group>
      <Loaded query={list}>
        {playgrounds => {
          const categories = categoriesOf(playgrounds);
          const shown = playgrounds
            .filter(playground => category === "" || playground.categories.includes(category))
            .filter(playground => matchesSearch(playground, search));
          return (
            <>
              {(categories.length > 1 || category !== "") && (
                <Choices
                  label="Category"
                  options={[["", "Any category"], ...categories.map(each => [each, each] as [string, string])]}
                  chosen={category}
                  onChoose={key => choose({ category: key })}
                />
              )}
              <Text size="sm" c="dimmed" role="status">
                {shown.length === 1 ? "1 playground" : `${shown.length} playgrounds`}
              </Text>
              {playgrounds.length === 0 ? emptyWords[view] : <Cards playgrounds={shown} />}
            </>
          );
        }}
      </Loaded>
    </Stack>
  );
}

interface ChoicesProps {
  label: string;
  options: ReadonlyArray<readonly [string, string]>;
  chosen: string;
  onChoose: (key: string) => void;
}

function Choices({ label, options, chosen, onChoose }: ChoicesProps) {
  return (
    <Group gap={6} role="group" aria-label={label}>
      {options.map(([key, text]) => (
        <Button
          key={key}
          size="compact-sm"
          radius="xl"
          variant={key === chosen ? "filled" : "default"}
          aria-pressed={key === chosen}
          onClick={() => onChoose(key)}
        >
          {text}
        </Button>
      ))}
    </Group>
  );
}

function Cards({ playgrounds }: { playgrounds: PlaygroundJson[] }) {
  if (playgrounds.length === 0) return <Text c="dimmed">Nothing here matches.</Text>;
  return (
    <SimpleGrid cols={{ base: 1, sm: 2, md: 3 }}>
      {playgrounds.map(playground => (
        <PlaygroundCard key={playground.name} playground={playground} />
      ))}
    </SimpleGrid>
  );
}

const emptyWords: Record<View, ReactNode> = {
  all: <Text c="dimmed">There are no playgrounds that you may see.</Text>,
  mine: (
    <Text c="dimmed">
      None yet. Write a manifest and run <Code>labyard playground create my-lab --base flexbox -f my-lab.yaml</Code>; it
      appears here.
    </Text>
  ),
  base: <Text c="dimmed">This server came without any.</Text>,
  community: <Text c="dimmed">Nobody else has shared a playground with you.</Text>,
  recent: <Text c="dimmed">You have not started any yet.</Text>,
  popular: <Text c="dimmed">Nothing has been started yet.</Text>,
};
