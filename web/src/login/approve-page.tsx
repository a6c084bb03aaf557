import { Alert, Button, Container, Paper, Stack, Text, Title } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useSearchParams } from "react-router";
import { Waiting } from "../app/frame.tsx";
import { labyard } from "../app/labyard.ts";
import { usePageTitle } from "../app/page-title.ts";
import { ProblemAlert } from "../problem/problem-alert.tsx";

/** Where a program that wants to act for a person sends that person. */
export function ApprovePage() {
  usePageTitle("Approve a program");
  const [search] = useSearchParams();
  const id = search.get("session") ?? "";
  const session = useQuery({ queryKey: ["session", id], queryFn: () => labyard.getSession(id) });
  const approve = useMutation({ mutationFn: () => labyard.approveSession(id) });
  const approved = approve.data ?? (session.data?.authenticated === true ? session.data : undefined);
  return (
    <Container size={520} py="xl">
      <Title order={1} size="h2" mb="md">
        A program asks to act for you
      </Title>
      {session.isPending && <Waiting />}
      {session.error !== null && <ProblemAlert error={session.error} />}
      {session.data !== undefined && (
        <Paper withBorder p="lg">
          <Stack>
            <Text className="breakable">
              It calls itself <strong>{session.data.userAgent || "nothing"}</strong> and asked at{" "}
              {new Date(session.data.createdAt).toLocaleTimeString()}.
            </Text>
            {approve.error !== null && <ProblemAlert error={approve.error} />}
            {approved === undefined ? (
              <>
                <Text>
                  It will be able to do everything that you can do here. Approve it only if you have just started it
                  yourself; otherwise close this page.
                </Text>
                <Button loading={approve.isPending} onClick={() => approve.mutate()}>
                  Approve
                </Button>
              </>
            ) : (
              <Alert role="status">The program is logged in. You can close this page.</Alert>
            )}
          </Stack>
        </Paper>
      )}
    </Container>
  );
}
