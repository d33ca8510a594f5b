// A network or a host on the map: a box with the endpoints in it, or with their count. Pure.

import type { Network, Port } from "../../api/client";
import { publishedBriefly } from "../../parts/published";
import type { Block } from "./blocks";
import type { EndpointNode } from "./kinds";

const CHIP = { width: 212, height: 56, gap: 10 };
const BOX = { padding: 14, header: 58, empty: 30, least: 200, foldedWidth: 300, foldedHeight: 120 };
const MOST_COLUMNS = 12;
/** So many stand below each other on a narrow screen. */
const FEW = 40;
/** Endpoints are lower than wide: so a box is about twice as wide as high. */
const LOWER = 1.6;

export interface Box {
  id: string;
  title: string;
  subtitle: string;
  ports: Port[];
}

const byName = (a: { title: string }, b: { title: string }) => a.title.localeCompare(b.title);

/** One for each host that any of `ports` is on, and one for those that are on none. */
export function hostBoxes(ports: Port[]): Box[] {
  const on = Map.groupBy(ports, (port) => port.host ?? "");
  return [...on]
    .map(([host, here]) => ({
      id: `host:${host}`,
      title: host === "" ? "on no host" : host,
      subtitle: host === "" ? "waiting for a workload" : "host",
      ports: here,
    }))
    .sort(byName);
}

/** The ports of each network, by its id. */
export type PortsOn = ReadonlyMap<string, Port[]>;

/** One for each network. */
export function networkBoxes(networks: Network[], on: PortsOn): Box[] {
  return networks
    .map((network) => ({
      id: network.id,
      title: network.name,
      subtitle: subtitle(network),
      ports: on.get(network.id) ?? [],
    }))
    .sort(byName);
}

function subtitle({ subnets, physical_network: wire }: Network): string {
  const cidrs = subnets.map((subnet) => subnet.cidr);
  if (wire === null) return cidrs.join(" · ") || "no subnet";
  const tag = typeof wire.vlan === "number" ? `, VLAN ${wire.vlan}` : "";
  return [`goes on as ${wire.name}${tag}`, ...cidrs].join(" · ");
}

interface Looks {
  /** With the count of its endpoints, in place of them. */
  folded?: boolean;
  /** It says nothing of endpoints. */
  bare?: boolean;
  /** As narrow as can be: for a screen that is. */
  narrow?: boolean;
}

/** The box with its endpoints. */
export function drawn(box: Box, { folded = false, bare = false, narrow = false }: Looks): Block {
  const count = box.ports.length;
  const one = narrow && count <= FEW;
  const columns = one ? 1 : Math.min(MOST_COLUMNS, Math.max(1, Math.round(Math.sqrt(count / LOWER))));
  const rows = Math.ceil(count / columns);
  const inner = columns * (CHIP.width + CHIP.gap) - CHIP.gap;
  const width = folded ? BOX.foldedWidth : Math.max(BOX.least, 2 * BOX.padding + inner);
  const height = folded
    ? BOX.foldedHeight
    : BOX.header +
      (bare ? 0 : count === 0 ? BOX.empty : rows * (CHIP.height + CHIP.gap) - CHIP.gap + BOX.padding);
  const node = {
    id: box.id,
    type: "box" as const,
    position: { x: 0, y: 0 },
    width,
    height,
    data: { ...box, folded, bare },
    selectable: false,
    draggable: false,
    focusable: false,
  };
  return { width, height, nodes: folded ? [node] : [node, ...chips(box, columns)] };
}

function chips(box: Box, columns: number): EndpointNode[] {
  const ordered = [...box.ports].sort((a, b) => a.name.localeCompare(b.name) || a.id.localeCompare(b.id));
  return ordered.map((port, index) => ({
    id: port.id,
    type: "endpoint",
    parentId: box.id,
    extent: "parent",
    position: {
      x: BOX.padding + (index % columns) * (CHIP.width + CHIP.gap),
      y: BOX.header + Math.floor(index / columns) * (CHIP.height + CHIP.gap),
    },
    width: CHIP.width,
    height: CHIP.height,
    data: { port },
    draggable: false,
    ariaLabel: [
      `${port.kind} ${port.name}`,
      port.fixed_ips[0]?.address ?? "no address",
      port.status.state,
      ...(port.published.length > 0 ? [`published as ${publishedBriefly(port)}`] : []),
    ].join(", "),
  }));
}
