// Beside the map: the endpoint that is selected, in short; the page of its own tells everything.

import { Link } from "wouter";
import type { Group, Port } from "../../api/client";
import { Ask } from "../../parts/ask";
import { Icon } from "../../parts/icons";
import { Reach } from "../../parts/reach";
import { addressesOf, Kind, Labels, State } from "../../parts/state";

interface PanelProps {
  port: Port;
  /** The second of two that are selected. */
  other: Port | undefined;
  onClose: () => void;
}

export function PortPanel({ port, other, onClose }: PanelProps) {
  return (
    <aside aria-label={`Endpoint ${port.name}`}>
      <header>
        <h2>{port.name}</h2>
        <button type="button" className="plain" aria-label="Close" onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <p>
        <Kind kind={port.kind} /> <State port={port} />
      </p>
      {port.status.reason !== "" && <p className="bad">{port.status.reason}</p>}
      <dl>
        <dt>Address</dt>
        <dd>
          <code>{addressesOf(port)}</code>
        </dd>
        <dt>MAC</dt>
        <dd>
          <code>{port.mac}</code>
        </dd>
        <dt>Network</dt>
        <dd>{port.network}</dd>
        <dt>Host</dt>
        <dd>{port.host ?? "none yet"}</dd>
        <dt>Groups</dt>
        <dd>{port.groups.join(", ") || "none"}</dd>
        {port.workload !== null && (
          <>
            <dt>Workload</dt>
            <dd>
              {port.workload.name} {port.workload.image}
            </dd>
          </>
        )}
      </dl>
      <Ask key={`${port.id} ${other?.id}`} port={port} other={other} />
      <Reach side={{ port: port.id }} project={port.project} />
      <h3>Labels</h3>
      <Labels labels={port.labels} />
      <p>
        <Link href={`/endpoints/${port.id}`}>Every network and policy detail</Link>
      </p>
    </aside>
  );
}

/** The group that the search names, as one. */
export function GroupPanel({ group }: { group: Group }) {
  return (
    <aside aria-label={`Group ${group.name}`}>
      <h2>group {group.name}</h2>
      <p>
        {group.members.length} {group.members.length === 1 ? "endpoint" : "endpoints"}
        {group.selector !== null && (
          <>
            {" "}
            by <code>{group.selector}</code>
          </>
        )}
      </p>
      <Reach side={{ group: group.id }} project={group.project} />
    </aside>
  );
}
