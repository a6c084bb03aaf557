import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Waiting } from "../app/frame.tsx";
import { ProblemAlert } from "../problem/problem-alert.tsx";

/** What a question was answered with, or that it is being asked, or why there is no answer. */
export function Loaded<T>({ query, children }: { query: UseQueryResult<T>; children: (data: T) => ReactNode }) {
  if (query.data !== undefined) return children(query.data);
  if (query.error !== null) return <ProblemAlert error={query.error} onRetry={() => void query.refetch()} />;
  return <Waiting />;
}
