// What the state of an endpoint is and was: since when, for how long, and why.

import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, body, type Port } from "../api/client";

export const statesQuery = (port: string) =>
  queryOptions({
    // Under the ports: news of their states makes it stale.
    queryKey: ["ports", "states", port],
    queryFn: async () =>
      (await body(api.GET("/api/v1/ports/{reference}/states", { params: { path: { reference: port } } })))
        .items,
    retry: false,
  });

export function States({ port }: { port: Port }) {
  const { data: states, error } = useQuery(statesQuery(port.id));
  return (
    <section>
      <h2>State</h2>
      {error !== null && <p className="bad">{error.message}</p>}
      {states?.length === 0 && <p className="quiet">No host has told of it yet: down from the beginning.</p>}
      <ol className="states">
        {states?.map((one, place) => (
          <li key={one.since}>
            <span className={`state ${one.state}`}>{one.state}</span>{" "}
            {sinceWords(one.since, states[place - 1]?.since ?? null)}
            {one.host !== null && ` on ${one.host}`}
            {one.reason !== "" && <small>{one.reason}</small>}
          </li>
        ))}
      </ol>
    </section>
  );
}

/** As in: since 9:41:02, and of what is over: 9:40:00, for 62 s. */
export function sinceWords(since: string | null, until: string | null): string {
  if (since === null) return "from the beginning";
  const at = new Date(since).toLocaleString();
  if (until === null) return `since ${at}`;
  return `${at}, for ${spanWords((Date.parse(until) - Date.parse(since)) / 1000)}`;
}

/** As in: 4 s, 12 min, 3 h, 2 days. */
export function spanWords(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}
