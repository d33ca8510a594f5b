// News: one event stream makes what it names stale, and whatever is on the screen is read anew.

import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { Change } from "./client";
import { FEW, held, MANY, reread } from "./reread";

/** How many of the newest changes a page remembers. */
const REMEMBERED = 200;
/** Events come in bursts, one for each object; pages are read anew once a burst. */
const BURST_MS = 120;

/** Where there are many ports, all of them are read anew for their states no more often than this. */
const PACE_MS = 10_000;

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
  ports: ["groups"],
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
    const ports = new Set<string>();
    let recent: string[] = [];
    let timer: number | undefined;
    let later: number | undefined;
    let opened = false;
    const soon = () => {
      timer ??= window.setTimeout(() => {
        timer = undefined;
        refresh(client, stale, ports);
      }, BURST_MS);
    };
    const mark = (keys: string[]) => {
      for (const key of keys) stale.add(key);
      soon();
    };
    stream.onopen = () => {
      setNews((old) => ({ ...old, line: "live" }));
      mark(opened ? ALL : HEADER); // pages wait for the first opening: they have read nothing yet
      opened = true;
    };
    stream.onerror = () => setNews((old) => ({ ...old, line: "lost" }));
    stream.addEventListener("change", (event) => {
      const change = JSON.parse((event as MessageEvent<string>).data) as Change;
      if (change.kind === "ports") {
        ports.add(change.id);
        recent = [change.id, ...recent.filter((id) => id !== change.id)].slice(0, FEW);
      }
      mark([...FOLLOWING, ...(TOUCHES[change.kind] ?? [change.kind])]);
      setNews((old) => ({
        line: "live",
        revision: Math.max(old.revision, change.revision),
        changes: [change, ...old.changes].slice(0, REMEMBERED),
      }));
    });
    // The hint does not say which ports: where there are many, those that changed last are looked at first.
    stream.addEventListener("status", () => {
      if (held(client) <= MANY) return mark(["ports", "hosts"]);
      for (const id of recent) ports.add(id);
      later ??= window.setTimeout(() => {
        later = undefined;
        mark(["ports"]);
      }, PACE_MS);
      mark(["hosts"]);
    });
    return () => {
      window.clearTimeout(timer);
      window.clearTimeout(later);
      stream.close();
    };
  }, [client]);
  return news;
}

/** What follows from the whole model: any news makes it stale. */
const FOLLOWING = ["plan", "invariants", "reach", "revisions", "effective"];

/** What is read before the line stands. */
const HEADER = ["projects"];

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
  ...FOLLOWING,
];

function refresh(client: QueryClient, stale: Set<string>, ports: Set<string>): void {
  if (!stale.has("ports")) void reread(client, [...ports]);
  for (const key of stale) void client.invalidateQueries({ queryKey: [key] });
  stale.clear();
  ports.clear();
}
