import { Button, Text } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate } from "react-router";
import { labyard } from "./labyard.ts";
import { paths } from "./paths.ts";
import { queries, queryClient } from "./queries.ts";

/** Who is logged in, and the way out. */
export function AccountMenu() {
  const { data: me } = useQuery({ ...queries.me(), enabled: false });
  const navigate = useNavigate();
  const logout = useMutation({
    mutationFn: () => labyard.logout(),
    onSuccess: () => {
      queryClient.clear();
      void navigate(paths.login());
    },
  });
  if (!me) return null;
  return (
    <>
      <Text size="sm" c="dimmed" maw={160} truncate title={me.name}>
        {me.name}
      </Text>
      <Button variant="default" size="xs" h={34} loading={logout.isPending} onClick={() => logout.mutate()}>
        Log out
      </Button>
    </>
  );
}
