import { describe, expect, it } from "vitest";
import type { Network, Port } from "../../api/client";
import { bestWidth, layout, MANY } from "./layout";

const network = {
  id: "n",
  name: "DockerSN",
  project: "default",
  subnets: [{ cidr: "192.168.200.0/24" }],
  physical_network: null,
} as Network;

function port(number: number): Port {
  return {
    id: `p${number}`,
    name: `web-${number}`,
    kind: "container",
    network_id: "n",
    host: `h${number % 2}`,
    fixed_ips: [{ subnet_id: "s", address: `192.168.200.${number}` }],
    status: { state: "up" },
    published: [] as Port["published"],
  } as Port;
}

const ports = (count: number) => Array.from({ length: count }, (_, index) => port(index));
const drawn = (found: Port[]) => ({ ports: found, networks: [network], routers: [] });
const places = (found: Port[]) =>
  Object.fromEntries(
    layout(drawn(found), "network", new Set()).nodes.map((node) => [node.id, node.position]),
  );

describe("the map", () => {
  it("gives the same ports the same places, in whatever order they come", () => {
    expect(places(ports(9).reverse())).toEqual(places(ports(9)));
  });

  it("lays no endpoint on another", () => {
    const chips = layout(drawn(ports(50)), "network", new Set()).nodes.filter(
      (node) => node.type === "endpoint",
    );
    const taken = new Set(chips.map((node) => `${node.position.x},${node.position.y}`));

    expect(taken.size).toBe(50);
  });

  it("folds when there are many, and unfolds what a person opened", () => {
    const folded = layout(drawn(ports(MANY + 1)), "network", new Set());
    const opened = layout(drawn(ports(MANY + 1)), "network", new Set(["n"]));

    expect(folded.nodes.length).toBe(1);
    expect(opened.nodes.length).toBe(MANY + 2);
  });

  it("shows the outside where anything leads there, and only there", () => {
    const published = { protocol: "tcp", host_port: 8080, port: 80, host_address: null } as const;
    const [first, ...others] = ports(3);
    const some = [{ ...first, published: [published] } as Port, ...others];
    const { nodes, edges } = layout(drawn(some), "network", new Set());

    expect(layout(drawn(ports(3)), "network", new Set()).nodes[0]?.type).toBe("box");
    expect(nodes[0]?.ariaLabel).toBe("the outside: 1 endpoint published on DockerSN");
    expect(edges.map(({ source, target }) => [source, target])).toEqual([["outside", "n"]]);
    expect(nodes.find((node) => node.id === "p0")?.ariaLabel).toContain("published as tcp/8080");
  });

  it("puts routers above their networks, and frames what is of each project", () => {
    const other = { ...network, id: "o", name: "other", project: "lab" } as Network;
    const router = { id: "r", name: "hub", project: "default", networks: [network], gateway: null } as never;
    const { nodes, edges } = layout(
      { ports: ports(2), networks: [network, other], routers: [router] },
      "network",
      new Set(),
    );
    const top = (id: string) => nodes.find((node) => node.id === id)?.position.y ?? 0;

    expect(nodes.filter((node) => node.type === "region").map((node) => node.data.title)).toEqual([
      "default",
      "lab",
    ]);
    expect(top("r")).toBeLessThan(top("n"));
    expect(edges.map(({ source, target }) => [source, target])).toEqual([["r", "n"]]);
  });

  it("leads from the outside by the network that goes on to the router that goes out by it", () => {
    const uplink = { ...network, id: "u", name: "uplink", physical_network: { name: "wan", vlan: 7 } };
    const router = {
      ...{ id: "r", name: "edge", project: "default", networks: [network] },
      gateway: { network_id: "u", network: "uplink", address: "198.51.100.2" },
    } as never;
    const { edges } = layout(
      { ports: ports(1), networks: [network, uplink as Network], routers: [router] },
      "network",
      new Set(),
    );

    expect(edges.map(({ source, target }) => `${source}-${target}`)).toEqual(["outside-u", "u-r", "r-n"]);
  });

  it("is one endpoint wide on a narrow screen", () => {
    const { nodes } = layout(drawn(ports(9)), "network", new Set(), 320);
    const columns = new Set(nodes.filter((node) => node.type === "endpoint").map((node) => node.position.x));

    expect(columns.size).toBe(1);
  });

  it("is as wide as makes it largest on the screen", () => {
    const networks = Array.from({ length: 6 }, (_, index) => ({ ...network, id: `n${index}` }) as Network);
    const best = (width: number, height: number) =>
      bestWidth({ ports: [], networks, routers: [] }, "network", new Set(), { width, height, narrow: false });

    expect(best(1600, 200)).toBeGreaterThan(best(700, 700));
  });

  it("groups by host, too", () => {
    const boxes = layout(drawn(ports(4)), "host", new Set()).nodes.filter((node) => node.type === "box");

    expect(boxes.map((box) => box.data.title)).toEqual(["h0", "h1"]);
  });
});
