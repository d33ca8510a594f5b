// Where everything stands on the map. Pure: the same ports give the same places, so updates do not make it jump.

import type { Edge, Node } from "@xyflow/react";
import type { Network, Port, Router } from "../../api/client";
import { publishedBriefly } from "../../parts/published";
import type { Partner, Partners } from "./partners";

export type Grouping = "network" | "host";

export interface BoxData extends Record<string, unknown> {
  id: string;
  title: string;
  subtitle: string;
  ports: Port[];
  folded: boolean;
  /** How those inside and what is selected reach each other. */
  partners?: Partners;
}
export interface EndpointData extends Record<string, unknown> {
  port: Port;
  partner?: Partner | undefined;
}
export type BoxNode = Node<BoxData, "box">;
export type EndpointNode = Node<EndpointData, "endpoint">;
export interface RouterData extends Record<string, unknown> {
  router: Router;
}
export type RouterNode = Node<RouterData, "router">;
export interface OutsideData extends Record<string, unknown> {
  /** By what ways it is reached, and reaches in: a line each. */
  ways: string[];
}
export type OutsideNode = Node<OutsideData, "outside">;
export type MapNode = BoxNode | EndpointNode | RouterNode | OutsideNode;

/** The id of what is beyond all networks. */
export const OUTSIDE = "outside";

/** From how many ports on the boxes fold to counts. */
export const MANY = 200;

const CHIP = { width: 228, height: 60, gap: 12 };
const BOX = { padding: 16, header: 62, gap: 40, foldedWidth: 300, foldedHeight: 120 };
const ROUTER = { width: 180, height: 56, gap: 60 };
const BEYOND = { width: 260, height: 72, gap: 60 };
const MOST_COLUMNS = 12;
/** A row of boxes is about this wide before the next begins, on a screen that is wider than high, and otherwise. */
const ROW_WIDTH = { landscape: 1700, portrait: 760 };

interface Box {
  id: string;
  title: string;
  subtitle: string;
  ports: Port[];
}

function boxes(ports: Port[], networks: Network[], by: Grouping): Box[] {
  const byName = (a: { title: string }, b: { title: string }) => a.title.localeCompare(b.title);
  if (by === "host") {
    const hosts = Map.groupBy(ports, (port) => port.host ?? "");
    return [...hosts]
      .map(([host, here]) => ({
        id: `host:${host}`,
        title: host === "" ? "on no host" : host,
        subtitle: host === "" ? "waiting for a workload" : "host",
        ports: here,
      }))
      .sort(byName);
  }
  const on = Map.groupBy(ports, (port) => port.network_id);
  return networks
    .map((network) => ({
      id: network.id,
      title: network.name,
      subtitle: [network.project, ...network.subnets.map((subnet) => subnet.cidr)].join(" · "),
      ports: on.get(network.id) ?? [],
    }))
    .sort(byName);
}

/** What a map is drawn from. */
export interface Drawn {
  ports: Port[];
  networks: Network[];
  routers: Router[];
}

/** The nodes of the map, routers on top; `unfolded` are the boxes that a person has opened. */
export function layout(
  { ports, networks, routers }: Drawn,
  by: Grouping,
  unfolded: ReadonlySet<string>,
  shape: keyof typeof ROW_WIDTH = "landscape",
): { nodes: MapNode[]; edges: Edge[] } {
  const fold = ports.length > MANY;
  const nodes: MapNode[] = [];
  const routed = by === "network" ? routers : [];
  let x = 0;
  const outside = by === "network" ? beyond({ ports, networks, routers }) : undefined;
  const above = outside === undefined ? 0 : BEYOND.height + BEYOND.gap;
  let y = above + (routed.length > 0 ? ROUTER.height + ROUTER.gap : 0);
  let rowHeight = 0;
  for (const box of boxes(ports, networks, by)) {
    const folded = fold && box.ports.length > 0 && !unfolded.has(box.id);
    const columns = Math.min(MOST_COLUMNS, Math.max(2, Math.ceil(Math.sqrt(box.ports.length))));
    const rows = Math.max(1, Math.ceil(box.ports.length / columns));
    const width = folded
      ? BOX.foldedWidth
      : 2 * BOX.padding + columns * CHIP.width + (columns - 1) * CHIP.gap;
    const height = folded
      ? BOX.foldedHeight
      : BOX.header + BOX.padding + rows * CHIP.height + (rows - 1) * CHIP.gap;
    if (x > 0 && x + width > ROW_WIDTH[shape]) {
      x = 0;
      y += rowHeight + BOX.gap;
      rowHeight = 0;
    }
    nodes.push({
      id: box.id,
      type: "box",
      position: { x, y },
      width,
      height,
      data: { ...box, folded },
      selectable: false,
      draggable: false,
      focusable: false,
    });
    if (!folded) nodes.push(...chips(box, columns));
    x += width + BOX.gap;
    rowHeight = Math.max(rowHeight, height);
  }
  const joined = routed.map((router, index) => routerNode(router, index, above));
  return {
    nodes: [...(outside === undefined ? [] : [outside.node]), ...joined, ...nodes],
    edges: [...(outside?.edges ?? []), ...routed.flatMap(links)],
  };
}

/** What is beyond all networks, and the ways there; undefined where there is none. */
function beyond({ ports, networks, routers }: Drawn): { node: OutsideNode; edges: Edge[] } | undefined {
  const out = routers.filter((router) => router.gateway !== null);
  const outer = networks.filter((network) => network.physical_network !== null);
  const published = Map.groupBy(
    ports.filter((port) => port.published.length > 0),
    (port) => port.network_id,
  );
  const named = networks.filter((network) => published.has(network.id));
  const ways = [
    ...out.map((router) => `router ${router.name} goes out by ${router.gateway?.network}`),
    ...outer.map((network) => `network ${network.name} goes on as ${network.physical_network?.name}`),
    ...named.map((network) => `${publishedOn(published.get(network.id))} on ${network.name}`),
  ];
  if (ways.length === 0) return undefined;
  const to = [...new Set([...out, ...outer, ...named].map((one) => one.id))];
  const node: OutsideNode = {
    id: OUTSIDE,
    type: "outside",
    position: { x: 0, y: 0 },
    width: BEYOND.width,
    height: BEYOND.height,
    data: { ways },
    draggable: false,
    selectable: false,
    ariaLabel: `the outside: ${ways.join("; ")}`,
  };
  const edges = to.map((id) => ({ id: `${OUTSIDE}-${id}`, source: OUTSIDE, target: id, focusable: false }));
  return { node, edges };
}

const publishedOn = (ports: Port[] = []) =>
  `${ports.length} ${ports.length === 1 ? "endpoint" : "endpoints"} published`;

function routerNode(router: Router, index: number, y: number): RouterNode {
  return {
    id: router.id,
    type: "router",
    position: { x: index * (ROUTER.width + BOX.gap), y },
    width: ROUTER.width,
    height: ROUTER.height,
    data: { router },
    draggable: false,
    selectable: false,
    ariaLabel: `router ${router.name}, joins ${router.networks.map((network) => network.name).join(" and ")}`,
  };
}

function links(router: Router): Edge[] {
  return router.networks.map((network) => ({
    id: `${router.id}-${network.id}`,
    source: router.id,
    target: network.id,
    focusable: false,
  }));
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

/** `nodes` with what is selected, and whom that reaches or is reached by, in their looks and in their words. */
export function marked(nodes: MapNode[], selected: ReadonlySet<string>, partners: Partners): MapNode[] {
  return nodes.map((node) => {
    if (node.type === "box" && node.data.folded && partners !== undefined) {
      return { ...node, data: { ...node.data, partners } };
    }
    if (node.type !== "endpoint") return node;
    const partner = selected.has(node.id) ? undefined : partners?.get(node.id);
    if (partner === undefined && !selected.has(node.id)) return node;
    const ariaLabel = partner === undefined ? node.ariaLabel : `${node.ariaLabel}, ${partner}`;
    return { ...node, selected: selected.has(node.id), data: { ...node.data, partner }, ariaLabel };
  });
}
