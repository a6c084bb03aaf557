import { Anchor, Container, Text, Title } from "@mantine/core";
import { Link } from "react-router";
import { usePageTitle } from "./page-title.ts";
import { paths } from "./paths.ts";

export function NotFoundPage() {
  usePageTitle("Not found");
  return (
    <Container size="sm" py="xl">
      <Title order={1}>There is no such page</Title>
      <Text mt="md">
        The address may have been mistyped.{" "}
        <Anchor component={Link} to={paths.catalog()}>
          Go to the catalog
        </Anchor>
      </Text>
    </Container>
  );
}
