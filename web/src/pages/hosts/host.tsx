// One host: what is wrong with it and what to do, and what it runs.

import { Link } from "wouter";
import type { Host, Port } from "../../api/client";
import { Table } from "../../parts/table";
import { portColumns } from "../endpoints";
import { Alive, HealthBadge } from "./badges";
import { type Finding, type Health, healthOf, type Severity } from "./health";

const STATE: Record<Severity, string> = { error: "failed", warning: "pending", note: "down" };

export function HostView({ host, ports }: { host: Host; ports: Port[] }) {
  const health = healthOf(host);
  return (
    <article className="drill">
      <p>
        <Link href="/hosts">All hosts</Link>
      </p>
      <h1>
        {host.name} <Alive host={host} /> <HealthBadge host={host} />
      </h1>
      <p>{host.description}</p>
      <div className="columns">
        <section>
          <h2>Host</h2>
          <Facts host={host} />
        </section>
        <section>
          <h2>What doctor found</h2>
          <Findings health={health} />
        </section>
      </div>
      <h2>What runs here</h2>
      <Table
        caption={`Endpoints on ${host.name}`}
        rows={ports}
        columns={portColumns.filter((column) => column.header !== "Host")}
        empty={<p>No endpoint is bound to this host.</p>}
      />
    </article>
  );
}

function Facts({ host: { status, projects } }: { host: Host }) {
  const { docker, libvirt, libvirt_trouble: trouble } = status.details;
  const followed = (engine: unknown) =>
    engine === true ? "followed" : engine === false ? "not followed" : null;
  const engines = {
    Docker: followed(docker),
    libvirt: followed(libvirt) ?? (typeof libvirt === "string" ? libvirt : null),
  };
  return (
    <dl>
      <dt>Serves</dt>
      <dd>{projects.join(", ") || "no project"}</dd>
      <dt>Datapath</dt>
      <dd>{status.datapath || "not told"}</dd>
      <dt>Agent</dt>
      <dd>{status.agent_version || "not told"}</dd>
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
      <dt>Last seen</dt>
      <dd>{status.last_seen === null ? "never" : new Date(status.last_seen).toLocaleString()}</dd>
    </dl>
  );
}

function Findings({ health }: { health: Health }) {
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
