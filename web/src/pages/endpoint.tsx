import { type QueryClient, usePrefetchQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "wouter";
import type { Group, Network, Port } from "../api/client";
import { groupsQuery, networksQuery, portQuery } from "../api/queries";
import { isPortList } from "../api/reread";
import { Ask } from "../parts/ask";
import { Counters, countersQuery } from "../parts/counters";
import { Drops, dropsQuery } from "../parts/drops";
import { EffectiveRules, rulesQuery } from "../parts/effective";
import { publishedWords } from "../parts/published";
import { ReceiptLine } from "../parts/receipt";
import { Kind, Labels, State } from "../parts/state";
import { States, statesQuery } from "../parts/states";

/** Everything that is true of one port, and why: what Nuage called the policy decision. */
export default function EndpointPage({ id }: { id: string }) {
  // All is asked for at once: a browser waits for one answer, and not for one after the other.
  usePrefetchQuery(rulesQuery(id));
  usePrefetchQuery(countersQuery(id));
  usePrefetchQuery(dropsQuery(id));
  usePrefetchQuery(statesQuery(id));
  const client = useQueryClient();
  const port = useQuery({ ...portQuery(id), placeholderData: () => listed(client, id) });
  if (port.isPending) return <p className="quiet">One moment…</p>;
  if (port.data === undefined) {
    return (
      <>
        <h1>This endpoint is gone</h1>
        <p>
          {port.error?.message} <Link href="/endpoints">To the endpoints</Link>
        </p>
      </>
    );
  }
  return <Shown port={port.data} />;
}

/** The port as a list has it that is held already. */
function listed(client: QueryClient, id: string): Port | undefined {
  const lists = client.getQueriesData<Port[]>({ queryKey: ["ports"], predicate: isPortList });
  for (const [, list] of lists) {
    const found = list?.find((one) => one.id === id);
    if (found !== undefined) return found;
  }
  return undefined;
}

function Shown({ port }: { port: Port }) {
  const networks = useQuery(networksQuery(port.project)).data ?? [];
  const network = networks.find((one) => one.id === port.network_id);
  return (
    <article className="drill">
      <h1>
        <Kind kind={port.kind} /> {port.name} <State port={port} />
      </h1>
      {port.status.reason !== "" && <p className="bad">{port.status.reason}</p>}
      <div className="columns">
        <Identity port={port} network={network} />
        <Workload port={port} />
        <Ask port={port} heading="h2" />
      </div>
      <Counters port={port.id} />
      <div className="columns">
        <Memberships port={port} />
        <States port={port} />
      </div>
      <EffectiveRules port={port.id} network={port.network} />
      <Drops port={port.id} />
      <footer>
        <ReceiptLine revision={port.revision} />{" "}
        <Link href={`/changes?object=${port.id}`}>What became of it</Link>
      </footer>
    </article>
  );
}

function Identity({ port, network }: { port: Port; network: Network | undefined }) {
  return (
    <section>
      <h2>Network</h2>
      <dl>
        <dt>Addresses</dt>
        <dd>
          {port.fixed_ips.map((fixed) => (
            <code key={fixed.address}>{fixed.address} </code>
          ))}
        </dd>
        <dt>MAC</dt>
        <dd>
          <code>{port.mac}</code>
        </dd>
        <dt>Network</dt>
        <dd>
          <Link href={`/map?q=network:${port.network}&endpoint=${port.id}`}>{port.network}</Link>{" "}
          {network?.subnets.map((subnet) => subnet.cidr).join(", ")}
        </dd>
        <dt>MTU</dt>
        <dd>
          {network?.effective_mtu}
          {network?.mtu === null && <span className="quiet"> (what the underlay leaves)</span>}
        </dd>
        <dt>Host</dt>
        <dd>{port.host ?? "none yet"}</dd>
        {port.physical_network !== null && (
          <>
            <dt>VLAN</dt>
            <dd>
              {port.physical_network.vlan} of physical network {port.physical_network.name}
            </dd>
          </>
        )}
        {port.trunk !== null && (
          <>
            <dt>VLAN</dt>
            <dd>
              {port.trunk.vlan} of <Link href={`/endpoints/${port.trunk.port_id}`}>{port.trunk.port}</Link>
            </dd>
          </>
        )}
        {port.published.length > 0 && (
          <>
            <dt>Published</dt>
            {port.published.map((one) => (
              <dd key={`${one.protocol} ${one.host_address} ${one.host_port}`}>
                {publishedWords(one, port)}
              </dd>
            ))}
          </>
        )}
        <dt>Project</dt>
        <dd>{port.project}</dd>
        <dt>Anti-spoofing</dt>
        <dd>{port.port_security ? "on" : "off, by an operator"}</dd>
      </dl>
    </section>
  );
}

function Workload({ port }: { port: Port }) {
  return (
    <section>
      <h2>Workload</h2>
      {port.workload === null ? (
        <p className="quiet">
          {port.physical_network === null
            ? "None has come for this port yet."
            : "A machine on a VLAN of its host; nothing of Weft runs on it."}
        </p>
      ) : (
        <dl>
          <dt>Name</dt>
          <dd>{port.workload.name || "unnamed"}</dd>
          <dt>Runtime</dt>
          <dd>{port.workload.runtime}</dd>
          <dt>Image</dt>
          <dd>{port.workload.image || "none"}</dd>
          <dt>Id</dt>
          <dd>
            <code>{port.workload.id.slice(0, 20)}</code>
          </dd>
        </dl>
      )}
      <h3>Labels</h3>
      <Labels labels={port.labels} />
    </section>
  );
}

function Memberships({ port }: { port: Port }) {
  const groups = (useQuery(groupsQuery(port.project)).data ?? []).filter((group) =>
    group.members.includes(port.id),
  );
  return (
    <section>
      <h2>Groups</h2>
      {groups.length === 0 && <p className="quiet">It is in no group.</p>}
      <ul>
        {groups.map((group) => (
          <li key={group.id}>
            <strong>{group.name}</strong>: {why(group, port)}
          </li>
        ))}
      </ul>
    </section>
  );
}

function why(group: Group, port: Port): string {
  if (group.listed.includes(port.id)) return "listed by hand";
  return `its labels match ${group.selector}`;
}
