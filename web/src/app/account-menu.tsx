import { Button } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate } from "react-router";
import { labyard } from "./labyard.ts";
import { paths } from "./paths.ts";
import { queries, queryClient } from "./queries.ts";

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
    <Button variant="default" size="sm" loading={logout.isPending} onClick={() => logout.mutate()}>
      Log out {me.name}
    </Button>
  );
}
