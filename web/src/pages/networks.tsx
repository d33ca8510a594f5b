import { useQuery } from "@tanstack/react-query";
import type { ColumnDef } from "@tanstack/react-table";
import { useState } from "react";
import { Link } from "wouter";
import { api, type Network } from "../api/client";
import { networksQuery, portsQuery, useSession } from "../api/queries";
import { useProject } from "../app";
import { DeleteDialog, Dialog, Field, Form } from "../parts/form";
import { Icon } from "../parts/icons";
import { Table } from "../parts/table";

const DEFAULTS = ["allow", "same-network", "drop"] as const;

/** The networks, with what their ports may do when no rule says otherwise. */
export default function NetworksPage() {
  const project = useProject();
  const networks = useQuery(networksQuery(project)).data ?? [];
  const ports = useQuery(portsQuery(project)).data ?? [];
  const mayChange = useSession()?.role !== "viewer";
  const [editing, setEditing] = useState<Network | "new" | null>(null);
  const [leaving, setLeaving] = useState<Network | null>(null);
  const columns: ColumnDef<Network>[] = [
    {
      header: "Network",
      accessorKey: "name",
      cell: ({ row: { original: one } }) => (
        <Link href={`/endpoints?project=${one.project}&q=network:${one.name}`}>{one.name}</Link>
      ),
    },
    { header: "Subnets", accessorFn: (one) => one.subnets.map((subnet) => subnet.cidr).join(", ") },
    { header: "Project", accessorKey: "project" },
    { header: "Endpoints", accessorFn: (one) => ports.filter((port) => port.network_id === one.id).length },
    { header: "Default in", accessorKey: "default_ingress" },
    { header: "Default out", accessorKey: "default_egress" },
    { header: "Description", accessorKey: "description" },
    {
      id: "actions",
      header: "",
      enableSorting: false,
      cell: ({ row: { original: one } }) =>
        mayChange && (
          <span className="buttons">
            <button type="button" onClick={() => setEditing(one)}>
              Change<span className="hidden"> {one.name}</span>
            </button>
            <button type="button" onClick={() => setLeaving(one)}>
              Delete<span className="hidden"> {one.name}</span>
            </button>
          </span>
        ),
    },
  ];
  return (
    <>
      <h1>Networks</h1>
      {mayChange && (
        <p>
          <button type="button" className="primary" onClick={() => setEditing("new")}>
            <Icon name="plus" /> New network
          </button>
        </p>
      )}
      <Table
        caption="Networks"
        rows={networks}
        columns={columns}
        empty={
          <>
            <p>There is no network yet. Make one here, or on the command line:</p>
            <pre>weft network create DockerSN --subnet 192.168.200.0/24</pre>
          </>
        }
      />
      {editing === "new" && <CreateDialog project={project} onClose={() => setEditing(null)} />}
      {editing !== null && editing !== "new" && (
        <ChangeDialog network={editing} onClose={() => setEditing(null)} />
      )}
      {leaving !== null && (
        <DeleteDialog
          what={`network ${leaving.name}`}
          onClose={() => setLeaving(null)}
          send={() =>
            api.DELETE("/api/v1/networks/{reference}", { params: { path: { reference: leaving.id } } })
          }
        />
      )}
    </>
  );
}

function CreateDialog({ project, onClose }: { project: string | undefined; onClose: () => void }) {
  const [name, setName] = useState("");
  const [cidr, setCidr] = useState("");
  return (
    <Dialog title="New network" onClose={onClose}>
      <Form
        action="Create"
        onDone={onClose}
        send={async () => {
          await api.POST("/api/v1/networks", {
            body: { project, name, subnets: cidr === "" ? [] : [{ cidr }] },
          });
        }}
      >
        {(problem) => (
          <>
            <Field label="Name" name="name" problem={problem} hint="As in docker run --net NAME">
              {(attributes) => (
                <input {...attributes} value={name} onChange={(event) => setName(event.target.value)} />
              )}
            </Field>
            <Field label="Subnet" name="subnets" problem={problem} hint="A prefix, like 192.168.200.0/24">
              {(attributes) => (
                <input {...attributes} value={cidr} onChange={(event) => setCidr(event.target.value)} />
              )}
            </Field>
          </>
        )}
      </Form>
    </Dialog>
  );
}

function ChangeDialog({ network, onClose }: { network: Network; onClose: () => void }) {
  const [description, setDescription] = useState(network.description);
  const [ingress, setIngress] = useState(network.default_ingress);
  const [egress, setEgress] = useState(network.default_egress);
  return (
    <Dialog title={`Change network ${network.name}`} onClose={onClose}>
      <Form
        action="Save"
        onDone={onClose}
        send={async () => {
          await api.PATCH("/api/v1/networks/{reference}", {
            params: { path: { reference: network.id }, header: { "if-match": `"${network.revision}"` } },
            body: { description, default_ingress: ingress, default_egress: egress },
          });
        }}
      >
        {(problem) => (
          <>
            <Field label="Description" name="description" problem={problem}>
              {(attributes) => (
                <input
                  {...attributes}
                  value={description}
                  onChange={(event) => setDescription(event.target.value)}
                />
              )}
            </Field>
            <DefaultField
              label="If no rule matches: what may reach its endpoints"
              name="default_ingress"
              value={ingress}
              onChange={setIngress}
              problem={problem}
            />
            <DefaultField
              label="If no rule matches: what they may reach"
              name="default_egress"
              value={egress}
              onChange={setEgress}
              problem={problem}
            />
          </>
        )}
      </Form>
    </Dialog>
  );
}

interface DefaultFieldProps {
  label: string;
  name: string;
  value: Network["default_ingress"];
  onChange: (value: Network["default_ingress"]) => void;
  problem: Parameters<Parameters<typeof Form>[0]["children"]>[0];
}

function DefaultField({ label, name, value, onChange, problem }: DefaultFieldProps) {
  return (
    <Field label={label} name={name} problem={problem}>
      {(attributes) => (
        <select
          {...attributes}
          value={value}
          onChange={(event) => onChange(event.target.value as Network["default_ingress"])}
        >
          {DEFAULTS.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      )}
    </Field>
  );
}
