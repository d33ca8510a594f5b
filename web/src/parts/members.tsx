// Who is in a group, by name: the first ones, and how many more. Live.

import { queryOptions, skipToken, useQuery } from "@tanstack/react-query";
import { api, body, type Group } from "../api/client";

const NAMED = 6;

const membersQuery = (group: string | undefined) =>
  queryOptions({
    // Under the ports: what becomes of them is news of their groups.
    queryKey: ["ports", "of group", group],
    queryFn:
      group === undefined
        ? skipToken
        : async () => {
            const params = { path: { reference: group }, query: { limit: NAMED } };
            return (await body(api.GET("/api/v1/groups/{reference}/ports", { params }))).items;
          },
    retry: false,
  });

export function Members({ group }: { group: Group | undefined }) {
  const found = useQuery(membersQuery(group?.id)).data;
  if (group === undefined || found === undefined) return null;
  const more = group.members.length - found.length;
  if (found.length === 0) return <>nobody is in it now</>;
  return (
    <>
      {found.map((port) => port.name).join(", ")}
      {more > 0 && ` and ${more} more`}
    </>
  );
}
