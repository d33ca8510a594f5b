import { useQuery } from "@tanstack/react-query";
import type { ColumnDef } from "@tanstack/react-table";
import { useState } from "react";
import { api, type QosPolicy } from "../api/client";
import { networksQuery, portsQuery, qosQuery, useSession } from "../api/queries";
import { useProject } from "../app";
import { DeleteDialog, Dialog, Field, Form } from "../parts/form";
import { Icon } from "../parts/icons";
import { QosWords } from "../parts/rules";
import { Table } from "../parts/table";

/** Rate limits and marking, and who has them. */
export default function QosPage() {
  const project = useProject();
  const policies = useQuery(qosQuery(project)).data ?? [];
  const ports = useQuery(portsQuery(project)).data ?? [];
  const networks = useQuery(networksQuery(project)).data ?? [];
  const mayChange = useSession()?.role !== "viewer";
  const [making, setMaking] = useState(false);
  const [leaving, setLeaving] = useState<QosPolicy | null>(null);
  const columns: ColumnDef<QosPolicy>[] = [
    { header: "QoS policy", accessorKey: "name" },
    { header: "Limits", id: "limits", cell: ({ row }) => <QosWords policy={row.original} /> },
    {
      header: "Endpoints",
      accessorFn: (one) => ports.filter((port) => port.qos_policy_id === one.id).length,
    },
    {
      header: "Networks",
      accessorFn: (one) => networks.filter((net) => net.qos_policy_id === one.id).length,
    },
    { header: "Project", accessorKey: "project" },
    {
      id: "actions",
      header: "",
      enableSorting: false,
      cell: ({ row: { original: one } }) =>
        mayChange && (
          <button type="button" onClick={() => setLeaving(one)}>
            Delete<span className="hidden"> {one.name}</span>
          </button>
        ),
    },
  ];
  return (
    <>
      <h1>QoS</h1>
      {mayChange && (
        <p>
          <button type="button" className="primary" onClick={() => setMaking(true)}>
            <Icon name="plus" /> New QoS policy
          </button>
        </p>
      )}
      <Table
        caption="QoS policies"
        rows={policies}
        columns={columns}
        empty={
          <>
            <p>Nothing is limited. Make a limit and give it to an endpoint or a network:</p>
            <pre>weft qos create slow --egress 10mbit</pre>
          </>
        }
      />
      {making && <CreateDialog project={project} onClose={() => setMaking(false)} />}
      {leaving !== null && (
        <DeleteDialog
          what={`QoS policy ${leaving.name}`}
          onClose={() => setLeaving(null)}
          send={() =>
            api.DELETE("/api/v1/qos-policies/{reference}", { params: { path: { reference: leaving.id } } })
          }
        />
      )}
    </>
  );
}

const limit = (mbit: string) =>
  mbit === "" ? null : { rate_kbps: Math.round(Number(mbit) * 1000), burst_kb: 0 };

function CreateDialog({ project, onClose }: { project: string | undefined; onClose: () => void }) {
  const [name, setName] = useState("");
  const [egress, setEgress] = useState("");
  const [ingress, setIngress] = useState("");
  return (
    <Dialog title="New QoS policy" onClose={onClose}>
      <Form
        action="Create"
        onDone={onClose}
        send={async () => {
          await api.POST("/api/v1/qos-policies", {
            body: { project, name, egress: limit(egress), ingress: limit(ingress) },
          });
        }}
      >
        {(problem) => (
          <>
            <Field label="Name" name="name" problem={problem}>
              {(attributes) => (
                <input {...attributes} value={name} onChange={(event) => setName(event.target.value)} />
              )}
            </Field>
            <Field label="Sends at most" name="egress" problem={problem} hint="Mbit/s; empty is no limit">
              {(attributes) => (
                <input
                  {...attributes}
                  type="number"
                  min="0.001"
                  step="any"
                  value={egress}
                  onChange={(event) => setEgress(event.target.value)}
                />
              )}
            </Field>
            <Field label="Receives at most" name="ingress" problem={problem} hint="Mbit/s; empty is no limit">
              {(attributes) => (
                <input
                  {...attributes}
                  type="number"
                  min="0.001"
                  step="any"
                  value={ingress}
                  onChange={(event) => setIngress(event.target.value)}
                />
              )}
            </Field>
          </>
        )}
      </Form>
    </Dialog>
  );
}
