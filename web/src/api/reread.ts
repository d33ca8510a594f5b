// A few ports of many are news: they are read one by one, and take their places in the lists that are held.

import type { QueryClient } from "@tanstack/react-query";
import { api, body, type Port, Problem } from "./client";

/** So many are read one by one; of more, the lists are read anew. */
export const FEW = 20;

/** Lists that are longer than this take so long to read that it is not done for a few. */
export const MANY = 1000;

/** Whether a query about ports is a list of them. */
export const isPortList = ({ queryKey }: { queryKey: readonly unknown[] }) => queryKey.length === 2;
const LISTS = { queryKey: ["ports"], predicate: isPortList };

/** How many ports the longest list has that a page holds. */
export function held(client: QueryClient): number {
  return Math.max(0, ...client.getQueriesData<Port[]>(LISTS).map(([, list]) => list?.length ?? 0));
}

/** Read what became of the ports `ids`, and put it where ports are shown. */
export async function reread(client: QueryClient, ids: string[]): Promise<void> {
  if (ids.length === 0) return;
  if (ids.length > FEW) return client.invalidateQueries({ queryKey: ["ports"] });
  try {
    const found = new Map(await Promise.all(ids.map(async (id) => [id, await read(id)] as const)));
    for (const [key, list] of client.getQueriesData<Port[]>(LISTS)) {
      const project = key[1] as string | undefined;
      if (list !== undefined) client.setQueryData(key, merged(list, found, project));
    }
  } catch {
    return client.invalidateQueries({ queryKey: ["ports"] });
  }
  // A list that is just being read may be of before the news: it is begun again.
  const others =
    client.isFetching(LISTS) > 0
      ? () => true
      : (query: { queryKey: readonly unknown[] }) => !isPortList(query);
  return client.invalidateQueries({ queryKey: ["ports"], predicate: others });
}

async function read(id: string): Promise<Port | null> {
  try {
    return await body(api.GET("/api/v1/ports/{reference}", { params: { path: { reference: id } } }));
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return null;
    throw error;
  }
}

/** `list`, in the server's order, with what was `found` of some ports; null are gone. */
export function merged(list: Port[], found: ReadonlyMap<string, Port | null>, project?: string): Port[] {
  const kept = list.filter((port) => !found.has(port.id));
  for (const port of found.values()) {
    if (port !== null && (project === undefined || project === port.project)) kept.push(port);
  }
  return kept.sort((a, b) => order(a.name, b.name) || order(a.id, b.id));
}

const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
