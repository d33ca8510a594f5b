// News: one event stream makes what it names stale, and whatever is on the screen is read anew.

import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { Change } from "./client";

/** How many of the newest changes a page remembers. */
const REMEMBERED = 200;
/** Events come in bursts, one for each object; pages are read anew once a burst. */
const BURST_MS = 120;

export type Line = "connecting" | "live" | "lost";

export interface News {
  line: Line;
  revision: number;
  changes: Change[];
}

/** Which lists are stale after a change to an object of `kind`: names and memberships travel. */
const TOUCHES: Record<string, string[]> = {
  projects: ["projects", "hosts"],
  networks: ["networks", "ports", "routers"],
  subnets: ["networks", "subnets"],
  ports: ["ports", "groups"],
  groups: ["groups", "ports", "policies"],
  hosts: ["hosts"],
};

/** Follow the change feed for as long as the page is open. */
export function useNews(): News {
  const client = useQueryClient();
  const [news, setNews] = useState<News>({ line: "connecting", revision: 0, changes: [] });
  useEffect(() => {
    const stream = new EventSource("/api/v1/changes");
    const stale = new Set<string>();
    let timer: number | undefined;
    const mark = (keys: string[]) => {
      for (const key of keys) stale.add(key);
      timer ??= window.setTimeout(() => {
        timer = undefined;
        refresh(client, stale);
      }, BURST_MS);
    };
    stream.onopen = () => {
      setNews((old) => ({ ...old, line: "live" }));
      mark(ALL);
    };
    stream.onerror = () => setNews((old) => ({ ...old, line: "lost" }));
    stream.addEventListener("change", (event) => {
      const change = JSON.parse((event as MessageEvent<string>).data) as Change;
      mark(["plan", "invariants", ...(TOUCHES[change.kind] ?? [change.kind])]);
      setNews((old) => ({
        line: "live",
        revision: Math.max(old.revision, change.revision),
        changes: [change, ...old.changes].slice(0, REMEMBERED),
      }));
    });
    stream.addEventListener("status", () => mark(["ports", "hosts"]));
    return () => {
      window.clearTimeout(timer);
      stream.close();
    };
  }, [client]);
  return news;
}

const ALL = [
  "routers",
  "projects",
  "networks",
  "ports",
  "groups",
  "policies",
  "qos-policies",
  "hosts",
  "address-groups",
  "attach-rules",
  "invariants",
  "plan",
];

function refresh(client: QueryClient, stale: Set<string>): void {
  for (const key of stale) void client.invalidateQueries({ queryKey: [key] });
  stale.clear();
}
