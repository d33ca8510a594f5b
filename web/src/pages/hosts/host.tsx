// One host: what is wrong with it and what to do, and what it runs.

import type { ColumnDef } from "@tanstack/react-table";
import { useState } from "react";
import { Link } from "wouter";
import type { Host, Port } from "../../api/client";
import { spanWords } from "../../parts/states";
import { Table } from "../../parts/table";
import { portColumns } from "../endpoints";
import { Alive, HealthBadge } from "./badges";
import { ChangeDialog, RetireDialog } from "./changing";
import {
  type Finding,
  type Health,
  healthOf,
  type Severity,
  type Tunnel,
  tunnelsOf,
  tunnelWords,
  versionsOf,
} from "./health";
import { JoinDialog } from "./join";

const STATE: Record<Severity, string> = { error: "failed", warning: "pending", note: "down" };

export function HostView({ host, ports }: { host: Host; ports: Port[] }) {
  const health = healthOf(host);
  const [open, setOpen] = useState<"change" | "retirement" | "join" | null>(null);
  const close = () => setOpen(null);
  return (
    <article className="drill">
      <p>
        <Link href="/hosts">All hosts</Link>
      </p>
      <h1>
        {host.name} <Alive host={host} /> <HealthBadge host={host} />
      </h1>
      {host.description !== "" && <p>{host.description}</p>}
      <p className="buttons">
        <button type="button" onClick={() => setOpen("change")}>
          Change
        </button>
        <button type="button" onClick={() => setOpen("join")}>
          Command to join
        </button>
        <button type="button" onClick={() => setOpen("retirement")}>
          Retire…
        </button>
      </p>
      <div className="columns">
        <section>
          <h2>Host</h2>
          <Facts host={host} />
        </section>
        <section>
          <h2>What doctor found</h2>
          <Findings health={health} neverSeen={host.status.last_seen === null} />
        </section>
      </div>
      <Tunnels host={host} />
      <h2>What runs here</h2>
      <Table
        caption={`Endpoints on ${host.name}`}
        rows={ports}
        columns={COLUMNS}
        empty={<p>No endpoint is bound to this host.</p>}
      />
      {open === "change" && <ChangeDialog host={host} onClose={close} />}
      {open === "join" && <JoinDialog known={host} onClose={close} />}
      {open === "retirement" && <RetireDialog host={host} ports={ports.length} onClose={close} />}
    </article>
  );
}

const COLUMNS = portColumns.filter((column) => column.header !== "Host");

function Tunnels({ host }: { host: Host }) {
  const told = tunnelsOf(host);
  if (told === null) return null;
  const { tunnels, inAll } = told;
  return (
    <section>
      <h2>Tunnels to other hosts</h2>
      {inAll === 0 ? (
        <p className="quiet">None: it is the only host, or ovn-controller has made none yet.</p>
      ) : (
        <Table
          caption={inAll > tunnels.length ? `The worst ${tunnels.length} of ${inAll}` : "Tunnels"}
          rows={tunnels}
          columns={TUNNELS}
          empty={null}
        />
      )}
    </section>
  );
}

const TUNNELS: ColumnDef<Tunnel>[] = [
  {
    header: "To",
    accessorKey: "peer",
    cell: ({ row: { original: one } }) => <Link href={`/hosts/${one.peer}`}>{one.peer}</Link>,
  },
  { header: "Address", accessorKey: "address", cell: (cell) => <code>{String(cell.getValue())}</code> },
  { header: "Kind", accessorKey: "encapsulation" },
  {
    header: "State",
    accessorFn: (one) => tunnelWords(one)[1],
    cell: ({ row: { original: one } }) => {
      const [state, words] = tunnelWords(one);
      return <span className={`state ${state}`}>{words}</span>;
    },
  },
  {
    header: "Last heard through it",
    accessorFn: (one) => one.silentS,
    cell: ({ row: { original: one } }) =>
      one.silentS === null ? "not counted" : `${spanWords(one.silentS)} ago`,
  },
];

function Facts({ host }: { host: Host }) {
  const { status, projects, physical_networks: wires, policy_flows: flows } = host;
  const { docker, libvirt, libvirt_trouble: trouble } = status.details;
  const followed = (engine: unknown) =>
    engine === true ? "followed" : engine === false ? "not followed" : null;
  const engines = {
    "Docker's events": followed(docker),
    "libvirt's events": followed(libvirt) ?? (typeof libvirt === "string" ? libvirt : null),
  };
  return (
    <dl>
      <dt>Serves</dt>
      <dd>{projects.join(", ") || "no project"}</dd>
      <dt>Datapath</dt>
      <dd>{status.datapath || "not told"}</dd>
      <dt>Agent</dt>
      <dd>{status.agent_version || "not told"}</dd>
      {versionsOf(host).map(([name, version]) => (
        <div className="row" key={name}>
          <dt>{name}</dt>
          <dd>{version}</dd>
        </div>
      ))}
      {Object.entries(engines).map(
        ([name, how]) =>
          how !== null && (
            <div className="row" key={name}>
              <dt>{name}</dt>
              <dd>{how}</dd>
            </div>
          ),
      )}
      {typeof trouble === "string" && trouble !== "" && (
        <>
          <dt>Trouble</dt>
          <dd className="bad">{trouble}</dd>
        </>
      )}
      <dt>Physical networks</dt>
      <dd>{wires.join(", ") || "none"}</dd>
      <dt>Flows of policies</dt>
      <dd>{flows.toLocaleString()}</dd>
      <dt>Last seen</dt>
      <dd>{status.last_seen === null ? "never" : new Date(status.last_seen).toLocaleString()}</dd>
    </dl>
  );
}

function Findings({ health, neverSeen }: { health: Health; neverSeen: boolean }) {
  if (neverSeen) {
    return <p className="quiet">It has not joined yet: get the command to join, and run it there as root.</p>;
  }
  if (health.at === null) {
    return (
      <>
        <p className="quiet">Its agent has not told yet. Look there, as root:</p>
        <pre>weft doctor</pre>
      </>
    );
  }
  return (
    <>
      {health.findings.length === 0 && <p className="good">Nothing is wrong.</p>}
      <ul className="findings">
        {health.findings.map((finding) => (
          <FindingItem key={`${finding.check} ${finding.says}`} finding={finding} />
        ))}
      </ul>
      <p className="quiet">Looked at {new Date(health.at).toLocaleString()}</p>
    </>
  );
}

function FindingItem({ finding }: { finding: Finding }) {
  return (
    <li>
      <span className={`state ${STATE[finding.severity]}`}>{finding.severity}</span>
      <div>
        <p>
          <strong>{finding.check}</strong>: {finding.says}
        </p>
        {finding.cure !== "" && <p className="quiet">{finding.cure}</p>}
      </div>
    </li>
  );
}
