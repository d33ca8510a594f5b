import { Background, Controls, type NodeTypes, Panel, ReactFlow, ReactFlowProvider } from "@xyflow/react";
import "@xyflow/react/dist/style.css";
import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo, useRef } from "react";
import { Link, useSearchParams } from "wouter";
import { groupsQuery, networksQuery, portsQuery, routersQuery } from "../../api/queries";
import { useProject } from "../../app";
import { matches, PortFilter } from "../../parts/filter";
import { Beside } from "./beside";
import type { Grouping } from "./kinds";
import { bestWidth, layout, MANY, marked } from "./layout";
import { BoxView, EndpointView, OutsideView, RegionView, RouterView } from "./nodes";
import { GroupPanel, PortPanel } from "./panel";
import { usePartners } from "./partners";
import { room, useScreen } from "./room";

const NODE_TYPES = {
  box: BoxView,
  endpoint: EndpointView,
  router: RouterView,
  outside: OutsideView,
  region: RegionView,
} satisfies NodeTypes;

/** The map: networks with their endpoints, or hosts with theirs; what is selected lives in the address. */
export default function MapPage() {
  const project = useProject();
  const ports = useQuery(portsQuery(project));
  const networks = useQuery(networksQuery(project));
  const routers = useQuery(routersQuery(project));
  const groups = useQuery(groupsQuery(project)).data;
  const [search, setSearch] = useSearchParams();
  const by: Grouping = search.get("by") === "host" ? "host" : "network";
  const words = search.get("q") ?? "";
  const open = search.get("open") ?? "";
  const selected = search.get("endpoint");
  const other = search.get("with");
  const screen = useScreen();
  const shift = useRef(false);
  const put = useCallback(
    (key: string, value: string | null) =>
      setSearch(
        (old) => {
          const next = new URLSearchParams(old);
          if (value === null || value === "") next.delete(key);
          else next.set(key, value);
          return next;
        },
        { replace: true },
      ),
    [setSearch],
  );
  const shown = useMemo(() => (ports.data ?? []).filter((port) => matches(port, words)), [ports.data, words]);
  const ready = !(ports.isPending || networks.isPending || routers.isPending);
  const model = useMemo(
    () => ({ ports: shown, networks: networks.data ?? [], routers: routers.data ?? [] }),
    [shown, networks.data, routers.data],
  );
  const unfolded = useMemo(() => new Set(open.split(",").filter((one) => one !== "")), [open]);
  // It is chosen once for what a person looks at: what comes and goes then does not make the map jump.
  const width = useRef<{ of: string; limit: number } | null>(null);
  const looked = [screen, project, by].join(" ");
  if (ready && width.current?.of !== looked) {
    const beside = selected !== null || search.get("group") !== null;
    width.current = { of: looked, limit: bestWidth(model, by, unfolded, room(beside)) };
  }
  const limit = width.current?.limit;
  const drawn = useMemo(() => layout(model, by, unfolded, limit), [model, by, unfolded, limit]);
  const port = selected === null ? undefined : ports.data?.find((one) => one.id === selected);
  const named = /(?:^|\s)group:(\S+)/i.exec(words)?.[1]?.toLowerCase();
  const chosen = search.get("group");
  const group = groups?.find((one) =>
    chosen === null ? one.name.toLowerCase() === named : one.id === chosen,
  );
  const side = port !== undefined ? { port: port.id } : group !== undefined ? { group: group.id } : undefined;
  const partners = usePartners(side, port?.project ?? group?.project ?? "");
  const nodes = useMemo(() => {
    const picked = port === undefined ? (group?.members ?? []) : [port.id, other ?? port.id];
    return marked(drawn.nodes, new Set(picked), partners);
  }, [drawn, port, group, other, partners]);
  const second = other === null ? undefined : ports.data?.find((one) => one.id === other);
  const select = (id: string | null) => {
    put("endpoint", id);
    put("with", null);
  };
  /** With shift, the second of two: whether the first reaches it is what a person wants to know. */
  const pick = (id: string, also: boolean) => {
    if (also && selected !== null && selected !== id) put("with", id);
    else if (!also) select(id);
  };
  const toggle = (box: string) => {
    const boxes = new Set(unfolded);
    if (!boxes.delete(box)) boxes.add(box);
    put("open", [...boxes].join(","));
  };
  if (!ready) return <p className="quiet">One moment…</p>;
  if (networks.data?.length === 0) return <NoNetwork />;
  return (
    <div className="map">
      <h1 className="hidden">Map</h1>
      <div className="tools">
        <PortFilter />
        <fieldset>
          <legend className="hidden">Group by</legend>
          {(["network", "host"] as const).map((one) => (
            <label key={one}>
              <input type="radio" name="by" checked={by === one} onChange={() => put("by", one)} /> by {one}
            </label>
          ))}
        </fieldset>
        <label>
          Who reaches{" "}
          <select
            value={chosen ?? ""}
            onChange={(event) => {
              select(null);
              put("group", event.target.value);
            }}
          >
            <option value="">a group…</option>
            {groups?.map((one) => (
              <option key={one.id} value={one.id}>
                group {one.name}
              </option>
            ))}
          </select>
        </label>
        <Link href={`/endpoints?${search}`}>as a table</Link>
        <span className="quiet" role="status">
          {shown.length} endpoints{shown.length > MANY && ", folded into their boxes"}
        </span>
      </div>
      <div
        className="canvas"
        onPointerDownCapture={(event) => {
          shift.current = event.shiftKey;
        }}
        onKeyDownCapture={(event) => {
          shift.current = event.shiftKey;
        }}
      >
        {shown.length > MANY && <Beside ports={shown} onPick={(id) => select(id)} />}
        <ReactFlowProvider key={looked}>
          <ReactFlow
            nodes={nodes}
            edges={drawn.edges}
            nodeTypes={NODE_TYPES}
            colorMode="system"
            fitView={screen !== "narrow"}
            defaultViewport={beginning(drawn.width)}
            fitViewOptions={{ maxZoom: 1.1, padding: 0.08 }}
            minZoom={0.05}
            onlyRenderVisibleElements
            nodesConnectable={false}
            deleteKeyCode={null}
            proOptions={{ hideAttribution: true }}
            selectionKeyCode={null}
            onNodeClick={(event, node) => {
              if (node.type === "box") toggle(node.id);
              else if (node.type === "endpoint") pick(node.id, event.shiftKey);
            }}
            onNodesChange={(changes) => {
              for (const change of changes) {
                if (change.type === "select" && change.selected) pick(change.id, shift.current);
              }
            }}
            onPaneClick={() => select(null)}
          >
            <Background />
            <Controls showInteractive={false} position="top-left" />
            <Panel position="bottom-right" className="legend">
              <span className="state up">up</span> <span className="state pending">pending</span>{" "}
              <span className="state down">down</span> <span className="state failed">failed</span>
            </Panel>
          </ReactFlow>
        </ReactFlowProvider>
        {port !== undefined && <PortPanel port={port} other={second} onClose={() => select(null)} />}
        {port === undefined && group !== undefined && <GroupPanel group={group} />}
      </div>
    </div>
  );
}

/** On a narrow screen all of the map would be too small to read: it begins at the top, as wide as the screen. */
function beginning(width: number) {
  const room = window.innerWidth - 60;
  const zoom = Math.min(1, room / width);
  return { x: Math.max(0, (room - width * zoom) / 2) + 8, y: 12, zoom };
}

function NoNetwork() {
  return (
    <div className="empty">
      <h1>There is no network yet</h1>
      <p>
        Make the first one <Link href="/networks">here</Link>, or on the command line, and start a container
        on it:
      </p>
      <pre>
        weft network create DockerSN --subnet 192.168.200.0/24{"\n"}docker run -d --net DockerSN IMAGE
      </pre>
    </div>
  );
}
