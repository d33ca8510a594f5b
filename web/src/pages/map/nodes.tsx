// How a box and an endpoint look.

import { Handle, type NodeProps, Position } from "@xyflow/react";
import type { Port } from "../../api/client";
import { Icon } from "../../parts/icons";
import { publishedBriefly } from "../../parts/published";
import { addressesOf } from "../../parts/state";
import type { BoxNode, EndpointNode, OutsideNode, RegionNode, RouterNode } from "./kinds";
import { countWords } from "./partners";

const STATES = ["up", "pending", "down", "failed"] as const;
const KINDS = ["container", "vm", "baremetal"] as const;

export function BoxView({ data }: NodeProps<BoxNode>) {
  return (
    <div className={data.folded ? "box folded" : "box"}>
      <Handle type="target" position={Position.Top} isConnectable={false} />
      <Handle type="source" position={Position.Bottom} isConnectable={false} />
      <header>
        <Icon name={data.id.startsWith("host:") ? "host" : "network"} />
        <strong>{data.title}</strong>
        <small>{data.subtitle}</small>
      </header>
      {data.folded && <Counts ports={data.ports} />}
      {data.folded && data.partners !== undefined && (
        <small className="partner">{countWords(data.ports, data.partners)}</small>
      )}
      {data.ports.length === 0 && !data.bare && <p className="quiet">no endpoint</p>}
    </div>
  );
}

export function RegionView({ data: { title } }: NodeProps<RegionNode>) {
  return (
    <div className="region">
      <Icon name="project" /> <strong>{title}</strong> <small>project</small>
    </div>
  );
}

function Counts({ ports }: { ports: Port[] }) {
  const kinds = KINDS.map((kind) => ({ kind, count: ports.filter((port) => port.kind === kind).length }));
  const states = STATES.map((state) => ({
    state,
    count: ports.filter((port) => port.status.state === state).length,
  }));
  return (
    <div className="counts">
      {kinds
        .filter(({ count }) => count > 0)
        .map(({ kind, count }) => (
          <span key={kind}>
            <Icon name={kind} /> {count}
          </span>
        ))}
      {states
        .filter(({ count }) => count > 0)
        .map(({ state, count }) => (
          <span key={state} className={`state ${state}`}>
            {count} {state}
          </span>
        ))}
    </div>
  );
}

export function OutsideView({ data: { ways } }: NodeProps<OutsideNode>) {
  return (
    <div className="chip outside" title={ways.join("\n")}>
      <Icon name="outside" />
      <strong>outside</strong>
      <small>{ways[0]}</small>
      {ways.length > 1 && <small>and {ways.length - 1} more ways</small>}
      <Handle type="source" position={Position.Bottom} isConnectable={false} />
    </div>
  );
}

export function RouterView({ data: { router } }: NodeProps<RouterNode>) {
  return (
    <div className="chip router">
      <Icon name="router" />
      <strong>{router.name}</strong>
      <code>router</code>
      <Handle type="target" position={Position.Top} isConnectable={false} />
      <Handle type="source" position={Position.Bottom} isConnectable={false} />
    </div>
  );
}

export function EndpointView({ data: { port, partner }, selected }: NodeProps<EndpointNode>) {
  const looks = ["chip", port.status.state, selected && "selected", partner !== undefined && "partnered"];
  return (
    <div className={looks.filter(Boolean).join(" ")}>
      <Icon name={port.kind} />
      <strong>{port.name}</strong>
      <small className={`state ${port.status.state}`}>{port.status.state}</small>
      <code>{addressesOf(port) || "no address"}</code>
      {port.published.length > 0 && (
        <small className="published" title="published under this port of its host">
          <Icon name="outside" /> {publishedBriefly(port)}
        </small>
      )}
      {partner !== undefined && <small className="partner">{partner}</small>}
    </div>
  );
}
