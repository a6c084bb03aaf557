import { Container } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Navigate, Outlet, useLocation } from "react-router";
import { ProblemAlert } from "../problem/problem-alert.tsx";
import { Waiting } from "./frame.tsx";
import { paths } from "./paths.ts";
import { queries } from "./queries.ts";

/** Pages below it are shown to people who are logged in; others are led to the login and back. */
export function RequireLogin() {
  const me = useQuery(queries.me());
  const { pathname, search } = useLocation();
  if (me.data === undefined) {
    if (me.error === null) return <Waiting />;
    return (
      <Container size="sm" py="xl">
        <ProblemAlert error={me.error} onRetry={() => void me.refetch()} />
      </Container>
    );
  }
  if (me.data === null) return <Navigate to={paths.login(`${pathname}${search}`)} replace />;
  return <Outlet />;
}
