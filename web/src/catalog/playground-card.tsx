import { Anchor, Badge, Button, Card, Group, Stack, Text, Title } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "react-router";
import type { PlaygroundJson } from "../../../src/api/contract/playgrounds.ts";
import { paths } from "../app/paths.ts";
import { queries, queryClient } from "../app/queries.ts";
import { ProblemAlert } from "../problem/problem-alert.tsx";
import { Cover } from "./cover.tsx";
import { originWord } from "./origin-words.ts";
import { useStart } from "./use-start.ts";

export function PlaygroundCard({ playground }: { playground: PlaygroundJson }) {
  const { name, title, description, categories, cover, owner, userAccess } = playground;
  const me = useQuery(queries.me());
  const navigate = useNavigate();
  const start = useStart(name);
  /** A list does not tell what a start would ask for. */
  const begin = useMutation({
    mutationFn: async () => {
      const { initConditions } = await queryClient.fetchQuery(queries.playground(name));
      if ((initConditions?.values ?? []).length > 0) await navigate(paths.playground(name));
      else await start.mutateAsync({});
    },
  });
  return (
    <Card withBorder padding="md" component="article">
      <Stack gap="xs" h="100%">
        <Cover src={cover} />
        <Title order={3} size="h5" className="breakable">
          <Anchor component={Link} to={paths.playground(name)} inherit>
            {title || name}
          </Anchor>
        </Title>
        <Text size="sm" c="dimmed" className="breakable" flex={1} lineClamp={4}>
          {description || "No description."}
        </Text>
        <Text size="xs" c="dimmed">
          {originWord(owner, me.data)}
        </Text>
        <Categories categories={categories} />
        {begin.error !== null && <ProblemAlert error={begin.error} />}
        <Button
          mt={4}
          size="sm"
          loading={begin.isPending}
          disabled={!userAccess.canStart}
          onClick={() => begin.mutate()}
          aria-label={`${userAccess.canStart ? "Start" : "You may not start"} ${title || name}`}
        >
          {userAccess.canStart ? "Start" : "You may not start this"}
        </Button>
      </Stack>
    </Card>
  );
}

export function Categories({ categories }: { categories: string[] }) {
  if (categories.length === 0) return null;
  return (
    <Group gap={6} component="ul" className="plain-list" aria-label="Categories">
      {categories.map(category => (
        <li key={category}>
          <Badge variant="default" radius="sm" tt="none" fw={500}>
            {category}
          </Badge>
        </li>
      ))}
    </Group>
  );
}
