import { Alert, Button, Container, Group, Paper, Stack, Text, Title } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useSearchParams } from "react-router";
import { Waiting } from "../app/frame.tsx";
import { labyard } from "../app/labyard.ts";
import { usePageTitle } from "../app/page-title.ts";
import { queries } from "../app/queries.ts";
import { momentWords } from "../app/rows.tsx";
import { ProblemAlert } from "../problem/problem-alert.tsx";
import "./approve-page.css";

/** Where a program that wants to act for a person sends that person. */
export function ApprovePage() {
  usePageTitle("Approve a program");
  const [search] = useSearchParams();
  const id = search.get("session") ?? "";
  const { data: me } = useQuery({ ...queries.me(), enabled: false });
  const session = useQuery({ queryKey: ["session", id], queryFn: () => labyard.getSession(id), retry: false });
  const approve = useMutation({ mutationFn: () => labyard.approveSession(id) });
  const deny = useMutation({ mutationFn: () => labyard.denySession(id) });
  const isApproved = approve.isSuccess || session.data?.authenticated === true;
  const error = approve.error ?? deny.error;
  return (
    <Container size={560} py="xl">
      <Title order={1} size="h2" mb="md">
        A program asks to act for you
      </Title>
      {session.isPending && <Waiting />}
      {session.error !== null && <ProblemAlert error={session.error} />}
      {session.data !== undefined && (
        <Paper withBorder p="lg">
          <Stack>
            <dl className="approve-facts">
              <dt>It calls itself</dt>
              <dd className="breakable">{session.data.userAgent || "nothing"}</dd>
              <dt>It asked from</dt>
              <dd className="breakable">{session.data.address ?? "an unknown address"}</dd>
              <dt>It asked at</dt>
              <dd>{momentWords(session.data.createdAt)}</dd>
              <dt>It would act for</dt>
              <dd className="breakable">{me?.name ?? "you"}</dd>
            </dl>
            {error !== null && <ProblemAlert error={error} />}
            {isApproved ? (
              <Alert role="status">The program is logged in. You can close this page.</Alert>
            ) : deny.isSuccess ? (
              <Alert role="status">The program was turned away. You can close this page.</Alert>
            ) : (
              <>
                <Text>
                  It will be able to do everything that you can do here. Approve it only if you have just started it
                  yourself.
                </Text>
                <Group>
                  <Button loading={approve.isPending} onClick={() => approve.mutate()}>
                    Approve
                  </Button>
                  <Button variant="default" loading={deny.isPending} onClick={() => deny.mutate()}>
                    Deny
                  </Button>
                </Group>
              </>
            )}
          </Stack>
        </Paper>
      )}
    </Container>
  );
}
