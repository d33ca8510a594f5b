// One search over ports: words, and KEY:VALUE for what they have. It lives in the address, as bookmarks do.

import { useSearchParams } from "wouter";
import type { Port } from "../api/client";
import { Icon } from "./icons";

const FIELDS: Record<string, (port: Port) => string[]> = {
  host: (port) => [port.host ?? "none"],
  state: (port) => [port.status.state],
  kind: (port) => [port.kind],
  group: (port) => port.groups,
  network: (port) => [port.network],
  project: (port) => [port.project],
  label: (port) => Object.entries(port.labels).flatMap(([key, value]) => [key, `${key}=${value}`]),
};

/** Whether `port` matches every word: `web`, `192.168.200.2`, `group:web`, `state:up`, `label:app=web`. */
export function matches(port: Port, words: string): boolean {
  return words
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "")
    .every((word) => {
      const [field, ...rest] = word.split(":");
      const value = rest.join(":");
      const values = FIELDS[field ?? ""];
      if (values !== undefined && value !== "")
        return values(port).some((one) => one.toLowerCase() === value);
      return [
        port.name,
        port.mac,
        port.workload?.image ?? "",
        ...port.fixed_ips.map((ip) => ip.address),
      ].some((text) => text.toLowerCase().includes(word));
    });
}

export function PortFilter() {
  const [search, setSearch] = useSearchParams();
  return (
    <label className="search">
      <Icon name="search" />
      <span className="hidden">Filter endpoints</span>
      <input
        type="search"
        placeholder="name, address, group:web, host:h1, state:up, label:app=web"
        value={search.get("q") ?? ""}
        onChange={(event) =>
          setSearch(
            (old) => {
              const next = new URLSearchParams(old);
              if (event.target.value === "") next.delete("q");
              else next.set("q", event.target.value);
              return next;
            },
            { replace: true },
          )
        }
      />
    </label>
  );
}
