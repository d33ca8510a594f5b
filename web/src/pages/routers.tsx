import { useQuery } from "@tanstack/react-query";
import type { ColumnDef } from "@tanstack/react-table";
import { useState } from "react";
import { api, type Network, type Router } from "../api/client";
import { networksQuery, routersQuery, useSession } from "../api/queries";
import { useProject } from "../app";
import { Dialog, Field } from "../parts/form";
import { Icon } from "../parts/icons";
import { Table } from "../parts/table";
import { PlannedDeletion, PlannedForm, type Send } from "../plans/planned";

/** Routers: which networks reach each other. */
export default function RoutersPage() {
  const project = useProject();
  const routers = useQuery(routersQuery(project)).data ?? [];
  const mayChange = useSession()?.role !== "viewer";
  const [editing, setEditing] = useState<Router | "new" | null>(null);
  const [leaving, setLeaving] = useState<Router | null>(null);
  const columns: ColumnDef<Router>[] = [
    { header: "Router", accessorKey: "name" },
    { header: "Networks", accessorFn: (one) => one.networks.map((network) => network.name).join(", ") },
    {
      header: "Routes",
      accessorFn: (one) => one.routes.map((route) => `${route.destination} via ${route.next_hop}`).join(", "),
    },
    { header: "Project", accessorKey: "project" },
    {
      id: "actions",
      header: "",
      enableSorting: false,
      cell: ({ row: { original: one } }) =>
        mayChange && (
          <span className="buttons">
            <button type="button" onClick={() => setEditing(one)}>
              Networks<span className="hidden"> of {one.name}</span>
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
      <h1>Routers</h1>
      {mayChange && (
        <p>
          <button type="button" className="primary" onClick={() => setEditing("new")}>
            <Icon name="plus" /> New router
          </button>
        </p>
      )}
      <Table
        caption="Routers"
        rows={routers}
        columns={columns}
        empty={
          <>
            <p>Networks do not reach each other until a router joins them:</p>
            <pre>weft router create shop --network web --network db</pre>
          </>
        }
      />
      {editing !== null && (
        <RouterDialog
          router={editing === "new" ? null : editing}
          project={editing === "new" ? project : editing.project}
          onClose={() => setEditing(null)}
        />
      )}
      {leaving !== null && (
        <PlannedDeletion
          what={`router ${leaving.name}`}
          onClose={() => setLeaving(null)}
          send={(headers) =>
            api.DELETE("/api/v1/routers/{reference}", {
              params: { path: { reference: leaving.id } },
              headers,
            })
          }
        />
      )}
    </>
  );
}

interface RouterDialogProps {
  router: Router | null;
  project: string | undefined;
  onClose: () => void;
}

function RouterDialog({ router, project, onClose }: RouterDialogProps) {
  const networks = useQuery(networksQuery(project)).data ?? [];
  const [name, setName] = useState(router?.name ?? "");
  const [joined, setJoined] = useState(() => new Set(router?.networks.map((network) => network.id)));
  const toggle = (network: Network) => {
    const next = new Set(joined);
    if (!next.delete(network.id)) next.add(network.id);
    setJoined(next);
  };
  const send: Send = async (headers) => {
    const said = { name, networks: [...joined] };
    if (router === null) return api.POST("/api/v1/routers", { body: { ...said, project }, headers });
    return api.PATCH("/api/v1/routers/{reference}", {
      params: { path: { reference: router.id }, header: { "if-match": `"${router.revision}"` } },
      body: said,
      headers,
    });
  };
  return (
    <Dialog title={router === null ? "New router" : `Router ${router.name}`} onClose={onClose}>
      <PlannedForm action={router === null ? "Create" : "Save"} onDone={onClose} send={send}>
        {(problem) => (
          <>
            <Field label="Name" name="name" problem={problem}>
              {(attributes) => (
                <input {...attributes} value={name} onChange={(event) => setName(event.target.value)} />
              )}
            </Field>
            <fieldset className="field">
              <legend>Networks that reach each other</legend>
              {networks.map((network) => (
                <label key={network.id}>
                  <input type="checkbox" checked={joined.has(network.id)} onChange={() => toggle(network)} />{" "}
                  {network.name} <small>{network.subnets.map((subnet) => subnet.cidr).join(", ")}</small>
                </label>
              ))}
              {problem?.field === "networks" && <small className="bad">{problem.message}</small>}
            </fieldset>
          </>
        )}
      </PlannedForm>
    </Dialog>
  );
}
