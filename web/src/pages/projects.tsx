import { useQuery } from "@tanstack/react-query";
import type { ColumnDef } from "@tanstack/react-table";
import { useState } from "react";
import { api, type Project } from "../api/client";
import { networksQuery, portsQuery, projectsQuery } from "../api/queries";
import { DeleteDialog, Dialog, Field, Form } from "../parts/form";
import { Icon } from "../parts/icons";
import { Table } from "../parts/table";

/** Projects: they cannot see or touch each other. */
export default function ProjectsPage() {
  const projects = useQuery(projectsQuery).data ?? [];
  const networks = useQuery(networksQuery()).data ?? [];
  const ports = useQuery(portsQuery()).data ?? [];
  const [making, setMaking] = useState(false);
  const [leaving, setLeaving] = useState<Project | null>(null);
  const columns: ColumnDef<Project>[] = [
    { header: "Project", accessorKey: "name" },
    { header: "Networks", accessorFn: (one) => networks.filter((net) => net.project_id === one.id).length },
    { header: "Endpoints", accessorFn: (one) => ports.filter((port) => port.project_id === one.id).length },
    { header: "Description", accessorKey: "description" },
    {
      id: "actions",
      header: "",
      enableSorting: false,
      cell: ({ row: { original: one } }) => (
        <button type="button" onClick={() => setLeaving(one)}>
          Delete<span className="hidden"> {one.name}</span>
        </button>
      ),
    },
  ];
  return (
    <>
      <h1>Projects</h1>
      <p>
        <button type="button" className="primary" onClick={() => setMaking(true)}>
          <Icon name="plus" /> New project
        </button>
      </p>
      <Table caption="Projects" rows={projects} columns={columns} empty={<p>There is no project.</p>} />
      {making && <CreateDialog onClose={() => setMaking(false)} />}
      {leaving !== null && (
        <DeleteDialog
          what={`project ${leaving.name}`}
          onClose={() => setLeaving(null)}
          send={() =>
            api.DELETE("/api/v1/projects/{reference}", { params: { path: { reference: leaving.id } } })
          }
        />
      )}
    </>
  );
}

function CreateDialog({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  return (
    <Dialog title="New project" onClose={onClose}>
      <Form
        action="Create"
        onDone={onClose}
        send={async () => {
          await api.POST("/api/v1/projects", { body: { name } });
        }}
      >
        {(problem) => (
          <Field label="Name" name="name" problem={problem}>
            {(attributes) => (
              <input {...attributes} value={name} onChange={(event) => setName(event.target.value)} />
            )}
          </Field>
        )}
      </Form>
    </Dialog>
  );
}
