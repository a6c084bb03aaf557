import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "react-router";
import { labyard } from "../app/labyard.ts";
import { paths } from "../app/paths.ts";
import { queries, queryClient } from "../app/queries.ts";

/** Starts a playground with the chosen values and goes to the play's page. */
export function useStart(name: string) {
  const navigate = useNavigate();
  return useMutation({
    mutationFn: (initConditions: Record<string, string>) => labyard.createPlay({ playground: name, initConditions }),
    onSuccess: play => {
      queryClient.setQueryData(queries.play(play.id).queryKey, play);
      void queryClient.invalidateQueries({ queryKey: queries.plays().queryKey });
      void navigate(paths.play(play.id));
    },
  });
}
