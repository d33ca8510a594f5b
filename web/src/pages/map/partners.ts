// Who may reach what is selected, and whom it may reach, as marks on the map. Pure but for the hook.

import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Port } from "../../api/client";
import { reachQuery, type Side } from "../../parts/reach";

/** How an endpoint and what is selected reach each other. */
export type Partner = "both ways" | "reaches it" | "it reaches";

/** By the id of an endpoint; undefined while nothing is selected, or it is not known yet. */
export type Partners = ReadonlyMap<string, Partner> | undefined;

/** The partners of a port or a group, anew when anything changes. */
export function usePartners(side: Side | undefined, project: string): Partners {
  const to = useQuery({ ...reachQuery("source", side ?? NOBODY, project), enabled: side !== undefined });
  const from = useQuery({
    ...reachQuery("destination", side ?? NOBODY, project),
    enabled: side !== undefined,
  });
  const destinations = to.data?.partners?.destinations;
  const sources = from.data?.partners?.sources;
  return useMemo(
    () => (destinations && sources ? partners(sources, destinations) : undefined),
    [sources, destinations],
  );
}

const NOBODY: Side = { port: "" };

/** The partners of one, from all that may reach it and all that it may reach. */
export function partners(sources: string[], destinations: string[]): ReadonlyMap<string, Partner> {
  const found = new Map<string, Partner>(sources.map((id) => [id, "reaches it"]));
  for (const id of destinations) found.set(id, found.has(id) ? "both ways" : "it reaches");
  return found;
}

/** As in: 12 reach it, it reaches 10. */
export function countWords(ports: Port[], known: ReadonlyMap<string, Partner>): string {
  const ways = ports.map((port) => known.get(port.id));
  const to = ways.filter((way) => way === "both ways" || way === "reaches it").length;
  const from = ways.filter((way) => way === "both ways" || way === "it reaches").length;
  return `${to || "none"} may reach it, it may reach ${from || "none"}`;
}
