// A port's state, in colour and in words.

import type { Port } from "../api/client";
import { Icon } from "./icons";

export function State({ port }: { port: Port }) {
  return (
    <span className={`state ${port.status.state}`} title={port.status.reason || undefined}>
      {port.status.state}
      {port.quarantined && " (quarantined)"}
    </span>
  );
}

const KINDS = { container: "container", vm: "VM", baremetal: "bare metal" } as const;

/** What the port is, as icon and word. */
export function Kind({ kind }: { kind: Port["kind"] }) {
  return (
    <span className="kind">
      <Icon name={kind} /> {KINDS[kind]}
    </span>
  );
}

export const addressesOf = (port: Port) => port.fixed_ips.map((fixed) => fixed.address).join(", ");

/** A set of labels, as Docker and libvirt write them. */
export function Labels({ labels }: { labels: Record<string, string> }) {
  const entries = Object.entries(labels).sort(([a], [b]) => a.localeCompare(b));
  if (entries.length === 0) return <span className="quiet">none</span>;
  return (
    <ul className="labels">
      {entries.map(([key, value]) => (
        <li key={key}>
          <code>
            {key}={value}
          </code>
        </li>
      ))}
    </ul>
  );
}
