import { Anchor, Button } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "react-router";
import { labyard } from "./labyard.ts";
import { paths } from "./paths.ts";
import { queries, queryClient } from "./queries.ts";

/** Who is logged in, the pages about people, and the way out. */
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
      {me.administrator && (
        <Anchor component={Link} to={paths.people()} size="sm">
          People
        </Anchor>
      )}
      <Anchor
        component={Link}
        to={paths.account()}
        size="sm"
        maw={160}
        truncate
        title="Your account"
        aria-label={`Your account: ${me.name}`}
      >
        {me.name}
      </Anchor>
      <Button variant="default" size="xs" h={34} loading={logout.isPending} onClick={() => logout.mutate()}>
        Log out
      </Button>
    </>
  );
}
